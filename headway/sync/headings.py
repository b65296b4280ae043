"""Headings as they are compared, and headings that mean a field."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

_CUSTOM = re.compile(
    r"^(?:custom field|campo personalizado|campo personalizzato|benutzerdefiniertes feld|champs? personnalises?|"
    r"aangepast veld|anpassat falt|pole niestandardowe)\s*\((.+)\)$"
)
_LINK = re.compile(
    r"^(?P<way>outward|inward)? ?(?:issue|work item) link \((?P<type>.+)\)$"
    r"|^(?:enlace|vinculo) .*\b(?P<way_es>saliente|entrante|externo|externa|interno|interna|salida|entrada|"
    r"hacia fuera|hacia afuera|hacia dentro|hacia adentro)\b.*\((?P<type_es>.+)\)$"
)
_INWARD = frozenset({"inward", "entrante", "interno", "interna", "entrada", "hacia dentro", "hacia adentro"})
_KEY = re.compile(r"[A-Z][A-Z0-9_]*-\d+$")


def plain_heading(heading: str) -> str:
    """Return a heading without case, accents, underscores and the wrapping of a custom field."""
    text = unicodedata.normalize("NFKD", heading).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"[\s_\-]+", " ", text.replace("σ", "Σ")).strip()
    found = _CUSTOM.match(text)
    return found[1].strip() if found else text


def field_of(heading: str, known: Mapping[str, str]) -> str | None:
    """Return what a heading becomes by a table of plain headings, or as a link column; None where it is unknown."""
    plain = plain_heading(heading)
    if plain in known:
        return known[plain]
    link = _LINK.match(plain)
    if not link:
        return None
    way = link["way"] or link["way_es"]
    name = heading[heading.rfind("(") + 1 : heading.rfind(")")].strip()
    # An inward link is the other item's outward one; the reversed type keeps the direction readable.
    return f"link:{name} ←" if way in _INWARD else f"link:{name}"


def are_keys(cells: Sequence[str]) -> bool:
    """Say whether cells all look like a tracker's keys ("RFL-249"), each its own."""
    return bool(cells) and len(set(cells)) == len(cells) and all(_KEY.match(cell) for cell in cells)
