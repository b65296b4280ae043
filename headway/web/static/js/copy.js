// Copies data-copy (or what the field or code beside it holds) and says so in its own place.

export function mount(button) {
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  let timer;
  const press = async () => {
    const beside = button.parentElement.querySelector("input, code");
    await write(button.dataset.copy || beside?.value || beside?.textContent || "", beside);
    label.textContent = button.dataset.done || before;
    clearTimeout(timer);
    timer = setTimeout(() => { label.textContent = before; }, 2000);
  };
  button.addEventListener("click", press);
  return () => button.removeEventListener("click", press);
}

// navigator.clipboard is there on https and localhost only; an address in the office's network has neither.
async function write(text, field) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const lent = field instanceof HTMLInputElement ? field : document.body.appendChild(document.createElement("textarea"));
  if (lent !== field) lent.value = text;
  lent.select();
  document.execCommand("copy");
  if (lent !== field) lent.remove();
}
