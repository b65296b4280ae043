// What others do, on this page: one stream from the server, closed while nobody sees the page. It tells which region
// (data-live) changed, with its HTML; the region is morphed, so that focus, open menus, scroll and what was typed stay.
// A region in which somebody writes or drags waits until they are done.

const TOLD_AFTER = 4000; // ms without a stream before the page says so
const SILENCE = 30000; // ms without a sign of life: the server gives one every 12 s
const LATE = 2000; // ms after which the page asks for what it has changed itself
const LEAVES_AFTER = 3000; // ms hidden: a browser has few connections to one server
const LONGEST = 30000; // ms between two tries
const FRESH = 2500; // ms that a change is marked
const MOST_MARKS = 24; // more is no longer "this one changed"
const FACES = 5;
const BORDER = /\n(?=<(?:article|section|tr|li)\b)/; // between the pieces of a region: web/cuts.py

export function mount(bar) {
  const state = {
    bar, source: null, after: bar.dataset.after, regions: "", retry: 2000, tries: 0, isOver: false,
    numbers: new Map(), texts: new Map(), waiting: new Map(), timers: {}, isDragging: false,
    first: Number(bar.dataset.after), shown: new Map(), own: 0,
  };
  const on = (target, name, run, options) => {
    target.addEventListener(name, run, options);
    return () => target.removeEventListener(name, run, options);
  };
  const later = () => setTimeout(() => showWaiting(state));
  const drags = (isDragging) => () => { state.isDragging = isDragging; later(); };
  const stop = [
    on(document, "visibilitychange", () => onVisibility(state)),
    on(window, "pagehide", () => close(state)),
    on(window, "pageshow", (event) => { if (event.persisted) open(state); }),
    on(window, "offline", () => { close(state); missing(state); }),
    on(window, "online", () => { state.tries = 0; plan(state, jitter(300)); }),
    on(document, "focusout", later),
    on(document, "pointerup", later),
    on(document, "dragstart", drags(true), true),
    on(document, "dragend", drags(false), true),
    on(document, "htmx:afterRequest", later),
    on(document, "htmx:configRequest", (event) => saySeen(state, event.detail)),
    on(document.body, "value-changed", (event) => onOwn(state, event)),
    on(document, "htmx:afterSettle", () => { if (regions().join() !== state.regions) open(state); }),
    on(bar.querySelector("[data-show]"), "click", () => location.reload()),
  ];
  if (!document.hidden) open(state);
  return () => {
    for (const end of stop) end();
    close(state);
  };
}

// The stream

function open(state) {
  close(state);
  if (state.isOver || document.hidden) return;
  const names = regions();
  state.regions = names.join();
  const query = new URLSearchParams({ page: location.pathname, after: state.after });
  for (const name of names) query.append("r", name);
  const address = `${state.bar.dataset.stream}?${query}`;
  const source = new EventSource(address);
  state.source = source;
  const on = (name, run) => source.addEventListener(name, (event) => {
    alive(state);
    run(JSON.parse(event.data));
  });
  missing(state);
  on("hello", ({ retry }) => {
    state.retry = retry;
    state.tries = 0;
    state.own = 0;
    state.numbers.clear();
    state.texts.clear();
    found(state);
    state.bar.dataset.connected = "";
  });
  on("beat", (id) => {
    if (id > Number(state.after)) state.after = String(id);
    for (const name of regions()) if (!state.waiting.has(name)) sawUpTo(state, name, id);
  });
  on("part", (part) => take(state, part));
  on("here", (people) => showPeople(state, people));
  on("bye", ({ why }) => {
    close(state);
    // Rights may have changed with what we show: ask for all of it anew.
    if (why === "check") state.after = "";
    if (why === "many") missing(state);
    else plan(state, why === "check" ? jitter(300) : state.retry + jitter(500));
  });
  source.onerror = () => {
    const wasRefused = source.readyState === EventSource.CLOSED;
    close(state);
    missing(state);
    if (wasRefused) askWhy(state, address);
    else plan(state);
  };
}

function close(state) {
  delete state.bar.dataset.connected;
  state.source?.close();
  state.source = null;
  clearTimeout(state.timers.silence);
  clearTimeout(state.timers.again);
}

// Everybody lost the server at the same moment; nobody should come back at the same moment.
function plan(state, wait = Math.min(LONGEST, state.retry * 1.7 ** state.tries++) * (0.5 + Math.random())) {
  clearTimeout(state.timers.again);
  state.timers.again = setTimeout(() => open(state), wait);
}

