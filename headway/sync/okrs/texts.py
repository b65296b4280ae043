"""Marks, scores and numbers inside the text of an objective or a Key Result."""

import re
from dataclasses import dataclass

from headway.okr.values import NotAValue, split_value

_SPACE = re.compile(r"\s+")
_BOX = re.compile(r"^\[(?P<mark>[ xX✓])\]\s*")
_OBJECTIVE = re.compile(
    r"^(?:(?:objectives?|objetivos?|objectifs?|ziele?)\s*#?\d*(?:\.\d+)*\s*[:–—-]|O\s?\d+(?:\.\d+)*\s*[:.)–—-]|O:)\s*",
    re.IGNORECASE,
)
_KEY_RESULT = re.compile(
    r"^(?:(?:key[ -]results?|schl[üu]sselergebniss?e?|resultados? claves?|r[ée]sultats? cl[ée]s?)"
    r"\s*#?\d*(?:\.\d+)*\s*[:–—-]"
    r"|KR\s*#?\s*\d+(?:[.\-]\d+)*\s*[:.)–—-]?(?=\s)|KR\s*[:–—-])\s*",
    re.IGNORECASE,
)
_NUMBERING = re.compile(r"^\d{1,2}(?:\.\d{1,2})*[.)]\s+")
_SCORES = [
    re.compile(r"\s*(?:=+>|⇒|⟹)\s*(?P<score>\S.*)$"),
    re.compile(r"\s*:\s*(?P<score>(?:\d+|X)/\d+\s*\((?:\d+|X)\s?%\))$"),
    re.compile(
        r"\s*[(\[]\s*(?:score|note|grade|punkte)\s*[:=]?\s*(?P<score>\d+(?:[.,]\d+)?\s?%?)\s*[)\]]$", re.IGNORECASE
    ),
    re.compile(r"\s*[(\[](?P<score>0[.,]\d+|1[.,]0)[)\]]$"),
    re.compile(r"\s*\((?P<score>(?:WIP|done)\b[^()]*)\)$", re.IGNORECASE),
]
_NOTHING = re.compile(r"^(?:tb[dac]|todo|n/?a|none|keine?|ninguno|[-–—.…?*_]*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a document without its marks. `mark`: objective, key_result or nothing; `score` as written."""

    text: str
    mark: str = ""
    score: str = ""


@dataclass(frozen=True, slots=True)
class FromTo:
    """From, to, and their unit, as a text states them."""

    baseline: float
    target: float
    unit: str


def plain(text: str) -> str:
    """Return a text with single spaces."""
    return _SPACE.sub(" ", text).strip()


def read_line(text: str) -> Line:
    """Take the checkbox, the mark ("KR 1.2:") and the score ("=> 0.7", "8/10 (80%)", "(WIP)") off a line."""
    text, score = plain(text), ""
    box = _BOX.match(text)
    if box:
        score = "" if box["mark"] == " " else "[x]"
        text = text[box.end() :]
    mark = ""
    for name, pattern in (("key_result", _KEY_RESULT), ("objective", _OBJECTIVE)):
        found = pattern.match(text)
        if found and found.end() < len(text):
            text, mark = text[found.end() :], name
            break
    text = _NUMBERING.sub("", text)
    for pattern in _SCORES:
        found = pattern.search(text)
        if found and found.start() > 0:
            score, text = plain(found["score"]), text[: found.start()]
            break
    return Line(text.strip(), mark, score)


def says_nothing(text: str) -> bool:
    """Say whether a text is empty or a stand-in ("TBD")."""
    return bool(_NOTHING.match(text.strip()))


def match_key(text: str) -> str:
    """Return what two texts are compared by: no case, no marks at the ends, single spaces."""
    return plain(text).casefold().strip(" .:;,!…*_\"'“”‘’")


_WORDS = (
    "a|an|the|about|around|approx(?:imately)?[.]?|roughly|only|consistent|consistently|currently|now|today|ca[.]?|etwa|"
    "rund|unos|cerca de|alrededor de|less than|more than|at least|at most|under|below|over|above|weniger als|"
    "mindestens|menos de|más de"
)
_ADVERBS = rf"(?:(?:{_WORDS})\s+|[~≈]\s*)*"
_NUMBER = r"[€$£]?\s?[+\-−]?\d[\d.,'’\u00a0\u202f]*(?:[kKM](?![a-z])|bn\b)?"
_UNIT = r"(?:\s?(?:%|‰|°C?|[€$£](?!\d))|\s(?:per ?cent|por ciento|Prozent|[^\W\d_]{1,15}))?"
_BAR = r"(?![\w:/]|[.,]\d)"


def _between(before: str, middle: str) -> re.Pattern[str]:
    a, b = (rf"{_ADVERBS}(?P<{name}>{_NUMBER}{_UNIT}){_BAR}" for name in "ab")
    return re.compile(rf"{before}{a}\s*{middle}\s*{b}", re.IGNORECASE)


_FORMS = [
    _between(r"\bfrom\s+", r"(?:up |down )?\bto\b"),
    _between(r"\bvon\s+", r"(?:auf|bis(?: zu)?)\b"),
    _between(r"\b(?:desde|del?)\s+", r"(?:hasta|al?)\b"),
    _between(r"\bde\s+", r"à\b"),
    _between(r"(?<!\w)", r"(?:→|[-–]+>|➔|➜)"),
    _between(r"\bbaseline\s*[:=]?\s*", r"[,;/]?\s*target\s*[:=]?"),
]
#: What follows a number without being its unit.
_NO_UNIT_TEXT = (
    "to by in on at a an and or per for from until before within while with without of this every each the is as am pm "
    "auf bis von pro im und je al hasta de del por en y cada à et par"
)
_NO_UNIT = frozenset(_NO_UNIT_TEXT.split())
_SUFFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "bn": 1e9}


def read_from_to(text: str) -> FromTo | None:
    """Return from, to and unit where a text states them once and without doubt, else None.

    Two units, two such statements, years and equal numbers are doubtful.

    >>> read_from_to("Reduce the pipeline from 72.3 minutes to 45 minutes (ultimate goal of 30 minutes)")
    FromTo(baseline=72.3, target=45.0, unit='minutes')
    """
    found = {match.span("a"): match for form in _FORMS for match in form.finditer(text)}
    if len(found) != 1:
        return None
    [match] = found.values()
    try:
        (baseline, unit), (target, unit_of_target) = _value(match["a"]), _value(match["b"])
    except NotAValue:
        return None
    units = {unit.casefold(), unit_of_target.casefold()} - {""}
    years = not units and all(float(v).is_integer() and 1900 <= v <= 2100 for v in (baseline, target))
    if baseline == target or len(units) > 1 or years:
        return None
    return FromTo(baseline, target, unit or unit_of_target)


def _value(text: str) -> tuple[float, str]:
    text = text.strip()
    head, _, word = text.rpartition(" ")
    if head and word.casefold() in _NO_UNIT:
        text = head.strip()
    factor = 1.0
    found = re.search(r"(?<=\d)(k|K|M|bn)(?![^\W\d_])", text)
    if found:
        factor = _SUFFIXES[found[1]]
        text = text[: found.start()] + text[found.end() :]
    value, unit = split_value(text.rstrip(".,"))
    return value * factor, unit
