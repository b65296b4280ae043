// J and K go through the rows of a list: data-behaviour="rows" around children with data-row (tabindex="-1").
// Enter on a row opens its first link. Several lists on a page count as one, in the order of the page.
import { declare } from "./keys.js";

export function mount(list) {
  const { next = "Next", previous = "Previous" } = list.dataset;
  const withdraw = [declare("j", next, () => step(1)), declare("k", previous, () => step(-1))];
  const onFocus = (event) => mark(event.target.closest("[data-row]"));
  const onKey = (event) => {
    if (event.key === "Enter" && event.target.matches("[data-row]")) event.target.querySelector("a[href]")?.click();
  };
  list.addEventListener("focusin", onFocus);
  list.addEventListener("keydown", onKey);
  return () => withdraw.forEach((take) => take());
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-behaviour~=rows] [data-row]")].filter((row) => row.offsetParent);
  const here = rows.indexOf(document.activeElement?.closest("[data-row]") ?? document.querySelector("[data-row][data-current]"));
  const row = rows[Math.min(Math.max(here + by, 0), rows.length - 1)];
  row?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

function mark(row) {
  for (const other of document.querySelectorAll("[data-row][data-current]")) if (other !== row) delete other.dataset.current;
  if (row) row.dataset.current = "";
}
