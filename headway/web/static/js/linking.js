// The linking page keeps the focus in hand when the next item takes the place of the last one.

export function mount(page) {
  if (!page.contains(document.activeElement) && document.activeElement === document.body) {
    page.querySelector("button[name=key_result], select")?.focus({ preventScroll: true });
  }
}
