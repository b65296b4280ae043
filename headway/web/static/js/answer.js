// The dialog that asks and answers: opens when something was put into it, closes when something was changed.
import { openDialog } from "./dialog.js";

export function mount(dialog) {
  const open = (event) => {
    if (event.target === dialog && dialog.childElementCount) openDialog(dialog);
  };
  const close = () => { if (dialog.open) dialog.close(); };
  const empty = () => dialog.replaceChildren();
  dialog.addEventListener("htmx:afterSwap", open);
  dialog.addEventListener("close", empty);
  document.body.addEventListener("value-changed", close);
  return () => document.body.removeEventListener("value-changed", close);
}
