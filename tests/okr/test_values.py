import pytest

from headway.okr.actions import propose_short_name
from headway.okr.values import NotAValue, read_value, split_value, write_value


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("46.4", "%", 46.4),
        ("46,4 %", "%", 46.4),
        ("1,250.5", "", 1250.5),
        ("1.250,5", "", 1250.5),
        ("1,250", "", 1250),
        ("1 250", "", 1250),
        ("−2", "h", -2),
        ("-0.5", "", -0.5),
        ("€3.86", "€", 3.86),
        ("3.86 EUR", "€", 3.86),
        ("45 minutes", "min", 45),
        ("7 per cent", "%", 7),
        ("99.95%", "", 99.95),
    ],
)
def test_numbers_are_read_as_people_write_them(text, unit, value):
    assert read_value(text, unit=unit) == value


@pytest.mark.parametrize("text", ["", "many", "3 of 5", "about 3 %", "1:3.7", "Q3 2026", "12.5.2026 h"])
def test_what_is_no_single_number_is_refused(text):
    with pytest.raises(NotAValue):
        read_value(text, unit="%")


def test_another_unit_is_refused_and_named():
    with pytest.raises(NotAValue) as refused:
        read_value("5 h", unit="%")
    assert refused.value.unit == "h"
    assert split_value("5 h") == (5, "h")


def test_written_values_carry_no_float_dust():
    assert write_value(0.1 + 0.2, "h") == "0.3 h"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Orders sent back by a pharmacist stay under 2.5 %", "Orders sent"),
        ("Increase the share of repeat orders", "Repeat orders"),
        ("Anteil der Bestellungen ohne Anruf", "Anteil Bestellungen"),
        ("10 of 12", "10 of"),
        ("…", ""),
    ],
)
def test_the_short_name_is_two_telling_words(title, name):
    assert propose_short_name(title) == name
