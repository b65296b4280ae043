// What the palette (Ctrl K, ⌘ K) shows: actions, places and what a search finds, in one list. Actions and places come
// once per browser and hour; typing asks the server for the rest, and what was asked before is called off.
import { act, all, isThere, labelOf } from "./keys.js";
import { fit, folded } from "./fuzzy.js";

const WAITS = 70;
const MOST_RECENT = 6;
const SHOWN = { empty: 7, typed: 7 };
const MOVES = new Set(["j", "k", "[", "]", "ctrl k", "ctrl z", "?", "/"]);

// Resolves to a palette that has its entries, or has tried to. storage: under which name this browser keeps what this
// person used lately.
export async function fetchPalette(dialog, storage) {
  const palette = new Palette(dialog, storage);
  await palette.load();
  palette.listen();
  return palette;
}

class Palette {
  constructor(dialog, storage) {
    this.dialog = dialog;
    this.storage = storage;
    this.texts = dialog.dataset;
    this.field = dialog.querySelector("input");
    this.list = dialog.querySelector("[role=listbox]");
    this.told = dialog.querySelector("[data-told]");
    this.said = dialog.querySelector("[data-said]");
    this.entries = [];
    this.icons = {};
    this.found = { groups: [], instead: "", query: "" };
  }

  listen() {
    this.field.addEventListener("input", () => this.onInput());
    this.field.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("click", (event) => this.onPick(event));
    this.list.addEventListener("pointermove", (event) => this.onPoint(event));
    // The field keeps the focus while the pointer chooses.
    this.list.addEventListener("pointerdown", (event) => { if (event.button === 0) event.preventDefault(); });
    this.dialog.addEventListener("close", () => this.callOff());
  }

  async load() {
    this.loading ??= fetch(this.texts.list, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
      .then(({ entries, icons }) => {
        Object.assign(this, { entries, icons });
        if (this.here) this.draw();
      })
      .catch(() => { this.loading = undefined; });
    return this.loading;
  }

  // The dialog has just been opened; from: what had the focus. Something may be typed already.
  show(from) {
    this.row = from?.closest("[data-row]") ?? document.querySelector("[data-row][data-current]");
    this.here = this.ofPage();
    this.found = { groups: [], instead: "", query: "" };
    this.onInput();
    this.load();
  }

  onInput() {
    this.chosen = undefined;
    this.callOff();
    const query = this.query;
    if (!query) this.found = { groups: [], instead: "", query: "" };
    else if (!this.onlyActions) this.ask(query);
    this.draw();
  }

  get onlyActions() {
    return this.field.value.trimStart().startsWith(">");
  }

  get query() {
    return this.field.value.trim().replace(/^>\s*/, "");
  }

  ask(query) {
    const controller = new AbortController();
    this.asking = controller;
    this.timer = setTimeout(async () => {
      try {
        const answer = await fetch(`${this.texts.found}?q=${encodeURIComponent(query)}`, { signal: controller.signal });
        if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
        this.found = { ...await answer.json(), query };
      } catch {
        if (controller.signal.aborted) return;
        this.found = { groups: [], instead: "", query, hasFailed: true };
      }
      if (this.asking !== controller) return;
      this.asking = undefined;
      this.draw();
      if (this.isAwaited) this.run(this.selected, this.isAwaited);
    }, WAITS);
  }

  callOff() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = undefined;
    this.isAwaited = undefined;
  }

  // What to show

  draw() {
    const query = this.query;
    const groups = query ? this.forQuery(query) : this.forNothing();
    this.list.replaceChildren(...groups.filter((group) => group.options.length).map((group) => this.group(group)));
    const options = this.options;
    for (const [place, option] of options.entries()) option.id = `palette-${place}`;
    this.select(options.find((option) => option.dataset.id === this.chosen) ?? options[0]);
    this.field.setAttribute("aria-expanded", String(options.length > 0));
    this.tell(query, options.length);
  }

  tell(query, count) {
    const told = this.found.hasFailed ? this.texts.failed : count ? "" : this.asking ? this.texts.waiting : this.texts.nothing;
    this.told.textContent = told;
    this.told.hidden = !told;
    clearTimeout(this.telling);
    // A reader hears how many there are when the fingers rest.
    this.telling = setTimeout(() => {
      this.said.textContent = told || this.texts.count.replace("{count}", count);
    }, 400);
  }

  forNothing() {
    const recent = this.onlyActions ? [] : this.recent().map((one) => this.remembered(one)).filter(Boolean);
    const known = new Set(recent.map((one) => one.id));
    const near = this.entries.filter((entry) => !known.has(entry.id) && (!entry.where || entry.where === this.nearest));
    return [
      { name: this.texts.recent, options: recent },
      { name: this.texts.here, options: this.here.slice(0, this.onlyActions ? 20 : SHOWN.empty) },
      { name: this.texts.do, options: near.filter((entry) => entry.does).slice(0, this.onlyActions ? 50 : SHOWN.empty) },
      { name: this.texts.go, options: this.onlyActions ? [] : near.filter((entry) => !entry.does).slice(0, 12) },
    ];
  }

