// A link whose answer opens in the page's one dialog: <a href data-behaviour="ask">. Without this module, or on a page
// without that dialog, the link leads to the same thing as a page of its own. And the dialog itself ("answer").
import { openDialog } from "./dialog.js";

export function mount(element) {
  return element.localName === "dialog" ? answer(element) : follow(element);
}

function follow(link) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button > 0) return;
    if (ask(link.href)) event.preventDefault();
  };
  link.addEventListener("click", open);
  return () => link.removeEventListener("click", open);
}

// Returns whether there is a dialog to answer in.
export function ask(address) {
  const dialog = document.querySelector("dialog[data-answer]");
  if (!dialog) return false;
  window.htmx.ajax("GET", address, { target: dialog, swap: "innerHTML" });
  return true;
}

// The dialog that asks and answers: opens when something was put into it, closes when something was changed.
function answer(dialog) {
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
