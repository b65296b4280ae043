// Opens the palette at once, and fetches what is in it when somebody reaches for it: most page views never do.
// A hand on Ctrl (⌘) or a pointer over the search is enough; a browser that has used the palette fetches it when idle.
import { declare } from "./keys.js";
import { openDialog } from "./dialog.js";

export function mount(dialog) {
  const field = dialog.querySelector("input");
  const told = dialog.querySelector("[data-told]");
  const storage = `headway.lately.${dialog.dataset.owner}`;
  let palette;
  let coming;
  // Keys that came before the palette did.
  let early = [];

  const fetchIt = () => {
    // Both at once: the one imports the other.
    coming ??= Promise.all([import("./palette.js"), import("./fuzzy.js")])
      .then(([module]) => module.fetchPalette(dialog, storage))
      .then((fetched) => { palette = fetched; })
      .catch(() => { coming = undefined; });
    return coming;
  };

  const open = async () => {
    const from = document.activeElement;
    field.value = "";
    early = [];
    openDialog(dialog);
    field.focus();
    if (!palette) {
      told.textContent = dialog.dataset.waiting;
      told.hidden = false;
      await fetchIt();
    }
    if (!palette || !dialog.open) return;
    palette.show(from);
    for (const event of early) palette.onKey(event);
    early = [];
  };

  const onKey = (event) => {
    if (event.key === "Control" || event.key === "Meta") fetchIt();
    if (event.key.toLowerCase() !== "k" || event.ctrlKey === event.metaKey || event.altKey || event.shiftKey || event.isComposing) return;
    if (dialog.open) {
      event.preventDefault();
      event.stopPropagation();
      dialog.close();
    } else if (!document.querySelector("dialog[open]:modal")) {
      event.preventDefault();
      open();
    }
  };
  const onEarly = (event) => { if (!palette && event.key === "Enter") early.push(event); };
  const onPoint = (event) => { if (event.target.closest?.("[data-palette]")) fetchIt(); };
  const onClick = (event) => {
    const opener = event.target.closest?.("[data-palette]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open();
  };
  const onSubmit = (event) => {
    if (event.target.getAttribute("action") === dialog.dataset.signOut) localStorage.removeItem(storage);
  };

  // Before keys.js, and in fields too.
  document.addEventListener("keydown", onKey, { capture: true });
  document.addEventListener("pointerover", onPoint);
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  field.addEventListener("keydown", onEarly);
  const withdraw = declare("/", dialog.dataset.searchLabel, () => { location.href = dialog.dataset.search; }, dialog.dataset.anywhere);
  if (hasBeenUsed(storage)) whenIdle(fetchIt);
  return () => {
    document.removeEventListener("keydown", onKey, { capture: true });
    document.removeEventListener("pointerover", onPoint);
    document.removeEventListener("click", onClick);
    document.removeEventListener("submit", onSubmit);
    withdraw();
  };
}

function hasBeenUsed(storage) {
  try {
    return localStorage.getItem(storage) !== null;
  } catch {
    return false;
  }
}

function whenIdle(run) {
  if ("requestIdleCallback" in window) requestIdleCallback(run, { timeout: 1500 });
  else setTimeout(run, 300);
}
