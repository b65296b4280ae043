// The linking page keeps the focus in hand when the next item takes the place of the last one.

export function mount(page) {
  if (!page.contains(document.activeElement) && document.activeElement === document.body) {
    // Never a field: the keys of the page must go on working.
    page.querySelector("button[name=key_result], [data-key=s]")?.focus({ preventScroll: true });
  }
}
