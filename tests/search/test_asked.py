"""What is typed is understood: filters, phrases, words to leave out, other forms of a word."""

import datetime as dt

import pytest

from headway.lib import clock
from headway.search.asked import Filters, since, understand


def typed(text: str, **given: str) -> list[str]:
    return [term.typed for term in understand(text, **given).terms]


def test_words_phrases_and_what_to_leave_out() -> None:
    asked = understand('price "before they pay" -draft sign-in')
    assert [term.typed for term in asked.terms] == ["price", "before they pay", "sign", "in"]
    assert asked.terms[1].readings[0].words == ("before", "they", "pay")
    assert not asked.terms[1].readings[0].is_beginning
    assert [term.typed for term in asked.without] == ["draft"]


def test_filters_are_read_in_any_order() -> None:
    asked = understand('KIND:items,kr price team:ant state:Open @ana cycle:"Q4 2026" since:2026-11-01')
    assert asked.filters == Filters(("item", "key_result"), "ant", "open", "Q4 2026", "ana", dt.date(2026, 11, 1))
    assert [term.typed for term in asked.terms] == ["price"]
    assert understand('@"Bo Berg"').filters.person == "Bo Berg"


def test_a_typed_filter_goes_before_a_chosen_one() -> None:
    chosen = Filters(kinds=("person",), state="done")
    assert understand("kind:item", filters=chosen).filters == Filters(kinds=("item",), state="done")


@pytest.mark.parametrize("text", ["kind:elephant", "state:odd", "since:tomorrowish", "team:", "@", "since:99999-01-01"])
def test_what_is_no_filter_is_said_or_is_a_word(text: str) -> None:
    asked = understand(f"{text} price")
    assert not asked.filters
    assert "price" in [term.typed for term in asked.terms]
    assert asked.unclear or len(asked.terms) >= 1


def test_unclear_filters_are_named() -> None:
    assert understand("kind:elephant price").unclear == ("kind:elephant",)


def test_since_knows_days_and_dates() -> None:
    assert since("2w") == clock.today() - dt.timedelta(days=14)
    assert since("2026-02-28") == dt.date(2026, 2, 28)
    assert since("2026-02-30") is None
    assert since("9999y") is not None


@pytest.mark.parametrize(
    ("language", "word", "form"),
    [
        ("en", "ordering", "order"),
        ("en", "pricing", "pric"),
        ("de", "Bestellungen", "bestell"),
        ("de", "Häuser", "haus"),
    ],
)
def test_other_forms_of_a_word_are_looked_for(language: str, word: str, form: str) -> None:
    readings = understand(word, language=language).terms[0].readings
    assert (form,) in [reading.words for reading in readings[1:]]


def test_a_short_stem_is_a_word_of_its_own() -> None:
    assert not understand("uses", language="en").terms[0].readings[1].is_beginning
    assert len(understand("ties", language="xx").terms[0].readings) == 2  # English is always read
    assert len(understand("4711er", language="de").terms[0].readings) == 1


def test_a_script_without_spaces_is_cut_into_signs() -> None:
    term = understand("仕様書").terms[0]
    assert term.readings[0].words == ("仕", "様", "書")
    assert term.marks == ("仕様書",)
