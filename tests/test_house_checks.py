"""The checks of the house find what they are for: a check that cannot fail checks nothing."""

from pathlib import Path

import pytest

from tools import check_static, check_templates, check_words, texts


def _names(css: str, sheet: str = "board.css") -> str:
    return " ".join(
        reason
        for _, selector, name, value in check_static.declarations(css)
        for reason in check_static._wrong_with(sheet, selector, name, value)
    )


@pytest.mark.parametrize(
    ("css", "told"),
    [
        (".a { color: #fff }", "raw colour"),
        (".a { background: color-mix(in oklab, var(--ink) 8%, white); }", "raw colour"),
        (".a { border: 1px solid rgb(0 0 0 / 10%) }", "raw colour"),
        (".a { margin: 0 !important }", "!important"),
        ("#top { margin: 0 }", "an id"),
        (".a { & #top { margin: 0 } }", "an id"),
        (".a { margin-left: 1px }", "left and right"),
        ("@media print { .a { left: 0 } }", "left and right"),
        (".a { text-align: right }", "start or end"),
    ],
)
def test_a_style_that_breaks_the_rules_is_told(css: str, told: str) -> None:
    assert told in _names(css)


@pytest.mark.parametrize(
    "css",
    [
        ".a { color: var(--ink); background: color-mix(in oklab, var(--white) 8%, transparent) }",
        '.a[href="#top"]:hover { margin-inline-start: 1px; text-align: end }',
        ".a { background: url(\"data:image/svg+xml;utf8,<svg fill='#fff'/>\") }",
        "/* #fff !important */ @layer base, pages; .white-space { white-space: nowrap }",
    ],
)
def test_a_style_that_keeps_the_rules_is_not_told(css: str) -> None:
    assert _names(css) == ""


def test_raw_colours_are_at_home_in_the_tokens() -> None:
    assert _names(":root { --ink: #111 }", sheet="tokens.css") == ""


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color: red">',
        "<style>",
        '<button onclick="go()">',
        "<script>go()</script>",
        '<a href="/t/ANT/">',
        '<script src="https://cdn.example/x.js">',
        '<rect fill="#fff">',
    ],
)
def test_a_template_that_breaks_the_policy_is_told(html: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"{{# <style> in a comment #}}\n{html}\n")
    found = check_templates._forbidden_in(path)
    assert found
    assert all(line.startswith(f"{path}:2:") for line in found)


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ("<p>Plain words</p>", ["Plain words"]),
        ('<p title="Plain words"></p>', ["Plain words"]),
        ('<input type="submit" value="Save">', ["Save"]),
        ("<p>{{ n }} items</p>", ["… items"]),
        ("<p>{% if a %}yes{% endif %}</p>", ["yes"]),
        ('<p class="plain words">{{ _("Words") }}</p>', []),
        ("<p>{% trans n=3 %}{{ n }} item{% pluralize %}{{ n }} items{% endtrans %} · –</p>", []),
        ("<code>headway serve</code><kbd>Esc</kbd><!-- words -->{# words #}", []),
        ('<{{ tag }} class="a b">{{ text }}</{{ tag }}>', []),
        ("{% set class %}btn wide{% endset %}", []),
    ],
)
def test_words_outside_gettext_are_told(html: str, told: list[str], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(html)
    assert [line.split("'")[1] for line in texts.untranslated(path)] == told


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ('_(f"{n} items")', 1),
        ('_("a" + b)', 1),
        ('ngettext("one", many, n)', 1),
        ('_("%(n)s items") % {"n": n}', 0),
        ('ngettext("one", "many", n)', 0),
        ('_("one " "text")', 0),
    ],
)
def test_texts_put_together_at_run_time_are_told(code: str, count: int, tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text(code)
    assert len(list(texts.unextractable(path))) == count


def test_a_translation_that_lost_a_placeholder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "django.po"
    path.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        '#, python-format\nmsgid "%(n)s items"\nmsgstr "%(m)s Dinge"\n'
    )
    assert list(texts.mistakes(path))


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("see " + "/ho" + "me/ana/notes", True),
        ("# TO" + "DO later", True),
        ("<" * 7 + " HEAD", True),
        ("the column to do; Category.TODO", False),
        ("https://example.org/homepage/", False),
    ],
)
def test_forbidden_words_are_told(text: str, is_wrong: bool) -> None:
    assert any(pattern.search(text) for pattern, _ in check_words.FORBIDDEN) is is_wrong
