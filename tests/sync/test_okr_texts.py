import datetime as dt

import pytest

from headway.sync.okrs.periods import read_period, without_period
from headway.sync.okrs.texts import FromTo, match_key, read_from_to, read_line


@pytest.mark.parametrize(
    ("text", "name", "starts_on", "ends_on"),
    [
        ("2018 Q3", "Q3 2018", (2018, 7, 1), (2018, 9, 30)),
        ("OKRs 2018-Q4", "Q4 2018", (2018, 10, 1), (2018, 12, 31)),
        ("Q1'26", "Q1 2026", (2026, 1, 1), (2026, 3, 31)),
        ("Q1 FY21 goals", "Q1 FY2021", (2021, 1, 1), (2021, 3, 31)),
        ("FY20-Q3", "Q3 FY2020", (2020, 7, 1), (2020, 9, 30)),
        ("1. Quartal 2026", None, None, None),
        ("Quartal 2 2026", "Q2 2026", (2026, 4, 1), (2026, 6, 30)),
        ("Trimestre 3 de 2026", "Q3 2026", (2026, 7, 1), (2026, 9, 30)),
        ("H2 2026", "H2 2026", (2026, 7, 1), (2026, 12, 31)),
        ("February 2024", "February 2024", (2024, 2, 1), (2024, 2, 29)),
        ("2026-02", "February 2026", (2026, 2, 1), (2026, 2, 28)),
        ("2020", "2020", (2020, 1, 1), (2020, 12, 31)),
        ("Q3", None, None, None),
        ("from Q3 2018 to Q4 2018", None, None, None),
        ("v20.18 release", None, None, None),
        ("Serve 2,018 people", None, None, None),
    ],
)
def test_periods_are_read_however_they_are_written(text, name, starts_on, ends_on):
    period = read_period(text)
    if name is None:
        assert period is None or period.name.isdigit()
        return
    assert period is not None
    assert (period.name, period.starts_on, period.ends_on) == (name, dt.date(*starts_on), dt.date(*ends_on))


def test_the_rest_of_a_heading_is_told_from_its_period():
    assert without_period("OKRs 2018 Q3") == "OKRs"
    assert without_period("2018 Q3") == ""
    assert without_period("Nothing here") == "Nothing here"


@pytest.mark.parametrize(
    ("text", "mark", "said", "score"),
    [
        ("KR: Ten people try it => 0.7", "key_result", "Ten people try it", "0.7"),
        ("KR1.2 Ten people try it", "key_result", "Ten people try it", ""),
        ("**", "", "**", ""),
        ("Key Result 2: Ten people try it", "key_result", "Ten people try it", ""),
        ("Resultado clave: Diez personas", "key_result", "Diez personas", ""),
        ("Objective 1: Ordering is easy", "objective", "Ordering is easy", ""),
        ("O2 - Ordering is easy", "objective", "Ordering is easy", ""),
        ("Ziel: Bestellen ist leicht", "objective", "Bestellen ist leicht", ""),
        ("[x] Ten people try it", "", "Ten people try it", "[x]"),
        ("[ ] Ten people try it (WIP: two so far)", "", "Ten people try it", "WIP: two so far"),
        ("Hire ten people: 8/10 (80%)", "", "Hire ten people", "8/10 (80%)"),
        ("Ten people try it (0.4)", "", "Ten people try it", "0.4"),
        ("1. Ten people try it", "", "Ten people try it", ""),
        ("2 teams use it", "", "2 teams use it", ""),
        ("Objectively better", "", "Objectively better", ""),
        ("Answer within 3 days (2 for bugs)", "", "Answer within 3 days (2 for bugs)", ""),
    ],
)
def test_marks_and_scores_are_taken_off(text, mark, said, score):
    line = read_line(text)
    assert (line.mark, line.text, line.score) == (mark, said, score)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Share of calls from 31 % to 52 %", FromTo(31, 52, "%")),
        ("Raise availability from 96.64% to a consistent 99.95%", FromTo(96.64, 99.95, "%")),
        ("Cut the list from 74 to less than 15", FromTo(74, 15, "")),
        ("Time from 72.3 minutes to 45 minutes (later 30)", FromTo(72.3, 45, "minutes")),
        ("Costs from €4.10 to €3.60 per parcel", FromTo(4.1, 3.6, "€")),
        ("Customers from 1,200 to 10k", FromTo(1200, 10000, "")),
        ("Revenue from $1.5M to $2M", FromTo(1.5e6, 2e6, "$")),
        ("Wartezeit von 9,5 auf 5 Tage", FromTo(9.5, 5, "Tage")),
        ("Pedidos de 31 % a 52 %", FromTo(31, 52, "%")),
        ("NPS 31 → 52", FromTo(31, 52, "")),
        ("Answered in an hour (baseline: 58 %, target: 80 %)", FromTo(58, 80, "%")),
        ("Grow by 20 %", None),
        ("Reach 100 subscribers", None),
        ("Move from 5 h to 30 %", None),
        ("From 10 to 20 users and from 5 to 6 teams", None),
        ("From 2018 to 2019", None),
        ("From 5 to 5 people", None),
        ("Ratio from 1:3.7 to 1:3", None),
        ("From January to March", None),
        ("From topline goal of 10 to 11", None),
    ],
)
def test_from_and_to_are_read_only_where_there_is_no_doubt(text, expected):
    assert read_from_to(text) == expected


def test_texts_are_compared_without_dress():
    assert match_key("  “Ten  People”. ") == match_key("ten people")