function jitter(most) {
  return 30 + Math.random() * most;
}

// An EventSource does not say why it was refused.
async function askWhy(state, address) {
  const control = new AbortController();
  try {
    const { status, type } = await fetch(address, { signal: control.signal, redirect: "manual" });
    if (status === 401 || status === 403) {
      state.isOver = true;
      found(state);
      state.bar.querySelector("[data-out]").hidden = false;
      return;
    }
    // Led elsewhere: a second factor is asked for by now. To load the page leads there too.
    if (type === "opaqueredirect") {
      state.isOver = true;
      found(state);
      state.bar.querySelector("[data-stale]").hidden = regions().length === 0;
      return;
    }
  } catch {
    // No answer at all: try again below.
  } finally {
    control.abort();
  }
  plan(state);
}

function alive(state) {
  clearTimeout(state.timers.silence);
  state.timers.silence = setTimeout(() => { open(state); }, SILENCE);
}

function missing(state) {
  state.timers.told ??= setTimeout(() => {
    state.bar.querySelector("[data-cut]").hidden = false;
    showPeople(state, []);
  }, TOLD_AFTER);
}

function found(state) {
  clearTimeout(state.timers.told);
  state.timers.told = undefined;
  state.bar.querySelector("[data-cut]").hidden = true;
}

function onVisibility(state) {
  clearTimeout(state.timers.hidden);
  if (document.hidden) state.timers.hidden = setTimeout(() => { close(state); found(state); }, LEAVES_AFTER);
  else if (!state.source) {
    state.tries = 0;
    open(state);
  }
}

// What this page does itself

// The answer to a write says no more than that: the stream brings what it changed, as to everybody.
function onOwn(state, { target, detail }) {
  if (target instanceof HTMLFormElement) target.reset(); // what was ticked and chosen in it is done
  state.own = Math.max(state.own, detail?.change ?? 0);
  clearTimeout(state.timers.late);
  if ("connected" in state.bar.dataset) state.timers.late = setTimeout(() => askForParts(state), LATE);
  else askForParts(state);
}

