// A link whose answer opens in the page's one dialog: <a href data-behaviour="ask">. Without this module, or on a page
// without that dialog, the link leads to the same thing as a page of its own.

export function mount(link) {
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
