"""What somebody asks for: words, phrases and words to leave out, and filters, typed or chosen.

kind:item team:ANT state:open @ana since:30d "exact phrase" -not
"""

import datetime as dt
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import snowballstemmer
from django.utils.translation import get_language

from headway.lib import clock

from .sources import KINDS
from .words import LONGEST_TEXT, MOST_WORDS, fold, is_unspaced, pieces, words

OPEN, DONE, NOT_NOW, REMOVED = "open", "done", "not-now", "removed"
STATES = (OPEN, DONE, NOT_NOW, REMOVED)
SHORTEST_STEM = 4

_TYPED = re.compile(
    r"""(?P<not>-)?(?:(?P<name>kind|team|state|cycle|person|since):|(?P<at>@))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))""",
    re.IGNORECASE,
)
_AGO = re.compile(r"(\d{1,4})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}

#: codes of languages → Snowball's names; in others a word is found by its beginning alone
_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_made = threading.local()  # a stemmer is in one hand at a time


@dataclass(frozen=True)
class Reading:
    """One way to read a term: words that follow each other; the last may go on where `is_beginning`."""

    words: tuple[str, ...]
    is_beginning: bool = True


@dataclass(frozen=True)
class Term:
    """What must be there (or, in `without`, must not): any of its readings. `typed` is the folded text itself."""

    typed: str
    readings: tuple[Reading, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """The beginnings to mark in a text."""
        if is_unspaced(self.typed):
            return (self.typed,)
        return tuple(dict.fromkeys(word for reading in self.readings for word in reading.words))


@dataclass(frozen=True)
class Filters:
    """Narrow a search. Empty fields let everything pass; a kind that knows nothing of a filter is left out by it."""

    kinds: tuple[str, ...] = ()
    team: str = ""  # a key or a name
    state: str = ""  # one of STATES
    cycle: str = ""  # a name
    person: str = ""  # a name's beginning, or "me"
    since: dt.date | None = None  # changed, decided, raised or begun on or after

    def __bool__(self) -> bool:
        return any((self.kinds, self.team, self.state, self.cycle, self.person, self.since))


@dataclass(frozen=True)
class Asked:
    """A search as it is understood. `unclear` holds what looks like a filter and is none."""

    terms: tuple[Term, ...] = ()
    without: tuple[Term, ...] = ()
    filters: Filters = field(default_factory=Filters)
    unclear: tuple[str, ...] = ()

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(mark for term in self.terms for mark in term.marks))


def understand(text: str, *, filters: Filters | None = None, language: str | None = None) -> Asked:
    """Read what was typed; a typed filter goes before the same one in `filters`. Any text is safe.

    Words are also found in the other forms of `language` (default: that of the viewer) and of English.
    """
    terms: list[Term] = []
    without: list[Term] = []
    typed: dict[str, str] = {}
    unclear = []
    for match in _TYPED.finditer(text[:LONGEST_TEXT]):
        value = match["phrase"] if match["phrase"] is not None else match["word"]
        name = "person" if match["at"] else (match["name"] or "").lower()
        if name:
            if _is_clear(name, value):
                typed[name] = f"{typed[name]},{value}" if name == "kind" and name in typed else value
            else:
                unclear.append(match.group())
            continue
        into = without if match["not"] and value.strip("-") else terms
        into += _phrase(value) if match["phrase"] is not None else _terms(value, language)
    return Asked(
        terms=tuple(dict.fromkeys(terms))[:MOST_WORDS],
        without=tuple(dict.fromkeys(without))[:MOST_WORDS],
        filters=_typed_filters(typed, filters or Filters()),
        unclear=tuple(unclear),
    )


def since(value: str) -> dt.date | None:
    """Read "2026-11-01", or "30d", "2w", "3m", "1y" ago; None where it is neither."""
    if match := _AGO.fullmatch(value.strip().lower()):
        days = int(match[1]) * _DAYS[match[2]]
        return clock.today() - dt.timedelta(days=min(days, 36_500))
    try:
        return dt.date.fromisoformat(value.strip())
    except ValueError:
        return None


def _kinds(value: str) -> tuple[str, ...]:
    """Read kinds: "item", "items", "key-result,objective", "kr", "people"."""
    plain = {kind: kind for kind in KINDS} | {f"{kind}s": kind for kind in KINDS} | {"kr": "key_result"}
    plain |= {"krs": "key_result", "people": "person"}
    asked = [one.strip().lower().replace("-", "_") for one in value.split(",") if one.strip()]
    return tuple(dict.fromkeys(plain[one] for one in asked)) if asked and all(one in plain for one in asked) else ()


def _is_clear(name: str, value: str) -> bool:
    if name == "kind":
        return bool(_kinds(value))
    if name == "state":
        return _state(value) in STATES
    if name == "since":
        return since(value) is not None
    return bool(words(value))


def _state(value: str) -> str:
    return {"notnow": NOT_NOW, "not_now": NOT_NOW, "closed": DONE}.get(value.lower(), value.lower())


def _typed_filters(typed: Mapping[str, str], chosen: Filters) -> Filters:
    known: dict[str, object] = {name: typed[name] for name in ("team", "cycle", "person") if name in typed}
    if "kind" in typed:
        known["kinds"] = _kinds(typed["kind"])
    if "state" in typed:
        known["state"] = _state(typed["state"])
    if "since" in typed:
        known["since"] = since(typed["since"])
    return replace(chosen, **known)  # type: ignore[arg-type]


def _phrase(text: str) -> list[Term]:
    found = tuple(piece for word in words(text) for piece in pieces(word))
    return [Term(" ".join(words(text)), (Reading(found, is_beginning=False),))] if found else []


def _terms(text: str, language: str | None) -> list[Term]:
    """One term for each word of what stands between two spaces ("sign-in" holds two)."""
    return [Term(word, _readings(word, text, language)) for word in words(text)]


def _readings(word: str, written: str, language: str | None) -> tuple[Reading, ...]:
    if is_unspaced(word):
        return (Reading(pieces(word)),)
    found = [Reading((word,))]
    if len(word) >= SHORTEST_STEM and not any(sign.isdigit() for sign in word):
        codes = dict.fromkeys([(language or get_language() or "en").partition("-")[0].lower(), "en"])
        # A stem needs the accents that folding takes away.
        form = written.lower() if fold(written) == word else word
        for code in codes:
            reading = _stem(word, form, code)
            if reading is not None and reading not in found:
                found.append(reading)
    return tuple(found)


@lru_cache(maxsize=2_000)
def _stem(word: str, form: str, code: str) -> Reading | None:
    """Return what other forms of a word begin with; None where that is the word itself, or too little to go by."""
    name = _STEMMERS.get(code)
    if name is None:
        return None
    if not hasattr(_made, name):
        setattr(_made, name, snowballstemmer.stemmer(name))
    stem = fold(getattr(_made, name).stemWord(form))
    shared = next((place for place, pair in enumerate(zip(stem, word, strict=False)) if pair[0] != pair[1]), len(stem))
    is_cut = shared < min(len(stem), len(word))
    begins = stem[:shared] if is_cut else stem[: len(word)]
    if begins == word or len(begins) < 3 or (is_cut and len(begins) < SHORTEST_STEM):
        return None
    # "use" of "users" stands for itself; "pric" of "pricing" only as a beginning.
    return Reading((begins,), is_beginning=len(begins) >= SHORTEST_STEM)
