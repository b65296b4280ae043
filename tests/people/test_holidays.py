"""Holidays: added, changed, removed, brought in; what counts working days knows them at once."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from headway.live.history import undo
from headway.live.models import Change
from headway.people import actions
from headway.people.access import Forbidden
from headway.people.holiday_files import NoHolidays, read_holidays
from headway.people.models import Holiday, Organisation, Team
from tests.world import World, make_team, make_world

pytestmark = pytest.mark.django_db

EVE, BOXING = dt.date(2026, 12, 24), dt.date(2026, 12, 26)
CALENDAR = """BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
SUMMARY:Christmas\\, and\r
  after\r
DTSTART;VALUE=DATE:20261225\r
DTEND;VALUE=DATE:20261227\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART:20270101T000000Z\r
SUMMARY:New Year\r
END:VEVENT\r
END:VCALENDAR"""


@pytest.fixture
def world() -> World:
    return make_world()


def add(of: Organisation | Team, world: World, **fields: object) -> Holiday:
    values = {"name": "Christmas", "first_on": EVE, "last_on": BOXING} | fields
    return actions.add_holiday(of, by=world.ana, **values)  # type: ignore[arg-type]


def worked(team: Team) -> int:
    """Working days from Monday to Sunday of that week."""
    return Team.objects.get(pk=team.pk).calendar.count(dt.date(2026, 12, 21), dt.date(2026, 12, 27))


def test_one_of_the_organisation_holds_for_every_team_and_one_of_a_team_for_it_alone(world: World) -> None:
    bee = make_team(world.organisation, "BEE", "Bee")
    add(world.organisation, world)
    assert (worked(world.team), worked(bee), worked(world.other_team)) == (3, 3, 5)
    add(bee, world, first_on=EVE - dt.timedelta(days=1), last_on=EVE)
    assert (worked(world.team), worked(bee)) == (3, 2)
    change = Change.objects.filter(name="holiday.added").latest("pk")
    assert (change.team_id, change.actor_id) == (bee.pk, world.ana.person_id)


def test_a_new_team_has_those_of_the_organisation(world: World) -> None:
    add(world.organisation, world)
    cat = actions.create_team(world.organisation, by=world.ana, key="CAT", name="Cat")
    assert worked(cat) == 3


def test_every_way_back(world: World) -> None:
    holiday = add(world.organisation, world)
    added = Change.objects.latest("pk")
    actions.edit_holiday(holiday, by=world.ana, first_on=EVE, last_on=EVE)
    assert worked(world.team) == 4
    undo(Change.objects.latest("pk"), by=world.ana)
    assert worked(world.team) == 3
    removed = actions.remove_holiday(Holiday.objects.get(), by=world.ana)
    assert worked(world.team) == 5
    undo(removed, by=world.ana)
    assert worked(world.team) == 3
    again = Holiday.objects.get()
    assert (again.name, again.first_on, again.last_on) == ("Christmas", EVE, BOXING)
    assert added.subject_id != again.pk


def test_a_list_is_added_once_and_taken_back_as_one(world: World) -> None:
    found = read_holidays(CALENDAR)
    assert actions.add_holidays(world.team, found, by=world.ana) == (2, 0)
    assert actions.add_holidays(world.team, [*found, ("Eve", EVE, EVE)], by=world.ana) == (1, 2)
    assert worked(world.team) == 3
    undo(Change.objects.latest("pk"), by=world.ana)
    undo(Change.objects.get(name="holidays.added", undone_by=None), by=world.ana)
    assert not Holiday.objects.exists()
    assert worked(world.team) == 5


def test_nothing_is_recorded_where_nothing_is_new(world: World) -> None:
    actions.add_holidays(world.team, [("Eve", EVE, EVE)], by=world.ana)
    before = Change.objects.count()
    assert actions.add_holidays(world.team, [("Eve", EVE, EVE)], by=world.ana) == (0, 1)
    assert Change.objects.count() == before


def test_who_may(world: World) -> None:
    for actor in (world.bo, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.add_holiday(world.team, by=actor, name="Eve", first_on=EVE, last_on=EVE)
        with pytest.raises(Forbidden):
            actions.add_holidays(world.organisation, [("Eve", EVE, EVE)], by=actor)
    holiday = add(world.organisation, world)
    for actor in (world.bo, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.edit_holiday(holiday, by=actor, name="x")
        with pytest.raises(Forbidden):
            actions.remove_holiday(holiday, by=actor)
    assert not Holiday.objects.exclude(pk=holiday.pk).exists()


@pytest.mark.parametrize(
    "fields", [{"last_on": EVE - dt.timedelta(days=1)}, {"last_on": EVE + dt.timedelta(days=92)}, {"name": "  "}]
)
def test_what_cannot_be_is_refused(world: World, fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        add(world.organisation, world, **fields)
    assert not Holiday.objects.exists()


# Files


def test_a_calendar_is_read_with_its_folds_and_its_ends() -> None:
    assert read_holidays(CALENDAR) == [
        ("Christmas, and after", dt.date(2026, 12, 25), BOXING),
        ("New Year", dt.date(2027, 1, 1), dt.date(2027, 1, 1)),
    ]


@pytest.mark.parametrize(
    "text",
    ["Date;Name\n24.12.2026;Eve", "2026-12-24,Eve", "2026-12-24\tEve\n\n", "\ufeffname,date\nEve,2026-12-24"],
)
def test_tables_are_read_however_they_are_divided(text: str) -> None:
    assert read_holidays(text) == [("Eve", EVE, EVE)]


@pytest.mark.parametrize("text", ["", "   ", "nothing here", "2026-12-24;Eve\nno date", "BEGIN:VEVENT\nEND:VEVENT"])
def test_what_holds_none_says_so(text: str) -> None:
    with pytest.raises(NoHolidays):
        read_holidays(text)


# Pages


def test_the_pages(world: World, client: Client) -> None:
    client.force_login(world.people["ana"])
    answer = client.post("/settings/holidays/", {"kind": "one", "name": "Christmas", "first_on": "2026-12-24"})
    assert answer.status_code == 302
    assert worked(world.team) == 4
    answer = client.post("/t/ANT/holidays/", {"kind": "list", "text": "2026-12-23;Trip"})
    assert answer.status_code == 302
    page = client.get("/t/ANT/holidays/").content.decode()
    assert "Christmas" in page
    assert "Trip" in page
    assert "Trip" not in client.get("/settings/holidays/").content.decode()
    trip = Holiday.objects.get(name="Trip")
    assert (
        client.post(f"/settings/holidays/{trip.pk}/", {"name": "Outing", "first_on": "2026-12-22"}).status_code == 302
    )
    assert client.post(f"/settings/holidays/{trip.pk}/remove/").status_code == 302
    assert worked(world.team) == 4
    wrong = client.post("/t/ANT/holidays/", {"kind": "list", "text": "nothing"})
    assert wrong.status_code == 422
    assert "No holiday was found" in wrong.content.decode()
    client.force_login(world.people["eve"])
    assert client.get(f"/settings/holidays/{Holiday.objects.get().pk}/").status_code == 404
