"""Words of a text as both databases' indexes see them, and where they stand in it."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

LONGEST_TEXT = 2_000
MOST_WORDS = 12
LONGEST_WORD = 60

_WORD = re.compile(r"[^\W_]+")

# Words that say nothing of a subject. Few, because how rare a word is weighs too.
_EMPTY_WORDS = """
    about add added after again all allow also and any are because been before being between both but can cannot change
    could create did does doing done fix fixed for from get had has have her here him his how into its just make may
    more most must need new not now off once only other our out over own per she should some such than that the their
    them then there these they this those through too under until update use user users using very want was were what
    when where which while who why will with within without would you your
    como con cuando del desde donde esta este las los mas para pero por que ser sin sobre una uno
    aber als auch auf aus bei das dem den der des die ein eine fur ist mit nach nicht oder sich sie und von vor wie zum
    aux avec dans des elle est les leur mais nous par pas pour que qui sur une vous
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


@dataclass(frozen=True)
class Part:
    """A piece of a text; `is_match` where it is what was searched for."""

    text: str
    is_match: bool


def fold(text: str) -> str:
    """Return the text in small letters without accents."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).lower()


def words(text: str, *, most: int = MOST_WORDS) -> list[str]:
    """Return the words of what somebody typed, at most `most`, each once, in order."""
    found = (word[:LONGEST_WORD] for word in _WORD.findall(fold(text[:LONGEST_TEXT])))
    return list(dict.fromkeys(found))[:most]


def stems(text: str) -> list[str]:
    """Return the beginnings of the words that say something of the subject, in order, with repeats.

    Crude on purpose: endings of English (and most plurals elsewhere) are cut so that "orders", "ordering" and "ordered"
    meet at the same prefix; the index looks for prefixes.
    """
    found = []
    for word in _WORD.findall(fold(text)):
        if len(word) < 3 or word in _EMPTY or word.isdigit():
            continue
        found.append(_stem(word[:LONGEST_WORD]))
    return found


def parts(text: str, sought: Collection[str]) -> tuple[Part, ...]:
    """Cut a text into what begins with one of the words sought, and the rest."""
    flags = [False] * len(text)
    for match in _WORD.finditer(text):
        word = fold(match.group())
        length = max((len(beginning) for beginning in sought if word.startswith(beginning)), default=0)
        # A letter may fold into two (ﬁ): then the place inside the word is not known, and all of it is marked.
        end = match.start() + length if len(word) == len(match.group()) else match.end()
        if length:
            flags[match.start() : end] = [True] * (end - match.start())
    pieces = groupby(zip(text, flags, strict=True), key=lambda pair: pair[1])
    return tuple(Part("".join(sign for sign, _flag in run), is_match) for is_match, run in pieces)


def excerpt(text: str, sought: Collection[str], *, around: int = 60) -> tuple[Part, ...]:
    """Return the surroundings of the first match in a text, cut at words; nothing where there is none."""
    text = " ".join(text[:100_000].split())
    for match in _WORD.finditer(text):
        if any(fold(match.group()).startswith(beginning) for beginning in sought):
            start, end = _at_words(text, match.start() - around, match.end() + around)
            piece = ("… " if start else "") + text[start:end].strip() + (" …" if end < len(text) else "")
            return parts(piece, sought)
    return ()


def matched(beginnings: Sequence[str], text: str) -> set[str]:
    """Return which beginnings some word of the text has."""
    there = set(_WORD.findall(fold(text)))
    return {beginning for beginning in beginnings if any(word.startswith(beginning) for word in there)}


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ingly", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _at_words(text: str, start: int, end: int) -> tuple[int, int]:
    start, end = max(0, start), min(len(text), end)
    if start:
        start = text.find(" ", start) + 1
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + 1)
    return start, end
