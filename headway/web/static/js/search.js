// The arrows go through what was found while the focus stays in the field; Enter opens it. The address follows the words.

export function mount(form) {
  const field = form.querySelector("input[type=search]");
  const results = document.querySelector(form.getAttribute("hx-target"));
  const onKey = (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      choose(results, field, step);
    } else if (event.key === "Enter") {
      const chosen = results.querySelector("[aria-selected=true]");
      if (!chosen) return;
      event.preventDefault();
      chosen.click();
    }
  };
  const onResults = () => {
    const address = new URL(window.location.href);
    if (field.value) address.searchParams.set("q", field.value);
    else address.searchParams.delete("q");
    window.history.replaceState(window.history.state, "", address);
    field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-expanded", String(options(results).length > 0));
    for (const option of options(results)) option.setAttribute("aria-selected", "false");
    if (field.value) choose(results, field, 1);
  };
  field.addEventListener("keydown", onKey);
  results.addEventListener("htmx:afterSwap", onResults);
  // The cursor goes behind what was typed before.
  field.setSelectionRange(field.value.length, field.value.length);
  return () => {
    field.removeEventListener("keydown", onKey);
    results.removeEventListener("htmx:afterSwap", onResults);
  };
}

function choose(results, field, step) {
  const all = options(results);
  if (!all.length) return;
  const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : (here + step + all.length) % all.length;
  for (const [place, option] of all.entries()) option.setAttribute("aria-selected", String(place === next));
  field.setAttribute("aria-activedescendant", all[next].id);
  all[next].scrollIntoView({ block: "nearest" });
}

function options(results) {
  return [...results.querySelectorAll("[role=option]")];
}
