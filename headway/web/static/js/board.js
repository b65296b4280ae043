// Cards of the board: dragged with a pointer, or moved by keys: [ and ] to the column beside, Alt with an arrow up and
// down in the order. A card goes at once; the server answers with the lanes as they are now, or the lanes are asked for.
import { declare } from "./keys.js";

const BEGINS_AFTER = 6; // pixels: less is a click
const EDGE = 48; // pixels from the window's edge, where it scrolls

export function mount(board) {
  if (!("canMove" in board.dataset)) return undefined;
  const withdraw = [
    declare("[", board.dataset.left, () => toSide(board, -1)),
    declare("]", board.dataset.right, () => toSide(board, 1)),
  ];
  const onKey = (event) => inOrder(event, board);
  const onDown = (event) => pickUp(event, board);
  const noNativeDrag = (event) => event.preventDefault();
  board.addEventListener("keydown", onKey);
  board.addEventListener("pointerdown", onDown);
  board.addEventListener("dragstart", noNativeDrag);
  return () => {
    for (const take of withdraw) take();
    board.removeEventListener("keydown", onKey);
    board.removeEventListener("pointerdown", onDown);
    board.removeEventListener("dragstart", noNativeDrag);
  };
}

// By keys

function toSide(board, by) {
  const card = inHand(board);
  if (!card) return;
  const lanes = [...board.querySelectorAll(".lane")];
  const lane = lanes[lanes.indexOf(card.closest(".lane")) + by];
  if (lane) move(board, card, lane, null);
}

function inOrder(event, board) {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const card = event.target.closest(".card");
  if (!card || !mayOrder(board, card.closest(".lane"))) return;
  event.preventDefault();
  const cards = cardsOf(card.closest(".lane"));
  const there = cards.indexOf(card) + (event.key === "ArrowUp" ? -1 : 1);
  if (there < 0 || there >= cards.length) return;
  const next = event.key === "ArrowUp" ? cards[there] : cards[there + 1] ?? null;
  move(board, card, card.closest(".lane"), next, { ordered: true });
}

function inHand(board) {
  const card = document.activeElement?.closest(".card") ?? document.querySelector(".card[data-current]");
  return card && board.contains(card) ? card : null;
}

// With a pointer

function pickUp(event, board) {
  const card = event.target.closest(".card");
  // A finger scrolls; it has the menu on the card.
  if (!card || event.button !== 0 || event.pointerType === "touch" || event.target.closest("button, summary, .pop, input, select")) return;
  const start = { x: event.clientX, y: event.clientY };
  let over = null;

  const onMove = (moved) => {
    if (!("dragging" in card.dataset)) {
      if (Math.hypot(moved.clientX - start.x, moved.clientY - start.y) < BEGINS_AFTER) return;
      card.dataset.dragging = "";
      board.dataset.dragging = "";
    }
    moved.preventDefault();
    card.style.translate = `${moved.clientX - start.x}px ${moved.clientY - start.y}px`;
    over = laneAt(board, moved.clientX, moved.clientY);
    for (const lane of board.querySelectorAll(".lane")) lane.toggleAttribute("data-over", lane === over);
    mark(board, over, over && mayOrder(board, over) ? nextAt(over, card, moved.clientY) : undefined);
    scrollAtEdge(moved.clientY);
  };
  const finish = (isDrop, at) => {
    window.removeEventListener("pointermove", onMove);
    window.removeEventListener("pointerup", onUp);
    window.removeEventListener("pointercancel", onCancel);
    window.removeEventListener("keydown", onEscape, true);
    const wasDragged = "dragging" in card.dataset;
    delete card.dataset.dragging;
    delete board.dataset.dragging;
    card.style.translate = "";
    for (const lane of board.querySelectorAll("[data-over]")) lane.removeAttribute("data-over");
    mark(board, null);
    if (!wasDragged) return;
    // The click that follows a drag is no click on the title.
    window.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 0);
    if (isDrop && over) drop(board, card, over, at);
  };
  const onUp = (up) => finish(true, up.clientY);
  const onCancel = () => finish(false);
  const onEscape = (key) => {
    if (key.key !== "Escape") return;
    key.preventDefault();
    finish(false);
  };
  window.addEventListener("pointermove", onMove);
  window.addEventListener("pointerup", onUp);
  window.addEventListener("pointercancel", onCancel);
  window.addEventListener("keydown", onEscape, true);
}

function drop(board, card, lane, y) {
  const ordered = mayOrder(board, lane);
  const next = ordered ? nextAt(lane, card, y) : null;
  if (lane === card.closest(".lane") && (!ordered || next === nextOf(card))) return;
  move(board, card, lane, next, { ordered });
}

function swallow(event) {
  event.preventDefault();
  event.stopPropagation();
}

function laneAt(board, x, y) {
  const lane = document.elementFromPoint(x, y)?.closest(".lane");
  return lane && board.contains(lane) ? lane : null;
}

// The card that the dragged one would stand before; null at the end.
function nextAt(lane, card, y) {
  return cardsOf(lane).find((other) => {
    const box = other.getBoundingClientRect();
    return other !== card && y < box.top + box.height / 2;
  }) ?? null;
}

function mark(board, lane, next) {
  board.querySelector(".drop-line")?.remove();
  if (!lane || next === undefined) return;
  const line = Object.assign(document.createElement("i"), { className: "drop-line" });
  lane.insertBefore(line, next ?? lastOf(lane)?.nextSibling ?? null);
}

function scrollAtEdge(y) {
  if (y < EDGE) window.scrollBy(0, -12);
  else if (y > window.innerHeight - EDGE) window.scrollBy(0, 12);
}

// What both do

// Put the card before `next` (null: at the end) and tell the server.
async function move(board, card, lane, next, { ordered = false } = {}) {
  const values = { column: lane.dataset.column, from: card.closest(".lane").dataset.column };
  const previous = lastOf(lane, card);
  if (ordered && next) values.before = next.dataset.number;
  else if (ordered && previous) values.after = previous.dataset.number;
  const origin = { lane: card.closest(".lane"), next: card.nextSibling };
  lane.insertBefore(card, next ?? previous?.nextSibling ?? lane.querySelector("header").nextSibling);
  focus(card);
  const failed = () => { reload(board); };
  // Nobody has heard of it: it stands where it stood, and a note says so.
  const unsent = () => { origin.lane.insertBefore(card, origin.next?.parentNode === origin.lane ? origin.next : null); };
  board.addEventListener("htmx:responseError", failed, { once: true });
  board.addEventListener("htmx:sendError", unsent, { once: true });
  try {
    await window.htmx.ajax("POST", card.dataset.move, { source: board, swap: "none", values });
  } finally {
    board.removeEventListener("htmx:responseError", failed);
    board.removeEventListener("htmx:sendError", unsent);
  }
  focus(document.getElementById(card.id));
}

function reload(board) {
  window.htmx.ajax("GET", window.location.href, { target: board, swap: "morph:outerHTML" });
}

function focus(card) {
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
}

function mayOrder(board, lane) {
  return "canOrder" in board.dataset && lane.dataset.category !== "done";
}

function cardsOf(lane) {
  return [...lane.querySelectorAll(":scope > .card")];
}

function lastOf(lane, except) {
  return cardsOf(lane).filter((card) => card !== except).at(-1);
}

function nextOf(card) {
  const next = card.nextElementSibling;
  return next?.matches(".card") ? next : null;
}
