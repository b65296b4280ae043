"""Put mistyped words right: by the words that stand in the titles of the organisation, none of another.

The words are kept in this process for a minute, as one person's slip is often followed by the next.
"""

import time
from collections import Counter
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from . import fulltext
from .fulltext import Scope
from .words import is_unspaced

KEPT_SECONDS = 60
MOST_ORGANISATIONS = 8
LOOKED_AT = 8


@dataclass(frozen=True)
class _Known:
    words: Counter[str]
    until: float


_kept: dict[int, _Known] = {}


def forget() -> None:
    """Read the words anew when they are needed next."""
    _kept.clear()


def corrected(word: str, organisation_id: int) -> str | None:
    """Return the known word that `word` most likely stands for; None where it is known itself, or like none.

    One slip (a letter wrong, missing, too many, or two swapped) in a word of four letters, two from eight on. One query
    where the words are not at hand.
    """
    slips = 0 if len(word) < 4 or word.isdigit() or is_unspaced(word) else 1 if len(word) < 8 else 2
    if not slips:
        return None
    known = _words_of(organisation_id)
    if any(one.startswith(word) for one in known):
        return None
    whole = process.extract(word, known.keys(), scorer=OSA.distance, score_cutoff=slips, limit=LOOKED_AT)
    found = [(distance, one) for one, distance, _place in whole]
    if not found:
        # What is typed may be the beginning of a longer word.
        begun = {one[: len(word)]: one for one in sorted(known, key=lambda one: known[one]) if len(one) > len(word)}
        near = process.extract(word, begun.keys(), scorer=OSA.distance, score_cutoff=slips, limit=LOOKED_AT)
        found = [(distance, begun[one]) for one, distance, _place in near]
    found.sort(key=lambda pair: (pair[0], pair[1][0] != word[0], -known[pair[1]], pair[1]))
    return found[0][1] if found else None


def _words_of(organisation_id: int) -> Counter[str]:
    now = time.monotonic()
    known = _kept.get(organisation_id)
    if known is None or known.until < now:
        known = _Known(fulltext.vocabulary(Scope(organisation_id)), now + KEPT_SECONDS)
        if len(_kept) >= MOST_ORGANISATIONS:
            _kept.pop(next(iter(_kept)), None)
        _kept[organisation_id] = known
    return known.words
