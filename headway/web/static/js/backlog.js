// Rows of the value sheet: drag, Alt with an arrow, the keys of the row in hand, and ticking many.
// A drag in the sheet tries an order: the server says what it would be worth, nothing is saved. So does Alt Shift with
// an arrow. Alt with an arrow moves at once, but where an order is tried already.
import { ask } from "./ask.js";
import { declare } from "./keys.js";

let refocus = "";

export function mount(list) {
  const withdraw = declareKeys();
  const handlers = {
    keydown: (event) => step(event, list),
    dragstart: (event) => begin(event, list),
    dragover: (event) => hover(event, list),
    dragleave: (event) => unmark(list, event.relatedTarget),
    drop: (event) => drop(event, list),
    dragend: () => unmark(list),
    click: (event) => tickRange(event, list),
  };
  for (const [name, handler] of Object.entries(handlers)) list.addEventListener(name, handler);
  const table = list.closest("table");
  const all = table.querySelector("[data-all]");
  const tickAll = () => { for (const box of boxes(list)) box.checked = all.checked; };
  all?.addEventListener("change", tickAll);
  document.body.addEventListener("htmx:afterSettle", focusAgain);
  return () => {
    withdraw.forEach((take) => take());
    document.body.removeEventListener("htmx:afterSettle", focusAgain);
  };
}

function declareKeys() {
  return [...document.querySelectorAll("[data-row-keys] [data-key-name]")].map((line) => {
    const { keyName, does } = line.dataset;
    return declare(keyName, line.textContent.trim(), () => act(keyName, does));
  });
}

function act(name, does) {
  const row = inHand();
  if (!row) return;
  if (name === "x") row.querySelector("[name=item]")?.click();
  else if (!ask(row.dataset.address + does)) location.assign(row.dataset.address + does);
}

function inHand() {
  return document.activeElement?.closest("[data-row]") ?? document.querySelector("[data-row][data-current]");
}

// Alt with an arrow moves the row in hand by one.
function step(event, list) {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const tries = "order" in list.dataset && (event.shiftKey || "isTried" in list.dataset);
  if (!tries && !("canOrder" in list.dataset)) return;
  const row = event.target.closest("[data-row]");
  const rows = [...list.querySelectorAll("[data-row]")];
  const up = event.key === "ArrowUp";
  const other = rows[rows.indexOf(row) + (up ? -1 : 1)];
  event.preventDefault();
  if (row && other) (tries ? tryOut : put)(row, other, up ? "before" : "after", list);
}

// Show the sheet as it would be. Its address says so too: it can be loaded again, and sent to somebody.
function tryOut(row, other, side, list) {
  const order = list.dataset.order.split(".").filter((number) => number !== row.dataset.number);
  order.splice(order.indexOf(other.dataset.number) + (side === "after" ? 1 : 0), 0, row.dataset.number);
  const address = list.dataset.try + order.join(".");
  refocus = row.id;
  window.htmx.ajax("GET", address, { source: list, target: "#sheet", swap: "morph:outerHTML" })
    .then(() => history.replaceState(history.state, "", address));
}

function put(row, other, side, list) {
  refocus = row.id;
  window.htmx.ajax("POST", `${row.dataset.address}rank/`, {
    source: list,
    swap: "none",
    values: { [side]: other.dataset.number },
  });
}

function focusAgain() {
  const row = refocus && document.getElementById(refocus);
  if (row && document.activeElement !== row) row.focus();
}

let held;

function begin(event, list) {
  const row = event.target.closest?.("[data-row]");
  if (!row?.draggable) return;
  held = row;
  refocus = "";
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", row.dataset.number);
}

function hover(event, list) {
  const row = event.target.closest("[data-row]");
  if (!held || !row || !list.contains(row)) return;
  event.preventDefault();
  unmark(list);
  if (row !== held) row.dataset.over = sideOf(event, row);
}

function drop(event, list) {
  const row = event.target.closest("[data-row]");
  unmark(list);
  if (held && row && row !== held) {
    event.preventDefault();
    ("order" in list.dataset ? tryOut : put)(held, row, sideOf(event, row), list);
  }
  held = undefined;
}

function sideOf(event, row) {
  const box = row.getBoundingClientRect();
  return event.clientY < box.top + box.height / 2 ? "before" : "after";
}

function unmark(list, goesTo) {
  if (goesTo && list.contains(goesTo)) return;
  for (const row of list.querySelectorAll("[data-over]")) delete row.dataset.over;
}

let lastTicked;

// With Shift a tick goes for all between this and the last one.
function tickRange(event, list) {
  const box = event.target.closest("input[name=item]");
  if (!box) return;
  const all = boxes(list);
  const [from, to] = [all.indexOf(lastTicked), all.indexOf(box)].sort((one, other) => one - other);
  if (event.shiftKey && from >= 0) for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  lastTicked = box;
}

function boxes(list) {
  return [...list.querySelectorAll("input[name=item]")];
}
