// <details class="menu">: closes on Escape, on a click elsewhere and when the focus leaves; arrows go through it.
// Inside .scroll it would be cut off, so there it is lifted to the top layer, under its summary.

const GAP = 4;

export function mount(menu) {
  const pop = menu.querySelector(".pop");
  const summary = menu.querySelector("summary");
  const isCutOff = menu.closest(".scroll") !== null;
  const onToggle = () => {
    if (!isCutOff) return;
    if (menu.open) lift(pop, summary);
    else if (pop.matches(":popover-open")) pop.hidePopover();
  };
  const onKey = (event) => {
    if (!menu.open) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      menu.open = false;
      summary.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const entries = [...pop.querySelectorAll(":is(a, button, input:not([type=hidden])):not([disabled])")];
    const here = entries.indexOf(document.activeElement);
    entries[(here + step + entries.length) % entries.length]?.focus();
  };
  const leave = (event) => {
    if (menu.open && event.relatedTarget !== null && !menu.contains(event.relatedTarget ?? event.target)) menu.open = false;
  };
  const onScroll = () => { if (menu.open && isCutOff) menu.open = false; };
  menu.addEventListener("toggle", onToggle);
  menu.addEventListener("keydown", onKey);
  menu.addEventListener("focusout", leave);
  document.addEventListener("pointerdown", leave);
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });
  return () => {
    document.removeEventListener("pointerdown", leave);
    document.removeEventListener("scroll", onScroll, { capture: true });
  };
}

function lift(pop, summary) {
  pop.popover = "manual";
  pop.showPopover();
  const at = summary.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = pop;
  const fitsBelow = at.bottom + GAP + height <= innerHeight;
  const start = pop.classList.contains("end") ? at.right - width : at.left;
  pop.style.left = `${Math.max(GAP, Math.min(start, innerWidth - width - GAP))}px`;
  pop.style.top = `${fitsBelow ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
}
