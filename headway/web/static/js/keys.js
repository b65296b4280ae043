// Shortcuts, declared where they act: data-key="G B", data-key="n" or data-key="Ctrl Enter" on a link, button or field.
// `?` lists what the page declares. But for Ctrl Enter they act outside fields only; those without Ctrl can be switched off.
import { openDialog } from "./dialog.js";
import { remember } from "./theme.js";

const SEQUENCE_WAITS = 1200;
const declared = new Set();
let waiting = "";
let timer;

// Give a key to a function, for what is no link or button; returns how to take it back.
export function declare(keys, label, run, group = "") {
  const entry = { keys, label, run, group };
  declared.add(entry);
  return () => declared.delete(entry);
}

export function mount(dialog) {
  const onKey = (event) => press(event, dialog);
  document.addEventListener("keydown", onKey);
  const knob = dialog.querySelector("[data-keys-switch]");
  knob.addEventListener("change", () => setSingleLetters(knob.checked));
  return () => document.removeEventListener("keydown", onKey);
}

export function setSingleLetters(areOn) {
  if (areOn) delete document.documentElement.dataset.keys;
  else document.documentElement.dataset.keys = "off";
  remember("keys", areOn ? "" : "off");
}

function press(event, dialog) {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.metaKey) return;
  if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const withControl = event.ctrlKey;
  if (withControl && event.shiftKey) return;
  const name = event.key.toLowerCase();
  const isBusy = isWriting(event.target) || document.querySelector("dialog[open]:modal");
  if (withControl ? isBusy && name !== "enter" : isBusy || areOff()) return;
  if (!withControl && name === "?") {
    event.preventDefault();
    list(dialog);
    openDialog(dialog);
    return;
  }
  const pressed = withControl ? `ctrl ${name}` : waiting ? `${waiting} ${name}` : name;
  const match = find(pressed);
  clearTimeout(timer);
  waiting = "";
  if (match) {
    event.preventDefault();
    match.run();
  } else if (!withControl && all().some((entry) => entry.keys.toLowerCase().startsWith(`${pressed} `))) {
    waiting = pressed;
    timer = setTimeout(() => { waiting = ""; }, SEQUENCE_WAITS);
  }
}

function find(pressed) {
  const matches = all().filter((entry) => entry.keys.toLowerCase() === pressed);
  const row = document.activeElement?.closest("[data-row]") ?? document.querySelector("[data-row][data-current]");
  // A key on every row means the row in hand; none in hand: the one that belongs to no row.
  return matches.find((entry) => row && entry.element && row.contains(entry.element))
    ?? matches.find((entry) => !entry.element?.closest("[data-row]"));
}

// What the page offers: declared by scripts, and drawn with data-key (the palette lists it too).
export function all() {
  const drawn = [...document.querySelectorAll("[data-key]")].filter((element) => isThere(element));
  return [...declared, ...drawn.map((element) => ({
    element,
    keys: element.dataset.key,
    label: element.dataset.keyLabel || labelOf(element),
    group: element.dataset.keyGroup || "",
    run: () => act(element),
  }))];
}

export function act(element) {
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) element.focus();
  else element.click();
}

export function isThere(element) {
  return !element.disabled && !element.closest("[hidden], dialog:not([open])");
}

export function labelOf(element) {
  if (element.getAttribute("aria-label")) return element.getAttribute("aria-label");
  const copy = element.cloneNode(true);
  for (const part of copy.querySelectorAll("kbd, svg")) part.remove();
  return copy.textContent.trim().replaceAll(/\s+/g, " ");
}

function isWriting(target) {
  return target.isContentEditable
    || target.matches?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=range]), textarea, select");
}

function areOff() {
  return document.documentElement.dataset.keys === "off";
}

function list(dialog) {
  const place = dialog.querySelector("[data-keys-list]");
  const { thisPage, anywhere, theseKeys, back } = place.dataset;
  const groups = new Map([[thisPage, []], [anywhere, []]]);
  const seen = new Set();
  for (const { keys, label, group } of [...all(), { keys: "?", label: theseKeys, group: anywhere }, { keys: "Esc", label: back, group: anywhere }]) {
    const name = group || thisPage;
    if (seen.has(`${name} ${keys}`)) continue;
    seen.add(`${name} ${keys}`);
    groups.set(name, [...(groups.get(name) ?? []), { keys, label }]);
  }
  place.replaceChildren(...[...groups].filter(([, entries]) => entries.length).map(([name, entries]) => section(name, entries)));
}

function section(name, entries) {
  const made = document.createElement("section");
  made.append(Object.assign(document.createElement("h3"), { textContent: name }));
  const rows = document.createElement("ul");
  for (const { keys, label } of entries) {
    const row = document.createElement("li");
    row.append(Object.assign(document.createElement("span"), { textContent: label }));
    for (const one of keys.startsWith("Ctrl") ? [keys] : keys.split(" ")) {
      const key = Object.assign(document.createElement("kbd"), { textContent: one.length === 1 ? one.toUpperCase() : one });
      key.dataset.always = "";
      row.append(key);
    }
    rows.append(row);
  }
  made.append(rows);
  return made;
}
