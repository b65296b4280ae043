"""Public holidays: read from the library in the language of who asks, added once, taken back as one."""

import datetime as dt
import subprocess
import sys

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation

from headway.lib import clock
from headway.live.history import undo
from headway.live.models import Change
from headway.people import actions
from headway.people.models import Holiday, Team
from headway.people.public_holidays import countries, public_holidays, regions, years
from tests.world import World, make_world

pytestmark = pytest.mark.django_db

YEAR = clock.today().year + 1
NEW_YEAR, ALL_SAINTS, NATIONAL_DAY = dt.date(YEAR, 1, 1), dt.date(YEAR, 11, 1), dt.date(YEAR, 10, 26)
WHICH = {"country": "AT", "region": "", "year": str(YEAR)}


@pytest.fixture
def world() -> World:
    return make_world()


def named(day: dt.date, language: str, country: str = "AT") -> str:
    with translation.override(language):
        return next(name for name, first, _last in public_holidays(country, "", YEAR) if first == day)


def test_names_are_in_the_language_that_is_active_or_else_in_one_of_the_country() -> None:
    assert named(NEW_YEAR, "de") == "Neujahr"
    assert named(NEW_YEAR, "en-x-de-at") == "Neujahr"  # English texts, Austrian formats and names
    assert named(NEW_YEAR, "en") == "New Year's Day"
    assert named(NEW_YEAR, "fi") == "Neujahr"


def test_a_region_has_holidays_of_its_own() -> None:
    assert dict(regions("DE"))["BY"] == "Bayern"
    whole, bavaria = ({day for _name, day, _last in public_holidays("DE", region, YEAR)} for region in ("", "BY"))
    assert ALL_SAINTS in bavaria - whole
    assert not regions("MC")


def test_every_country_is_named_and_can_be_asked_for() -> None:
    with translation.override("de"):
        known = dict(countries())
    assert known["AT"] == "Österreich"
    assert len(known) > 200


@pytest.mark.parametrize(
    "asked", [("XX", "", YEAR), ("AT", "none such", YEAR), ("AT", "", years()[0] - 1), ("AT", "", years()[-1] + 1)]
)
def test_what_is_not_known_is_refused(asked: tuple[str, str, int]) -> None:
    with pytest.raises(ValidationError):
        public_holidays(*asked)
    if asked[0] == "XX":
        with pytest.raises(ValidationError):
            regions("XX")


def test_nobody_pays_for_the_library_before_it_is_asked_for() -> None:
    told = "import django; django.setup(); import headway.urls, sys; print('holidays' in sys.modules)"
    env = {"DJANGO_SETTINGS_MODULE": "headway.settings", "HEADWAY_SECRET_KEY": "x" * 50, "PATH": ""}
    found = subprocess.run([sys.executable, "-c", told], env=env, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False"]


# The page


def test_the_country_of_the_organisation_is_proposed_and_added_as_one(world: World, client: Client) -> None:
    world.organisation.locale = "de-AT"
    world.organisation.save()
    client.force_login(world.people["ana"])
    page = client.get("/t/ANT/holidays/public/").content.decode()
    assert '<option value="AT" selected>' in page
    page = client.get("/t/ANT/holidays/public/", WHICH).content.decode()
    assert f'value="{NATIONAL_DAY.isoformat()}" checked' in page
    days = [NEW_YEAR.isoformat(), NATIONAL_DAY.isoformat(), "2001-01-01"]
    answer = client.post("/t/ANT/holidays/public/", {**WHICH, "days": days}, follow=True)
    assert answer.redirect_chain == [("/t/ANT/holidays/", 302)]
    assert "2 holidays were added." in answer.content.decode()
    assert set(Holiday.objects.values_list("team", "first_on")) == {
        (world.team.pk, NEW_YEAR),
        (world.team.pk, NATIONAL_DAY),
    }
    assert not Team.objects.get(pk=world.team.pk).calendar.is_working(NATIONAL_DAY)
    assert Change.objects.filter(name="holidays.added").count() == 1
    undo(Change.objects.get(name="holidays.added"), by=world.ana)
    assert not Holiday.objects.exists()


def test_what_is_kept_is_neither_offered_nor_added_again(world: World, client: Client) -> None:
    long = {"first_on": dt.date(2020, 12, 24), "last_on": dt.date(2020, 12, 26)}
    actions.add_holiday(world.organisation, by=world.ana, name="Christmas", is_yearly=True, **long)
    client.force_login(world.people["ana"])
    page = client.get("/t/ANT/holidays/public/", WHICH).content.decode()
    assert f'value="{YEAR}-12-25"' not in page
    assert f'value="{YEAR}-01-06"' in page
    client.post("/t/ANT/holidays/public/", {**WHICH, "days": [f"{YEAR}-12-25", f"{YEAR}-01-06"]})
    assert list(Holiday.objects.filter(team=world.team).values_list("first_on", flat=True)) == [dt.date(YEAR, 1, 6)]
    client.post("/settings/holidays/public/", {**WHICH, "days": [f"{YEAR}-12-25", f"{YEAR}-01-06"]})
    own = Holiday.objects.filter(team=None).exclude(name="Christmas")
    assert list(own.values_list("first_on", flat=True)) == [dt.date(YEAR, 1, 6)]  # of everybody now, not of a team


@pytest.mark.parametrize("which", [{"country": "XX"}, {"country": "AT", "year": "1066"}, {"year": "x"}])
def test_a_question_that_cannot_be_answered_shows_no_days(world: World, client: Client, which: dict[str, str]) -> None:
    client.force_login(world.people["ana"])
    answer = client.get("/settings/holidays/public/", which)
    assert answer.status_code == 200
    assert 'name="days"' not in answer.content.decode()


def test_a_region_of_another_country_is_dropped(world: World, client: Client) -> None:
    client.force_login(world.people["ana"])
    page = client.get("/settings/holidays/public/", {"country": "AT", "region": "BY", "year": str(YEAR)})
    assert 'name="days"' in page.content.decode()


def test_at_least_one_day_must_be_ticked(world: World, client: Client) -> None:
    client.force_login(world.people["ana"])
    answer = client.post("/settings/holidays/public/", WHICH)
    assert answer.status_code == 422
    assert "Tick at least one day." in answer.content.decode()
    assert not Change.objects.filter(name="holidays.added").exists()