  forQuery(query) {
    const lately = new Map(this.recent().map((one, place) => [one.id, 12 - 2 * place]));
    const fits = (entries) => entries
      .map((entry, place) => ({ entry, place, ...fit(query, entry) }))
      .filter((one) => one.score !== undefined)
      .map((one) => ({ ...one, score: one.score + (lately.get(one.entry.id) ?? 0) }))
      .sort((one, other) => other.score - one.score || one.place - other.place);
    const local = [...fits(this.here), ...fits(this.entries)];
    const shown = (test, most = SHOWN.typed) => local.filter((one) => test(one.entry)).slice(0, most)
      .map(({ entry, marks }) => ({ ...entry, marks }));
    const actions = [
      { name: this.texts.here, options: shown((entry) => entry.run) },
      { name: this.texts.do, options: shown((entry) => entry.does) },
    ];
    if (this.onlyActions) return actions;
    const places = { name: this.texts.go, options: shown((entry) => !entry.does && !entry.run) };
    const found = this.found.groups.map((group) => ({
      name: this.found.instead ? `${group.name}, ${this.texts.instead.replace("{text}", this.found.instead)}` : group.name,
      note: group.note,
      options: group.hits,
    }));
    const taker = this.entries.find((entry) => entry.takes);
    const last = [{ id: "all", text: this.texts.all.replace("{text}", query), href: `${this.texts.search}?q=${encodeURIComponent(query)}`, icon: "search" }];
    if (taker) last.push({ ...taker, id: "take", text: taker.takes.replace("{text}", query), href: `${taker.href}?title=${encodeURIComponent(query)}`, key: "" });
    // A key or a number means an item; and what fits a name by its beginning goes before what only has the letters.
    const isKey = /^(#?\d+|\p{L}[\p{L}\d]*[- ]\d+)$/u.test(query);
    const isSure = !isKey && (local[0]?.score ?? 0) >= 45;
    const mine = [...actions, places].sort((one, other) => rankOf(other, local) - rankOf(one, local));
    return [...(isSure ? [...mine, ...found] : [...found, ...mine]), { name: "", options: last }];
  }

  // The page's own actions: data-key and data-do, and the buttons of its head; of the rows, those of the one in hand.
  ofPage() {
    const found = new Map();
    const add = (label, run, key, where) => {
      const id = `here ${label}`;
      if (label && !found.has(id)) found.set(id, { id, text: label, run, key, where, icon: "arrow" });
    };
    for (const element of document.querySelectorAll("main :is([data-key], [data-do], .page-h :is(a, button).btn)")) {
      const row = element.closest("[data-row]");
      if (!isThere(element) || (row && row !== this.row) || element.closest("[inert]")) continue;
      add(element.dataset.do || element.dataset.keyLabel || labelOf(element), () => act(element), element.dataset.key, row ? titleOf(row) : "");
    }
    for (const { keys, label, run, group, element } of all()) {
      if (!element && !group && !MOVES.has(keys.toLowerCase())) add(label, run, keys, this.row ? titleOf(this.row) : "");
    }
    return [...found.values()];
  }

  get nearest() {
    return this.entries.find((entry) => entry.where)?.where;
  }

  // Drawing

  group({ name, note, options }) {
    const made = element("div", { role: "group" });
    if (name) {
      made.setAttribute("aria-label", name);
      const head = element("p", { className: "g" }, element("span", {}, name));
      head.setAttribute("aria-hidden", "true");
      if (note) head.append(element("span", { className: "push" }, note));
      made.append(head);
    }
    made.append(...options.map((option) => this.option(option)));
    return made;
  }

  option(option) {
    const isLink = option.href && !option.fields && !option.run;
    const made = element(isLink ? "a" : "div", { className: "o", tabIndex: -1 });
    if (isLink) made.href = option.href;
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", "false");
    made.dataset.id = option.id;
    made.option = option;
    made.append(...drawn(this.icons[option.icon] ?? this.icons.arrow));
    const name = element("span", { className: "name" });
    const number = option.number ?? (option.title ? option.key : "");
    if (number) name.append(element("span", { className: "id" }, number));
    name.append(...(option.title ?? marked(option.text, option.marks)).map(([text, isMatch]) => (isMatch ? element("mark", {}, text) : text)));
    const right = element("span", { className: "r" });
    for (const text of [option.note, option.where]) if (text) right.append(element("span", {}, text));
    if (option.key && !option.title) for (const key of option.key.startsWith("Ctrl") ? [option.key] : option.key.split(" ")) right.append(element("kbd", {}, key.length === 1 ? key.toUpperCase() : key));
    made.append(name, right);
    return made;
  }

  get options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  get selected() {
    return this.list.querySelector("[aria-selected=true]");
  }

  select(option) {
    this.selected?.setAttribute("aria-selected", "false");
    if (!option) {
      this.field.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    this.field.setAttribute("aria-activedescendant", option.id);
    const isFirst = option === this.list.querySelector("[role=option]");
    if (isFirst) this.list.scrollTop = 0;
    else option.scrollIntoView({ block: "nearest" });
  }

  // Keys and pointer

  onKey(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) {
      event.preventDefault();
      const options = this.options;
      const here = options.indexOf(this.selected);
      const next = Math.abs(step) === 1 ? (here + step + options.length) % options.length : Math.min(Math.max(here + step, 0), options.length - 1);
      this.choose(options[next]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const how = event.ctrlKey || event.metaKey ? "apart" : "here";
      // Nothing fits yet, or a key was typed: what the server finds is what is meant.
      const last = this.selected?.dataset.id;
      if (this.asking && (last === undefined || last === "all" || last === "take" || /\d/.test(this.query)) && !this.chosen) this.isAwaited = how;
      else this.run(this.selected, how);
    } else if (event.key === "Escape" && this.field.value && event.shiftKey) {
      this.field.value = "";
      this.onInput();
    }
  }

  choose(option) {
    if (!option) return;
    this.chosen = option.dataset.id;
    this.select(option);
  }

  onPoint(event) {
    const option = event.target.closest("[role=option]");
    if (option && option !== this.selected && (event.movementX || event.movementY)) {
      this.chosen = option.dataset.id;
      this.selected?.setAttribute("aria-selected", "false");
      option.setAttribute("aria-selected", "true");
      this.field.setAttribute("aria-activedescendant", option.id);
    }
  }

  onPick(event) {
    const option = event.target.closest("[role=option]");
    if (!option || event.button) return;
    event.preventDefault();
    this.run(option, event.ctrlKey || event.metaKey ? "apart" : "here");
  }

  run(element, how) {
    this.isAwaited = undefined;
    const option = element?.option;
    if (!option) return;
    this.remember(option);
    if (how === "apart" && option.href && !option.fields) {
      window.open(option.href, "_blank", "noopener");
      return;
    }
    this.dialog.close();
    if (option.run) option.run();
    else if (option.fields) send(option);
    else location.assign(option.href);
  }

  // What was used lately stays in this browser, until its person signs out.

  recent() {
    try {
      return JSON.parse(localStorage.getItem(this.storage) ?? "[]");
    } catch {
      return [];
    }
  }

  remember(option) {
    if (option.run || option.id === "all" || option.id === "take") return;
    const kept = option.title ? { id: option.id, text: option.title.map(([text]) => text).join(""), href: option.href, icon: option.icon, number: option.key, where: option.where } : { id: option.id };
    try {
      const others = this.recent().filter((one) => one.id !== option.id);
      localStorage.setItem(this.storage, JSON.stringify([kept, ...others].slice(0, MOST_RECENT)));
    } catch {
      // A browser that keeps nothing still jumps.
    }
  }

  // What is no longer offered is no longer shown.
  remembered(one) {
    return one.href ? one : this.entries.find((entry) => entry.id === one.id);
  }
}

function rankOf(group, local) {
  const ids = new Set(group.options.map((option) => option.id));
  return Math.max(0, ...local.filter((one) => ids.has(one.entry.id)).map((one) => one.score));
}

function titleOf(row) {
  return row.querySelector(".ttl, h3, a[href]")?.textContent.trim().slice(0, 60) ?? "";
}

function marked(text, marks) {
  if (!marks?.size || folded(text).length !== text.length) return [[text, false]];
  const parts = [];
  for (const [place, sign] of [...text].entries()) {
    const isMatch = marks.has(place);
    if (parts.length && parts.at(-1)[1] === isMatch) parts.at(-1)[0] += sign;
    else parts.push([sign, isMatch]);
  }
  return parts;
}

function send({ href, fields }) {
  const form = element("form", { method: "post", action: href, hidden: true });
  const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
  for (const [name, value] of Object.entries({ ...fields, csrfmiddlewaretoken: token })) form.append(element("input", { type: "hidden", name, value }));
  document.body.append(form);
  form.requestSubmit();
}

// Icons come as markup from the server: read into nodes, without running anything. Nothing for one that is not known.
function drawn(markup = "") {
  const read = new DOMParser().parseFromString(markup, "text/html");
  return [...read.body.childNodes].map((node) => document.importNode(node, true));
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