async function askForParts(state) {
  state.own = 0;
  await Promise.all(regions().filter((name) => name.startsWith("part:")).map(async (name) => {
    const answer = await fetch(name.slice("part:".length), { headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer?.ok) state.waiting.set(name, { html: await answer.text(), by: [] });
  }));
  showWaiting(state);
}

// A write says up to which Change its person has seen the region that it comes from, so that it does not overwrite
// unseen what others did since.
function saySeen(state, { elt, headers, verb }) {
  if (verb === "get") return;
  const name = elt.closest("[data-live]")?.dataset.live;
  const seen = state.shown.get(name) ?? state.first;
  if (name && seen) headers["Seen-Change"] = String(seen);
}

function sawUpTo(state, name, id) {
  if (id > (state.shown.get(name) ?? state.first)) state.shown.set(name, id);
}

// What it brings

function regions() {
  return [...new Set([...document.querySelectorAll("[data-live]")].map((element) => element.dataset.live))];
}

function take(state, part) {
  // Two threads draw: what was begun earlier may come later.
  if ((state.numbers.get(part.at) ?? 0) > part.n) return;
  state.numbers.set(part.at, part.n);
  if (part.cut) {
    const had = state.texts.get(part.at);
    if (had?.is !== part.was) {
      state.after = "";
      open(state);
      return;
    }
    part.html = putTogether(had.text, part.cut);
  }
  state.texts.set(part.at, { is: part.is, text: part.html });
  if (part.upto >= state.own) clearTimeout(state.timers.late);
  const held = state.waiting.get(part.at);
  state.waiting.set(part.at, { ...part, by: [...(held?.by ?? []), ...(part.by ?? [])] });
  showWaiting(state);
}

// A cut is what is new: runs of the pieces that are here already, and texts.
function putTogether(old, cut) {
  const pieces = old.split(BORDER);
  return cut.map((part) => (typeof part === "string" ? part : pieces.slice(...part).join("\n"))).join("\n");
}

function showWaiting(state) {
  for (const [name, part] of state.waiting) {
    const region = [...document.querySelectorAll("[data-live]")].find((element) => element.dataset.live === name);
    if (!region) {
      state.waiting.delete(name);
    } else if (part.stale) {
      state.waiting.delete(name);
      state.bar.querySelector("[data-stale]").hidden = false;
    } else if (!isBusy(state, region) && !(part.upto < state.own)) {
      state.waiting.delete(name);
      show(state, region, part);
      sawUpTo(state, name, part.upto ?? 0);
    }
  }
  if (regions().join() !== state.regions && state.source) open(state);
}

function isBusy(state, region) {
  const active = document.activeElement;
  return state.isDragging
    || region.matches(".htmx-request, [data-dragging]")
    || region.querySelector(".htmx-request, [data-dragging]") !== null
    || (region.contains(active) && isWriting(active));
}

function isWriting(element) {
  return element.isContentEditable
    || element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
}

function show(state, region, { html, by, say }) {
  const others = by.filter((person) => String(person) !== state.bar.dataset.me);
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const field of body.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.setAttribute("value", token());
  const changed = new Set();
  const roots = [...body.childNodes].filter((node) => node.nodeType !== Node.COMMENT_NODE);
  for (const root of roots.filter((node) => node.matches?.("[hx-swap-oob]"))) {
    roots.splice(roots.indexOf(root), 1);
    root.removeAttribute("hx-swap-oob");
    const place = document.getElementById(root.id);
    if (place) morph(place, root, "outerHTML", changed);
  }
  const elements = roots.filter((node) => node instanceof Element);
  const isItself = elements.length === 1 && elements[0].id !== "" && elements[0].id === region.id;
  morph(region, isItself ? elements[0] : roots, isItself ? "outerHTML" : "innerHTML", changed);
  if (!others.length) return;
  mark(changed);
  if (say) state.bar.querySelector("[data-said]").textContent = say;
}

function token() {
  return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
}

function morph(place, content, morphStyle, changed) {
  const had = document.activeElement;
  window.Idiomorph.morph(place, content, {
    morphStyle,
    callbacks: {
      beforeNodeMorphed: (old, next) => {
        if (old.nodeType === Node.TEXT_NODE && old.nodeValue.trim() !== next.nodeValue.trim()) changed.add(old.parentElement);
        return !(isKept(old) || old.isEqualNode(next));
      },
      beforeAttributeUpdated: (name, element) => !belongsToBrowser(name, element),
      beforeNodeRemoved: (node) => !(node instanceof Element && node.matches("[data-live-keep], [data-live-keep] *, dialog[open]")),
      afterNodeAdded: (node) => { if (node instanceof Element) changed.add(node); },
    },
  });
  window.htmx.process(place.isConnected ? place : document.body);
  if (had !== document.activeElement && had?.isConnected) had.focus({ preventScroll: true });
}

// What somebody has begun to fill in is theirs.
function isKept(node) {
  if (!(node instanceof Element)) return false;
  if (node.matches("[data-live-keep], dialog[open]")) return true;
  if (node.matches("input[type=checkbox], input[type=radio]")) return node.checked !== node.defaultChecked;
  if (node.matches("input:not([type=hidden]), textarea")) return node.value !== node.defaultValue;
  if (!node.matches("select")) return false;
  const first = [...node.options].findIndex((option) => option.defaultSelected);
  return node.selectedIndex !== Math.max(first, 0);
}

// State that scripts and people have put on an element, and that no server knows.
function belongsToBrowser(name, element) {
  return ["open", "popover", "style", "data-current", "data-fresh", "aria-expanded"].includes(name)
    || (name === "hidden" && element.matches("[data-without-script]"));
}

function mark(changed) {
  const marked = new Set([...changed].map((element) => element.closest("[data-row], tr, li") ?? element));
  if (marked.size > MOST_MARKS) return;
  for (const element of marked) {
    element.dataset.fresh = "";
    setTimeout(() => { delete element.dataset.fresh; }, FRESH);
  }
}

// Who else is here

function showPeople(state, people) {
  const place = document.querySelector("[data-watching]");
  if (!place) return;
  const others = people.filter(({ id }) => String(id) !== state.bar.dataset.me);
  const faces = others.slice(0, FACES).map(({ name, initials }) => {
    const face = Object.assign(document.createElement("span"), { className: "av", textContent: initials, title: name });
    face.setAttribute("role", "img");
    face.setAttribute("aria-label", name);
    return face;
  });
  if (others.length > FACES) {
    const more = Object.assign(document.createElement("span"), { className: "small muted", textContent: `+${others.length - FACES}` });
    more.title = others.slice(FACES).map(({ name }) => name).join(", ");
    faces.push(more);
  }
  place.replaceChildren(...faces);
  place.hidden = !others.length;
}
