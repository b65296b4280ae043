// <details class="menu">: closes on Escape, on a click elsewhere and when the focus leaves; arrows go through it.

export function mount(menu) {
  const entries = () => [...menu.querySelectorAll(".pop :is(a, button, input):not([disabled])")];
  const close = () => { menu.open = false; };
  const onKey = (event) => {
    if (!menu.open) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
      menu.querySelector("summary").focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = entries();
    const here = all.indexOf(document.activeElement);
    all[(here + step + all.length) % all.length]?.focus();
  };
  const onPointer = (event) => { if (menu.open && !menu.contains(event.target)) close(); };
  const onFocusOut = (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) close(); };
  menu.addEventListener("keydown", onKey);
  menu.addEventListener("focusout", onFocusOut);
  document.addEventListener("pointerdown", onPointer);
  return () => document.removeEventListener("pointerdown", onPointer);
}
