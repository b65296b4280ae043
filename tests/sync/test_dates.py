"""Dates as trackers write them."""

import datetime as dt

import pytest
from babel import Locale

from headway.sync.dates import LIKELY_LANGUAGES, DateColumn, DateReader, months_of, read_month_names

PLUS_2 = dt.timezone(dt.timedelta(hours=2))


def moment(text: str, *, order: str = "dmy", language: str = "en", zone: dt.tzinfo = dt.UTC) -> str:
    read = DateReader(zone, order, months_of(language)).read(text)
    assert read is not None
    return read.at.strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("11/abr/26 9:33 AM", "es", "2026-04-11 09:33"),
        ("01/sept/26 12:05 p. m.", "es", "2026-09-01 12:05"),
        ("01/sep/26 12:05 AM", "es", "2026-09-01 00:05"),
        ("10/Jan/26 11:19 PM", "en", "2026-01-10 23:19"),
        ("12-Jan-2026", "en", "2026-01-12 00:00"),
        ("Jan 10, 2026 3:04 PM", "en", "2026-01-10 15:04"),
        ("Tue, 10 Jan 2026 11:00:00 +0000", "en", "2026-01-10 11:00"),
        ("10 de enero de 2026 15:00", "es", "2026-01-10 15:00"),
        ("10. März 2026", "de", "2026-03-10 00:00"),
        ("10/Mrz/26 14:00", "de", "2026-03-10 14:00"),
        ("10/févr./26 3:04 PM", "fr", "2026-02-10 15:04"),
        ("2026年1月10日 下午3:04", "zh", "2026-01-10 15:04"),
        ("10/1월/26 오후 3:04", "ko", "2026-01-10 15:04"),
        ("2025-09-25T19:50:51.624-0500", "en", "2025-09-26 00:50"),
        ("2025-09-25T19:50Z", "en", "2025-09-25 19:50"),
        ("2025-09-25 10:00:01 +02:00", "en", "2025-09-25 08:00"),
        ("2025/09/25", "en", "2025-09-25 00:00"),
        ("13.05.2025 14:30", "en", "2025-05-13 14:30"),
    ],
)
def test_reads_forms_of_many_trackers(text: str, language: str, expected: str) -> None:
    assert moment(text, language=language) == expected


def test_reads_month_first_where_the_column_says_so() -> None:
    assert moment("5/13/25", order="mdy") == "2025-05-13 00:00"
    assert moment("12/23/2025, 10:00:00 PM", order="mdy") == "2025-12-23 22:00"


def test_a_date_without_a_zone_is_of_the_teams_zone() -> None:
    assert moment("10/Jan/26 11:19 AM", zone=PLUS_2) == "2026-01-10 09:19"
    assert moment("2026-01-10T11:19Z", zone=PLUS_2) == "2026-01-10 11:19"


@pytest.mark.parametrize("text", ["31/11/26 09:12", "soon", "12", "10/xyz/26", "2026-13-01", "10/Jan/26 25:00"])
def test_refuses_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        DateReader(dt.UTC, "dmy", months_of("en")).read(text)


@pytest.mark.parametrize("text", ["", "  ", "NULL", "None", "-", "N/A"])
def test_an_empty_cell_is_no_moment(text: str) -> None:
    assert DateReader(dt.UTC).read(text) is None


@pytest.mark.parametrize("language", LIKELY_LANGUAGES)
def test_reads_every_month_of_every_likely_language(language: str) -> None:
    """Month names come from Babel: a short name with its dot, as Jira prints it."""
    for number, name in Locale.parse(language).months["format"]["abbreviated"].items():
        assert moment(f"10/{name}/26 9:05", language=language) == f"2026-{number:02}-10 09:05"


def column(*cells: str) -> DateColumn:
    seen = DateColumn()
    for cell in cells:
        seen.see(cell)
    return seen


def test_one_cell_decides_for_its_column() -> None:
    assert column("05/11/26", "13/11/26").order == "dmy"
    assert column("5/6/25", "5/13/25").order == "mdy"


def test_a_wrong_cell_does_not_turn_the_column() -> None:
    assert column("05/11/26", "31/11/26", "13/11/26", "11/13/26").order == "dmy"


def test_a_column_that_decides_nothing_is_open() -> None:
    seen = column("05/11/26", "06/11/26")
    assert seen.order is None
    assert seen.is_order_open
    assert not column("2026-11-05").is_order_open


def test_month_names_find_their_language() -> None:
    assert read_month_names(["abr", "ene"]).languages[0] == "es"
    assert read_month_names(["jan", "apr"]).languages == ("en",)
    assert read_month_names([]).months == {}


def test_month_names_of_two_languages_are_asked() -> None:
    """ "listopada" is November in Poland and October in Croatia."""
    assert read_month_names(["listopada"]).is_open
    assert not read_month_names(["listopada"], prefer=["hr"]).is_open
    assert read_month_names(["listopada"], prefer=["hr"]).months["listopada"] == 10


def test_a_name_that_no_language_knows_leaves_the_others_readable() -> None:
    assert read_month_names(["jan", "xyz"]).months["jan"] == 1
