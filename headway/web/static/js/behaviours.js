// The one script that a page links; everything else hangs on data-behaviour attributes.
// Binds `export function mount(element)` of a module to data-behaviour="name" (several names: a space between),
// for what is on the page and for what comes later over htmx. Where mount() returns a function, it is called when
// the element has left the page. Each import ends in a semicolon: the names of hashed files are written into it.

const modules = {
  "answer": () => import("./ask.js"),
  "ask": () => import("./ask.js"),
  "backlog": () => import("./backlog.js"),
  "bet-range": () => import("./bet-range.js"),
  "board": () => import("./board.js"),
  "copy": () => import("./copy.js"),
  "dialog": () => import("./dialog.js"),
  "keys-dialog": () => import("./keys.js"),
  "linking": () => import("./linking.js"),
  "live": () => import("./live.js"),
  "menu": () => import("./menu.js"),
  "passkey": () => import("./passkey.js"),
  "palette": () => import("./palette-door.js"),
  "password": () => import("./password.js"),
  "places": () => import("./places.js"),
  "rows": () => import("./rows.js"),
  "search": () => import("./search.js"),
  "send-on-change": () => import("./send-on-change.js"),
  "show-current": () => import("./show-current.js"),
  "theme": () => import("./theme.js"),
  "toasts": () => import("./toast.js"),
  "verdict": () => import("./verdict.js"),
};

const mounted = new WeakMap();
let onTheWay = 0;

function start() {
  mountWithin(document.documentElement);
  tellWhetherBound();
  new MutationObserver((records) => {
    for (const record of records) {
      for (const node of record.addedNodes) if (node instanceof Element) mountWithin(node);
      for (const node of record.removedNodes) if (node instanceof Element) unmountWithin(node);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
}

function mountWithin(root) {
  for (const element of bound(root)) {
    for (const name of element.dataset.behaviour.split(" ").filter(Boolean)) mountOne(element, name);
  }
}

async function mountOne(element, name) {
  const names = mounted.get(element) ?? new Map();
  if (names.has(name)) return;
  mounted.set(element, names.set(name, undefined));
  const load = modules[name];
  if (!load) throw new Error(`no behaviour called ${name}`);
  onTheWay += 1;
  tellWhetherBound();
  try {
    const module = await load();
    // It may have left the page while its module was on the way.
    if (element.isConnected) names.set(name, module.mount(element));
    else names.delete(name);
  } finally {
    onTheWay -= 1;
    tellWhetherBound();
  }
}

// Who drives the page by a program sees from it when keys and buttons are heard (tests/browser.py).
function tellWhetherBound() {
  document.documentElement.toggleAttribute("data-bound", onTheWay === 0);
}

function unmountWithin(root) {
  for (const element of bound(root)) {
    // A morph moves elements: what is back by now was never gone.
    if (element.isConnected || !mounted.has(element)) continue;
    for (const leave of mounted.get(element).values()) leave?.();
    mounted.delete(element);
  }
}

function bound(root) {
  const below = [...root.querySelectorAll("[data-behaviour]")];
  return root.matches("[data-behaviour]") ? [root, ...below] : below;
}

start();
