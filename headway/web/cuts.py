"""What is new in a text that somebody has already: most of a board says the same after a card has moved.

A text is taken as pieces that begin at a row, a card or a lane. The new one is told as a list of runs of old pieces
([from, to), by number) and of texts. live.js puts it together with the same border between pieces.
"""

import re

Cut = list[list[int] | str]

_BORDER = re.compile(r"\n(?=<(?:article|section|tr|li)\b)")


def pieces_of(text: str) -> list[str]:
    """Return the pieces of a text; joined by line ends they are the text."""
    return _BORDER.split(text)


def cut_between(old: list[str], new: list[str]) -> Cut:
    """Return how to make the pieces `new` out of `old`. Linear; not always the shortest, where pieces repeat."""
    place = {piece: number for number, piece in reversed(list(enumerate(old)))}
    cut: Cut = []
    for piece in new:
        last = cut[-1] if cut else None
        if isinstance(last, list) and last[1] < len(old) and old[last[1]] == piece:
            last[1] += 1
        elif piece in place:
            cut.append([place[piece], place[piece] + 1])
        elif isinstance(last, str):
            cut[-1] = f"{last}\n{piece}"
        else:
            cut.append(piece)
    return cut


def put_together(old: str, cut: Cut) -> str:
    """Return the new text; what live.js does."""
    pieces = pieces_of(old)
    return "\n".join(part if isinstance(part, str) else "\n".join(pieces[part[0] : part[1]]) for part in cut)
