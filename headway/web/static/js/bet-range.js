// A range while it is typed: drawn, and held against what is left to the target.

export function mount(form) {
  const live = form.querySelector("[data-live]");
  if (!live) return undefined;
  const facts = JSON.parse(form.querySelector("[data-facts]").textContent);
  const draw = () => show(form, live, facts[form.elements.key_result?.value]);
  form.addEventListener("input", draw);
  draw();
  return () => form.removeEventListener("input", draw);
}

function show(form, live, fact) {
  const [low, likely, high] = ["low", "likely", "high"].map((name) => form.elements[name].valueAsNumber);
  if (fact) form.querySelector("[data-unit]").textContent = fact.unit;
  if (fact?.visible) form.querySelector("[data-visible]").textContent = fact.visible;
  const says = live.querySelector("[data-says]");
  live.hidden = ![low, likely, high].every(Number.isFinite);
  if (live.hidden) return;
  const inOrder = low <= likely && likely <= high;
  const from = Math.min(0, low);
  const to = Math.max(high, left(fact) ?? high, from + 1e-9);
  const at = (value) => `${(100 * Math.min(Math.max((value - from) / (to - from), 0), 1)).toFixed(2)}%`;
  const bar = live.querySelector("[data-bar]");
  bar.setAttribute("x", at(low));
  bar.setAttribute("width", inOrder ? `${(100 * (high - low) / (to - from)).toFixed(2)}%` : "0");
  live.querySelector("[data-mid]").setAttribute("x", at(likely));
  live.querySelector("[data-from]").textContent = plain(from);
  live.querySelector("[data-to]").textContent = plain(to);
  says.textContent = inOrder ? tell(says, fact, high) : says.dataset.order;
}

function tell(says, fact, high) {
  const way = left(fact);
  if (way === undefined) return "";
  if (way <= 0) return says.dataset.reached;
  return (high > way ? says.dataset.over : says.dataset.left).replace("{left}", `${plain(way)} ${fact.unit}`);
}

function left(fact) {
  return fact && Number.isFinite(fact.left) ? fact.left : undefined;
}

function plain(value) {
  return new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 }).format(value);
}
