"""Words of a text as both databases' indexes see them, and where they stand in it."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

LONGEST_TEXT = 2_000
MOST_WORDS = 12
LONGEST_WORD = 60

_WORD = re.compile(r"[^\W_]+")

#: scripts that set no space between words (Han, Hiragana, Katakana): each sign is a word of its own in the index
UNSPACED = "\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff"
_UNSPACED = re.compile(f"[{UNSPACED}]")
_PIECE = re.compile(f"[{UNSPACED}]|[^{UNSPACED}]+")

# Marks that make another sign of a kana (か, が), not an accent.
_VOICED = "\u3099\u309a"

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
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text)
    kept = "".join(sign for sign in apart if sign in _VOICED or not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", kept).lower()


def is_unspaced(word: str) -> bool:
    """Say whether a word is of a script that sets no spaces, so that it is looked for anywhere."""
    return bool(_UNSPACED.search(word))


def pieces(word: str) -> tuple[str, ...]:
    """Cut a folded word into what the index holds of it: itself, or each sign of a script without spaces."""
    return tuple(_PIECE.findall(word)) if is_unspaced(word) else (word,)


def words(text: str, *, most: int = MOST_WORDS) -> list[str]:
    """Return the words of what somebody typed, at most `most`, each once, in order."""
    found = (word[:LONGEST_WORD] for word in _WORD.findall(fold(text[:LONGEST_TEXT])))
    return list(dict.fromkeys(found))[:most]


def every_word(text: str) -> list[str]:
    """Return all words of a text, folded, with repeats."""
    return _WORD.findall(fold(text))


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
    if text.isascii():
        return _ascii_parts(text, _beginning_with(tuple(sought)))
    flags = [False] * len(text)
    anywhere = [beginning for beginning in sought if is_unspaced(beginning)]
    for match in _WORD.finditer(text):
        word = fold(match.group())
        is_as_long = len(word) == len(match.group())
        length = max((len(beginning) for beginning in sought if word.startswith(beginning)), default=0)
        # A letter may fold into two (ﬁ): then the place inside the word is not known, and all of it is marked.
        end = match.start() + length if is_as_long else match.end()
        if length:
            flags[match.start() : end] = [True] * (end - match.start())
        for beginning in anywhere if is_as_long else ():
            place = word.find(beginning)
            while place >= 0:
                start = match.start() + place
                flags[start : start + len(beginning)] = [True] * len(beginning)
                place = word.find(beginning, place + 1)
    pieces_ = groupby(zip(text, flags, strict=True), key=lambda pair: pair[1])
    return tuple(Part("".join(sign for sign, _flag in run), is_match) for is_match, run in pieces_)


def excerpt(text: str, sought: Collection[str], *, around: int = 60) -> tuple[Part, ...]:
    """Return the surroundings of the first match in a text, cut at words; nothing where there is none."""
    text = " ".join(text[:100_000].split())
    for at in _places(text, sought):
        start, end = _at_words(text, at - around, at + around + 10)
        piece = ("… " if start else "") + text[start:end].strip() + (" …" if end < len(text) else "")
        return parts(piece, sought)
    return ()


def matched(beginnings: Sequence[str], text: str) -> set[str]:
    """Return which beginnings some word of the text has."""
    folded = fold(text)
    there = set(_WORD.findall(folded))
    return {
        beginning
        for beginning in beginnings
        if any(word.startswith(beginning) for word in there) or (is_unspaced(beginning) and beginning in folded)
    }


@lru_cache(maxsize=256)
def _beginning_with(sought: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds the words that begin so in a text of plain signs, the longest beginning of each."""
    beginnings = "|".join(re.escape(one) for one in sorted(sought, key=len, reverse=True) if one)
    return re.compile(rf"(?<![^\W_])(?:{beginnings or '(?!)'})", re.IGNORECASE)


def _ascii_parts(text: str, pattern: re.Pattern[str]) -> tuple[Part, ...]:
    found = []
    end = 0
    for match in pattern.finditer(text):
        if match.start() > end:
            found.append(Part(text[end : match.start()], is_match=False))
        found.append(Part(match.group(), is_match=True))
        end = match.end()
    return (*found, Part(text[end:], is_match=False)) if end < len(text) else tuple(found)


def _places(text: str, sought: Collection[str]) -> Iterator[int]:
    """Yield where in a text one of the sought stands."""
    if text.isascii():
        yield from (match.start() for match in _beginning_with(tuple(sought)).finditer(text))
        return
    for match in _WORD.finditer(text):
        at = _place(fold(match.group()), sought)
        if at >= 0:
            yield match.start() + min(at, len(match.group()))


def _place(word: str, sought: Collection[str]) -> int:
    """Return where in a folded word one of the sought stands: 0 for a beginning, -1 for nowhere."""
    if any(word.startswith(beginning) for beginning in sought):
        return 0
    return max((word.find(beginning) for beginning in sought if is_unspaced(beginning)), default=-1)


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ingly", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _at_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Move both ends to the nearest space inwards; where none is near, cut between any two signs."""
    start, end = max(0, start), min(len(text), end)
    if start:
        space = text.find(" ", start, start + 25)
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", max(start, end - 25), end)
        end = space if space >= 0 else end
    return start, end
