// A link or button that opens a dialog: data-behaviour="dialog" data-opens="css selector of the <dialog>".
// Without this module the link goes where its href says. Inside a dialog, [data-close] closes it.

export function mount(opener) {
  const open = (event) => {
    const dialog = document.querySelector(opener.dataset.opens);
    if (!dialog) return;
    event.preventDefault();
    openDialog(dialog);
  };
  opener.addEventListener("click", open);
  return () => opener.removeEventListener("click", open);
}

export function openDialog(dialog) {
  if (dialog.open) return;
  dialog.showModal();
  const onClick = (event) => {
    // A click on the backdrop hits the dialog itself, never what lies in it.
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  };
  dialog.addEventListener("click", onClick);
  dialog.addEventListener("close", () => dialog.removeEventListener("click", onClick), { once: true });
}
