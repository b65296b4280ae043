// How well a place or an action fits what is typed: beginnings of its words, initials, letters in order, one slip.

const cache = new Map();

// Returns { score, marks } (marks: places in entry.text), or null where a word of the query fits nowhere.
export function fit(query, entry) {
  const words = wordsOf(query);
  const text = folded(entry.text);
  if (!words.length) return { score: 0, marks: new Set() };
  const initials = startsOf(text).map((place) => text[place]).join("");
  const joined = words.join("");
  if (joined.length > 1 && initials.startsWith(joined)) {
    return { score: 85 - (initials.length - joined.length), marks: new Set(startsOf(text).slice(0, joined.length)) };
  }
  const marks = new Set();
  let score = text.startsWith(words.join(" ")) ? 15 : 0;
  let worst = 100;
  for (const word of words) {
    const found = best(word, text, folded(entry.where ?? ""), folded(entry.words ?? ""));
    if (!found) return null;
    for (const place of found.marks) marks.add(place);
    worst = Math.min(worst, found.score);
    score += found.score / words.length;
  }
  return { score: (score + worst) / 2, marks };
}

function best(word, text, where, words) {
  for (const [order, place] of startsOf(text).entries()) {
    if (text.startsWith(word, place)) return { score: 100 - 3 * order - (text.length - word.length) / 20, marks: run(place, word.length) };
  }
  if (startsOf(where).some((place) => where.startsWith(word, place))) return { score: 70, marks: [] };
  if (startsOf(words).some((place) => words.startsWith(word, place))) return { score: 60, marks: [] };
  const inside = word.length > 1 ? text.indexOf(word) : -1;
  if (inside >= 0) return { score: 55, marks: run(inside, word.length) };
  if (word.length > 3) {
    for (const place of startsOf(text)) {
      const length = slip(word, text, place);
      if (length) return { score: 40, marks: run(place, length) };
    }
    if (startsOf(words).some((place) => slip(word, words, place))) return { score: 25, marks: [] };
  }
  const spread = word.length > 1 ? subsequence(word, text) : null;
  return spread ? { score: 30 - spread.at(-1) / 10, marks: spread } : null;
}

// The letters in order, the first of them at the start of a word and none too far from the one before.
function subsequence(word, text) {
  for (const start of startsOf(text)) {
    if (text[start] !== word[0]) continue;
    const places = [start];
    for (const letter of word.slice(1)) {
      const place = text.indexOf(letter, places.at(-1) + 1);
      if (place < 0 || place - places.at(-1) > 8) break;
      places.push(place);
    }
    if (places.length === word.length) return places;
  }
  return null;
}

// Length of the beginning of a word of the text that differs from `word` by one slip; 0 where there is none.
function slip(word, text, start) {
  const end = text.indexOf(" ", start);
  const whole = text.slice(start, end < 0 ? undefined : end);
  for (const length of [word.length, word.length - 1, word.length + 1]) {
    if (length > 0 && length <= whole.length && isOneApart(word, whole.slice(0, length))) return length;
  }
  return 0;
}

function isOneApart(one, other) {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const left = [one.length - start - end, other.length - start - end];
  if (Math.max(...left) <= 1) return true;
  const [a, b] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  return a.length === 2 && b.length === 2 && a[0] === b[1] && a[1] === b[0];
}

function wordsOf(query) {
  return folded(query).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

function startsOf(text) {
  const known = cache.get(text);
  if (known) return known;
  const places = [...text.matchAll(/[\p{L}\p{N}]+/gu)].map((match) => match.index);
  cache.set(text, places);
  return places;
}

// Small letters without accents, as long as the text itself, so that places mean the same in both.
export function folded(text) {
  return [...text].map((sign) => {
    const plain = sign.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return plain.length === sign.length ? plain : sign.toLowerCase().slice(0, sign.length).padEnd(sign.length, sign);
  }).join("");
}

function run(start, length) {
  return Array.from({ length }, (_, place) => start + place);
}
