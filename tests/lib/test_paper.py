"""Paper: what people wrote is set as text, whatever it is, and a page that cannot be set harms nobody."""

import pytest

from headway.lib import paper

SHOW = "#let data = json(bytes(sys.inputs.data))\n#set document(date: none)\n#data.text"


def test_a_page_is_a_pdf_and_the_same_each_time() -> None:
    made = paper.pdf(SHOW, {"text": "Order again in one tap"})
    assert made.startswith(b"%PDF-")
    assert made == paper.pdf(SHOW, {"text": "Order again in one tap"})


@pytest.mark.parametrize(
    "text",
    [
        "#panic()",
        '#import "x.typ": y',
        "*bold* _under_ `raw` $x$ <label> @ref // no = 1. + - /",
        "] } ) \\ \" ' ~ \u0000",
        "W" * 5000,
        "🎉 عربي עברית 日本語 \u202e\u200f",
        "",
    ],
)
def test_whatever_people_write_is_text(text: str) -> None:
    assert paper.pdf(SHOW, {"text": text}).startswith(b"%PDF-")


def test_a_page_that_cannot_be_set_says_why() -> None:
    with pytest.raises(paper.CannotPrint, match="unknown variable"):
        paper.pdf("#nonsense", {})


def test_who_waits_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "WAIT_SECONDS", 0)
    assert paper._turns.acquire(timeout=60)
    try:
        with pytest.raises(paper.Busy):
            paper.pdf(SHOW, {"text": ""})
    finally:
        paper._turns.release()
    assert paper.pdf(SHOW, {"text": ""}).startswith(b"%PDF-")


def test_what_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "SECONDS", 0.01)
    with pytest.raises(paper.CannotPrint, match="stopped"):
        paper.pdf(SHOW, {"text": ""})
