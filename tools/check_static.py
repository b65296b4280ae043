"""Style sheets and scripts: the rules of the house that no linter knows."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

STATIC = Path("headway/web/static")

COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\("
    r"|(?<![\w-])(white|black|red|green|blue|gr[ae]y|yellow|orange|purple|pink|brown|silver|navy|teal)(?![\w-])",
    re.IGNORECASE,
)
PHYSICAL = re.compile(r"^((margin|padding|border|scroll-margin|scroll-padding)-(left|right)\b|(left|right)$)")


def main() -> int:
    """Print what is wrong, one line each; return 1 if anything is."""
    wrong = []
    sheets = sorted((STATIC / "css").rglob("*.css"))
    for sheet in sheets:
        for line, selector, name, value in declarations(sheet.read_text()):
            wrong += [f"{sheet}:{line}: {reason}" for reason in _wrong_with(sheet.name, selector, name, value)]
    scripts = sorted((STATIC / "js").rglob("*.js"))
    for script in scripts:
        for number, text in enumerate(script.read_text().splitlines(), 1):
            if re.match(r"\s*(import|export)\b.*\bfrom\s*[\"'][^\"']+[\"']\s*$", text) or re.match(
                r"\s*import\s*[\"'][^\"']+[\"']\s*$", text
            ):
                wrong.append(f"{script}:{number}: no semicolon: the name of the module would not get its hash")
            if re.search(r"\beval\(|new Function\(|\.innerHTML\s*=", text):
                wrong.append(f"{script}:{number}: a string made into code or HTML")
    print("\n".join(wrong) or f"{len(sheets)} style sheets and {len(scripts)} scripts keep the rules")
    return 1 if wrong else 0


def _wrong_with(sheet: str, selector: str, name: str, value: str) -> Iterator[str]:
    """Say what is wrong with a declaration; one without a name is a selector on its own."""
    if not name:
        if re.search(r"#[\w-]", re.sub(r"\[[^\]]*\]|\"[^\"]*\"", "", selector)):
            yield f"{selector}: an id in a selector"
        return
    if "!important" in value:
        yield f"{name}: !important: use the layers"
    if sheet != "tokens.css" and COLOUR.search(re.sub(r"url\([^)]*\)|\"[^\"]*\"|var\(--[\w-]+", "", value)):
        yield f"{name}: {value}: a raw colour outside tokens.css"
    if PHYSICAL.match(name):
        yield f"{name}: left and right turn round in right-to-left scripts: use the logical property"
    if name in {"text-align", "float", "clear"} and value in {"left", "right"}:
        yield f"{name}: {value}: use start or end"


def declarations(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, selector, name and value of each declaration, and each selector once without name and value."""
    text = re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.DOTALL)
    selectors: list[str] = []
    start, depth, quote = 0, 0, ""
    for position, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif depth == 0 and sign in "{};":
            piece = text[start:position].strip()
            line = text.count("\n", 0, position) + 1
            if sign == "{":
                selectors.append(piece)
                if not piece.startswith("@"):
                    yield line, piece, "", ""
            elif piece and not piece.startswith("@"):
                name, _, value = piece.partition(":")
                yield line, selectors[-1] if selectors else "", name.strip(), value.strip()
            if sign == "}" and selectors:
                selectors.pop()
            start = position + 1


if __name__ == "__main__":
    sys.exit(main())
