"""Templates: each compiles, and none holds what the Content-Security-Policy or the house forbids."""

import re
import sys
from pathlib import Path

import django
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from jinja2 import TemplateSyntaxError

TEMPLATES = Path("headway/web/templates")

FORBIDDEN = [
    (r"\sstyle\s*=", "an inline style: the policy drops it; use a class, or SVG geometry"),
    (r"<style\b", "a style element: the policy drops it"),
    (r"\son[a-z]+\s*=\s*[\"']", "an inline event handler: the policy drops it; bind a behaviour"),
    (r"\shx-on[:-]", "hx-on needs eval, which the policy forbids"),
    (r"<script\b(?![^>]*\b(src|type=\"(application/json|speculationrules|importmap)\"))", "an inline script"),
    (r"(href|action|src|hx-(get|post|put|patch|delete))=\"/", "a hard-coded address: use url() or static()"),
    (r"https?://(?!www\.w3\.org/)[^\s\"']+\.(js|css|woff2?)\b", "a file of another host: vendor it"),
    (r"\b(fill|stroke|stop-color)=\"(#|rgb|hsl|okl)", "a raw colour: use a class"),
    (r"\|\s*safe\b", "safe: build HTML in a macro, or return Markup from a place that is tested"),
]


def main() -> int:
    """Print what is wrong, one line each; return 1 if anything is."""
    django.setup()
    engine = engines["jinja2"]
    assert isinstance(engine, Jinja2)
    wrong = []
    for path in sorted(TEMPLATES.rglob("*.*")):
        name = str(path.relative_to(TEMPLATES))
        try:
            engine.env.get_template(name)
        except TemplateSyntaxError as error:
            wrong.append(f"{path}:{error.lineno}: {error.message}")
        wrong += _forbidden_in(path)
    print("\n".join(wrong) or f"{len(list(TEMPLATES.rglob('*.*')))} templates compile")
    return 1 if wrong else 0


def _forbidden_in(path: Path) -> list[str]:
    # A comment may name what is forbidden; blanked, so that line numbers stay.
    text = re.sub(r"\{#.*?#\}", lambda match: re.sub(r"[^\n]", " ", match[0]), path.read_text(), flags=re.DOTALL)
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {reason}"
        for pattern, reason in FORBIDDEN
        for match in re.finditer(pattern, text)
    ]


if __name__ == "__main__":
    sys.exit(main())
