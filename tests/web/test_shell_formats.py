"""How figures and dates are written, and the parts that draw them."""

import datetime as dt

import pytest
from django.template import engines
from django.utils import timezone, translation

from headway.web import formats

TUESDAY = dt.date(2026, 11, 17)
EVENING = dt.datetime(2026, 11, 18, 23, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def now(settings):
    settings.TEST_NOW = "2026-11-17T10:00:00+00:00"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (lambda: formats.day(TUESDAY), "17 Nov"),
        (lambda: formats.day(dt.date(2026, 1, 2)), "2 Jan"),
        (lambda: formats.day(dt.date(2027, 2, 1)), "1 Feb"),
        (lambda: formats.day(dt.date(2025, 11, 17)), "17 Nov 2025"),
        (lambda: formats.full_day(TUESDAY), "17 Nov 2026"),
        (lambda: formats.week_day(TUESDAY), "Tue 17 Nov"),
        (lambda: formats.long_day(TUESDAY), "Tuesday 17 November"),
        (lambda: formats.moment(EVENING), "Wed 18 Nov 23:30"),
        (lambda: formats.age(5), "5 d"),
        (lambda: formats.age(0), "new"),
        (lambda: formats.age(TUESDAY - dt.timedelta(days=19)), "19 d"),
        (lambda: formats.number(1240), "1,240"),
        (lambda: formats.number(46.4), "46.4"),
        (lambda: formats.number(3, 1), "3.0"),
        (lambda: formats.number(-0.04, 1), "0.0"),
        (lambda: formats.number(-12), "−12"),
        (lambda: formats.signed(1.5, 1), "+1.5"),
        (lambda: formats.signed(-0.12, 1), "−0.1"),
        (lambda: formats.signed(0.01, 1), "0.0"),
        (lambda: formats.percent(0.714), "71\u202f%"),
        (lambda: formats.span(0.5, 2), "0.5 to 2.0"),
        (lambda: formats.with_unit(46.4, "%"), "46.4\u202f%"),
        (lambda: formats.with_unit(-3.86, "€"), "−€3.86"),
        (lambda: formats.money(5600), "€5,600"),
        (lambda: formats.money(-5600.4), "−€5,600"),
        (lambda: formats.money(-0.2), "€0"),
        (lambda: formats.money(5600, "JPY"), "JP¥5,600"),
    ],
)
def test_written_as_the_design_says(written, expected):
    assert written() == expected


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf")])
@pytest.mark.parametrize("write", [formats.number, formats.signed, formats.percent, formats.money, formats.with_unit])
def test_what_is_no_figure_is_a_dash(write, nothing):
    assert write(nothing) == "–"


@pytest.mark.parametrize("write", [formats.day, formats.full_day, formats.week_day, formats.long_day, formats.moment])
def test_no_date_is_a_dash(write):
    assert write(None) == "–"


def test_the_time_is_that_of_the_organisation():
    with timezone.override("Europe/Berlin"):
        assert formats.moment(EVENING) == "Thu 19 Nov 00:30"
        assert formats.day(EVENING) == "19 Nov"


def test_another_language_writes_in_its_own_way():
    with translation.override("de"):
        assert formats.number(1240.5, 1) == "1.240,5"
        assert formats.week_day(TUESDAY) == "Di., 17. Nov."


def draw(call: str, **context: object) -> str:
    env = engines["jinja2"].env  # type: ignore[attr-defined]
    source = '{% import "_macros.html" as ui %}{{ ' + call + " }}"
    return str(env.from_string(source).render(**context))


def test_the_pair_says_both_figures_and_draws_both_bars():
    html = draw("ui.pair(0.714, 0.5, 0.62)")
    assert 'aria-label="Delivered 71\u202f%, moved 50\u202f%, time used 62\u202f%"' in html
    assert 'width="71.40%"' in html
    assert 'class="f-acc" x="0" y="11" width="50.00%"' in html


def test_the_pair_draws_no_bar_for_what_is_unknown_and_never_beyond_its_end():
    html = draw("ui.pair(1.4, none)")
    assert "moved unknown" in html
    assert "f-acc" not in html
    assert 'width="140' not in html
    assert 'width="100.00%"' in html


def test_a_range_lies_between_its_ends():
    html = draw("ui.range_bar(1, 2.5, 4.5, 0, 6, unit='points')")
    assert 'aria-label="1.0 to 4.5\u202fpoints, middle 2.5"' in html
    assert 'x="16.67%" width="58.33%"' in html
    assert 'x="41.67%"' in html


def test_a_range_beyond_the_axis_is_cut_at_its_ends():
    html = draw("ui.range_bar(-3, 1, 9, 0, 6)")
    assert 'x="0.00%" width="100.00%"' in html


def test_an_axis_of_no_width_divides_by_nothing():
    assert 'x="0.00%"' in draw("ui.range_bar(0, 0, 0, 0, 0)")


def test_a_name_cannot_break_out_of_a_tag():
    html = draw("ui.kr_tag(name, name)", name='"><script>')
    assert "<script>" not in html


def test_an_empty_key_result_is_dashed():
    assert 'class="kr none"' in draw("ui.kr_tag()")
    assert "Health" in draw('ui.kr_tag(instead="Health")')


def test_verdict_squares_are_filled_and_said():
    html = draw('ui.verdict_squares(3, "Partly")')
    assert html.count('class="f"') == 3
    assert html.count("<i") == 5
    assert 'aria-label="Verdict 3 of 5"' in html


def test_a_button_declares_its_key():
    assert 'data-key="n"' in draw('ui.button("Not now", key="n")')
    assert draw('ui.button("Go", href="/x/", hx_get="/y/", disabled=false)').startswith(
        '<a class="btn" href="/x/" hx-get="/y/">'
    )


def test_a_misspelt_name_fails_instead_of_leaving_a_hole():
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        draw("misspelt")
