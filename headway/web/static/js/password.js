// How long a new password takes to guess, as a bar and a word: length counts most, then kinds of characters.

export function mount(meter) {
  const field = meter.closest("form").querySelector("[type=password]");
  const words = JSON.parse(meter.dataset.words);
  const show = () => {
    const score = scoreOf(field.value);
    meter.hidden = !field.value;
    meter.querySelector("svg").dataset.score = score;
    meter.querySelectorAll("rect").forEach((part, place) => part.toggleAttribute("data-on", place < score));
    meter.querySelector("p").textContent = words[score];
  };
  field.addEventListener("input", show);
  show();
  return () => field.removeEventListener("input", show);
}

export function scoreOf(text) {
  if (text.length < 10) return text ? 1 : 0;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(text)).length;
  const different = new Set(text).size;
  if (different < 5) return 1;
  return Math.min(4, 1 + (text.length >= 12) + (text.length >= 16) + (kinds >= 3 || different >= 10));
}
