"""Language, region and time zone: the person's, else the organisation's; with a language that was dropped in."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

from headway.lib import formats
from headway.live.history import undo
from headway.live.models import Change
from headway.people import actions, local
from headway.people.access import Forbidden
from headway.people.models import Organisation, Person
from tests.world import World, make_world

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 11, 18, 23, 30, tzinfo=dt.UTC)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.mark.parametrize(
    ("code", "day", "number", "hour"),
    [
        ("en-GB", "Wed 18 Nov", "1,240.5", "23:30"),
        ("en-US", "Wed, Nov 18", "1,240.5", "11:30\N{NARROW NO-BREAK SPACE}PM"),
        ("de-CH", "Mi., 18. Nov.", "1’240.5", "23:30"),
        ("fr-FR", "mer. 18 nov.", "1\N{NARROW NO-BREAK SPACE}240,5", "23:30"),
    ],
)
def test_dates_and_numbers_are_written_as_in_the_region(code: str, day: str, number: str, hour: str) -> None:
    organisation = Organisation(time_zone="UTC", locale=code)
    with local.in_place_of(None, organisation):
        assert formats.week_day(AT) == day
        assert formats.number(1240.5) == number
        assert formats.hour(AT) == hour
        assert gettext("Save") == "Save"  # texts stay English where there are no others
    assert translation.get_language() == "en"


def test_a_person_goes_before_the_organisation() -> None:
    organisation = Organisation(time_zone="Europe/Vienna", locale="de-AT", week_start=0)
    person = Person(locale="en-US", time_zone="Asia/Tokyo", week_start=6)
    with local.in_place_of(person, organisation):
        assert timezone.localdate(AT) == dt.date(2026, 11, 19)
        assert formats.day(AT) == "Nov 19"
    with local.in_place_of(Person(), organisation):
        assert timezone.localdate(AT) == dt.date(2026, 11, 19)
        assert formats.hour(AT) == "00:30"
    assert local.week_start_of(person, organisation) == 6
    assert local.week_start_of(Person(), organisation) == 0
    assert local.week_start_of(Person(week_start=0), Organisation(week_start=6)) == 0


def test_a_person_chooses_and_takes_it_back(world: World) -> None:
    person = world.people["cy"]
    chosen = {"locale": "fr-CA", "time_zone": "America/Toronto", "week_start": 6}
    actions.place_person(person, by=world.cy, **chosen)  # type: ignore[arg-type]
    row = Person.objects.get(pk=person.pk)
    assert (row.locale, row.time_zone, row.week_start) == ("fr-CA", "America/Toronto", 6)
    undo(Change.objects.latest("pk"), by=world.cy)
    row.refresh_from_db()
    assert (row.locale, row.time_zone, row.week_start) == ("", "", None)


def test_nobody_places_somebody_else_and_nothing_unknown_is_kept(world: World) -> None:
    for actor in (world.di, world.ana, world.eve):
        with pytest.raises(Forbidden):
            actions.place_person(world.people["cy"], by=actor, locale="fr-CA", time_zone="", week_start=None)
    for fields in ({"locale": "xx-XX"}, {"time_zone": "Mars/Olympus"}, {"week_start": 7}):
        values: dict[str, Any] = {"locale": "", "time_zone": "", "week_start": None} | fields
        with pytest.raises(ValidationError):
            actions.place_person(world.people["cy"], by=world.cy, **values)
    assert not Change.objects.filter(name="person.placed").exists()


def test_the_profile_and_what_it_changes(world: World, client: Client) -> None:
    client.force_login(world.people["cy"])
    place = {"kind": "place", "locale": "en-US", "time_zone": "Asia/Tokyo", "week_start": "6"}
    assert client.post("/settings/me/", place).status_code == 302
    page = client.get("/settings/me/").content.decode()
    assert '<html lang="en"' in page
    assert '<option value="Asia/Tokyo" selected>' in page
    assert client.post("/settings/me/", place | {"time_zone": "Mars/Olympus"}).status_code == 422
    assert client.post("/settings/me/", {"kind": "name", "name": "Cy Kohl"}).status_code == 302
    assert Person.objects.get(pk=world.people["cy"].pk).time_zone == "Asia/Tokyo"


# A language that somebody drops in


@pytest.fixture
def arabic(tmp_path: Path, settings: Any) -> Path:
    """A tiny right-to-left language of six plurals."""
    catalogue = Catalog(locale="ar")
    catalogue.add("Save", "احفظ")
    catalogue.add("Settings", "الإعدادات")
    catalogue.add(("%(count)s d", "%(count)s d"), [f"{form}:%(count)s" for form in range(6)])
    folder = tmp_path / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, catalogue)
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [("en", "English"), ("ar", "ar")]
    translation.trans_real._translations.clear()
    yield tmp_path  # type: ignore[misc]
    translation.trans_real._translations.clear()


def test_texts_plurals_direction_and_formats_follow_it(world: World, client: Client, arabic: Path) -> None:
    with local.in_place_of(Person(locale="ar-EG"), world.organisation):
        assert translation.get_language() == "ar-eg"
        assert gettext("Save") == "احفظ"
        forms = [ngettext("%(count)s d", "%(count)s d", count)[0] for count in (0, 1, 2, 3, 100, 11)]
        assert forms == list("012345")
        assert translation.get_language_bidi()
        assert formats.day(AT) == "19 نوفمبر" if timezone.localdate(AT).day == 19 else "18 نوفمبر"
    world.people["cy"].locale = "ar-EG"
    world.people["cy"].save()
    client.force_login(world.people["cy"])
    page = client.get("/settings/me/").content.decode()
    assert '<html lang="ar" dir="rtl"' in page
    assert "الإعدادات" in page
