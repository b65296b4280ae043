"""Sizes as trackers write them."""

import pytest

from headway.sync.numbers import read_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8.0", 8.0),
        ("13", 13.0),
        ("2,5", 2.5),
        ("1.000,5", 1000.5),
        ("1,000.5", 1000.5),
        ("1,000", 1000.0),
        ("1'000", 1000.0),
        ("1 000,25", 1000.25),
        ("3 pts", 3.0),
        ("#5", 5.0),
        ("-1", -1.0),
        (".5", None),
        ("XL", None),
        ("", None),
        ("NULL", None),
    ],
)
def test_reads(text: str, expected: float | None) -> None:
    assert read_number(text) == expected


def test_a_column_with_decimal_commas_reads_three_places_as_decimals() -> None:
    assert read_number("1,125", decimal_comma=True) == 1.125
