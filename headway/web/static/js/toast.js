// Notes at the corner: those that came with the page, and those that an htmx answer carries (HX-Trigger: toasts).
// Ctrl Z takes back what the newest one tells: by Tab alone nobody reaches it before it leaves.
import { declare } from "./keys.js";

const STAYS = 8000;

export function mount(region) {
  for (const note of region.querySelectorAll("[data-toast]")) live(note);
  const onToasts = (event) => {
    for (const note of event.detail.value ?? event.detail) show(region, note);
  };
  const onFailed = (event) => {
    const request = event.detail.xhr;
    if (request?.getResponseHeader("HX-Trigger")?.includes("toasts")) return;
    show(region, { message: request?.status === 403 ? region.dataset.refused : region.dataset.failed, tone: "bad" });
  };
  const withdraw = declare("Ctrl Z", region.dataset.undo, () => undos(region).at(-1)?.click(), region.dataset.anywhere);
  const failures = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];
  document.body.addEventListener("toasts", onToasts);
  for (const name of failures) document.body.addEventListener(name, onFailed);
  return () => {
    withdraw();
    document.body.removeEventListener("toasts", onToasts);
    for (const name of failures) document.body.removeEventListener(name, onFailed);
  };
}

function undos(region) {
  return [...region.querySelectorAll("[data-toast]:not([data-tone=bad]) .undo")];
}

function show(region, { message, undo = "", tone = "", again = null }) {
  const note = region.querySelector("template").content.firstElementChild.cloneNode(true);
  note.querySelector("span").textContent = message;
  if (tone) note.dataset.tone = tone;
  const form = note.querySelector("form");
  if (undo) form.action = undo;
  else if (again) sendAgain(form, again);
  else form.remove();
  region.append(note);
  live(note);
}

// What was refused because somebody else was faster, done nonetheless.
function sendAgain(form, { label, address, fields }) {
  form.action = address;
  for (const [name, value] of fields) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  form.querySelector(".undo").textContent = label;
}

// A note leaves by itself, but not while somebody points at it or has the focus in it, and never a bad one.
function live(note) {
  const close = () => note.remove();
  note.querySelector("[data-close]").addEventListener("click", close);
  if (note.dataset.tone === "bad") return;
  let timer = setTimeout(close, STAYS);
  const hold = () => clearTimeout(timer);
  const release = () => { timer = setTimeout(close, STAYS); };
  for (const name of ["pointerenter", "focusin"]) note.addEventListener(name, hold);
  for (const name of ["pointerleave", "focusout"]) note.addEventListener(name, release);
}
