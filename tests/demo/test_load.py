"""The demonstration: true from the first day, the same each time, and gone without a trace."""

import datetime as dt

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from headway.demo import actions, queries
from headway.demo.calendar import Calendar
from headway.lib import clock
from headway.live.models import Change
from headway.okr.models import Measurement
from headway.people.access import Forbidden
from headway.people.actor import Actor, actor_for, system_actor
from headway.people.models import Membership, Organisation, Person, Team
from headway.scrum.models import Item, Sprint, SprintStay, Transition
from headway.scrum.queries import current_sprint, throughput
from headway.scrum.queries.board import sprint_head
from headway.sync import uploads
from headway.sync.models import Conflict, Import
from headway.value.models import Bet, NotNow, Serves, Verdict
from headway.value.queries.found import find
from tests.world import make_item, make_organisation, make_person, make_team, make_world

TUESDAY = "2026-11-17T10:00:00+00:00"
SUNDAY = "2026-11-22T10:00:00+00:00"
SYSTEM = system_actor(None)

pytestmark = pytest.mark.django_db


def load() -> Organisation:
    return actions.load(by=SYSTEM)


def team(name: str = "Refill") -> Team:
    return Team.objects.get(name=name, organisation__is_demonstration=True)


@pytest.mark.parametrize("day", range(7))
def test_whatever_the_day_it_is_day_seven_of_sprint_four(settings, day):
    settings.TEST_NOW = f"2027-03-{1 + day:02}T10:00:00+00:00"
    load()
    for each in Team.objects.all():
        sprint = current_sprint(each)
        assert sprint is not None
        head = sprint_head(sprint, each)
        assert (head.number, head.day, head.days) == (4, 7, 10)


@pytest.mark.parametrize("now", [TUESDAY, SUNDAY])
def test_nothing_happened_in_the_future(settings, now):
    settings.TEST_NOW = now
    load()
    moment, today = clock.now(), clock.today()
    assert not Transition.objects.filter(at__gt=moment).exists()
    assert not SprintStay.objects.filter(added_at__gt=moment).exists()
    assert not Measurement.objects.filter(measured_on__gt=today).exists()
    assert not Verdict.objects.filter(judged_on__gt=today).exists()
    assert not Change.objects.filter(at__gt=moment).exists()
    assert not Bet.objects.filter(verdict=None, judge_on__lt=today, serves__item__category="todo").exists()


@pytest.mark.parametrize("now", [TUESDAY, SUNDAY])
def test_the_history_is_read_in_the_order_of_its_days(settings, now):
    settings.TEST_NOW = now
    rows = list(Change.objects.filter(organisation_id=load().pk).order_by("pk").values_list("name", "at"))
    assert [moment for _name, moment in rows] == sorted(moment for _name, moment in rows)
    assert 0 < [name for name, _moment in rows].index("import.finished") < len(rows) - 10


def test_the_days_are_those_that_were_written_when_today_is_that_day(settings):
    settings.TEST_NOW = TUESDAY
    load()
    sprint = Sprint.objects.get(team=team(), number=4)
    assert (sprint.starts_on, sprint.ends_on) == (dt.date(2026, 11, 9), dt.date(2026, 11, 20))
    assert Item.objects.get(team=team(), number=224).blocked_since == dt.date(2026, 11, 10)


def test_every_item_tells_one_story():
    load()
    for item in Item.objects.prefetch_related("transitions", "stays"):
        entered = list(item.transitions.all())
        assert entered[-1].category == item.category
        assert [row.at for row in entered] == sorted(row.at for row in entered)
        assert item.created_at == entered[0].at
        assert (item.done_at is not None) == (item.category == "done")
        if item.sprint:
            last = max(item.stays.all(), key=lambda stay: stay.added_at)
            assert (last.sprint_id, last.removed_at) == (item.sprint_id, None)
        else:
            assert not item.stays.exists()


def test_there_is_history_enough_to_forecast_each_team():
    load()
    for each in Team.objects.all():
        weeks = throughput(each)
        assert len(weeks) >= 16
        assert sum(weeks) > len(weeks)


def test_every_page_has_something_to_show():
    load()
    assert Verdict.objects.count() >= 10
    assert NotNow.objects.filter(ended_at=None).count() >= 5
    assert Serves.objects.exclude(kind="").count() >= 10
    assert Bet.objects.filter(verdict=None, serves__item__category="todo").count() >= 15
    assert Item.objects.filter(serves=None, category="todo").exists()
    assert [(run.counts["created"], run.counts["skipped"]) for run in Import.objects.order_by("pk")] == [(2, 0), (1, 1)]
    assert Conflict.objects.filter(decided="").count() == 2


@pytest.mark.parametrize("now", [TUESDAY, SUNDAY])
def test_verdicts_rest_on_what_was_measured_by_then(settings, now):
    settings.TEST_NOW = now
    load()
    rows = list(Verdict.objects.select_related("bet"))
    assert {row.method for row in rows} == {"placebo", "control", "experiment", "words"}
    for row in rows:
        assert row.facts["on"] == row.judged_on.isoformat()
        assert row.follow_up
        assert row.learned
        if row.method == "words":
            assert row.overruled_because
        if row.method == "placebo":
            again, _missing = find(row.bet, today=row.judged_on)
            assert again is not None
            assert (again.measured, again.outcome) == (pytest.approx(row.measured), row.outcome)
    assert {row.outcome for row in rows} == {"moved", "did_not"}


def test_it_is_the_same_each_time(settings):
    settings.TEST_NOW = TUESDAY

    def told() -> list[tuple[object, ...]]:
        rows = Item.objects.order_by("team__key", "number")
        return list(rows.values_list("team__key", "number", "rank", "size", "created_at", "started_at", "done_at"))

    first_load = load()
    first = told()
    actions.delete(first_load, by=SYSTEM)
    load()
    assert told() == first


def test_a_second_load_changes_nothing():
    first = load()
    items = Item.objects.count()
    assert load() == first
    assert Item.objects.count() == items


def test_its_team_keys_give_way_to_those_of_others():
    make_team(make_organisation("Real"), "RFL", "Really")
    load()
    assert team().key == "RFL2"


def test_only_administrators_and_the_command_line_load_it():
    world = make_world()
    with pytest.raises(Forbidden):
        actions.load(by=world.bo)
    actions.load(by=world.ana)
    assert queries.demonstration() is not None


def test_deleting_leaves_nothing_of_it_and_all_of_the_others():
    world = make_world()
    make_item(world.team)
    before = (Item.objects.count(), Person.objects.count(), Membership.objects.count(), Change.objects.count())
    organisation = load()
    part = queries.cast(organisation)[0]
    actions.delete(organisation, by=actor(part.person, organisation))
    assert queries.demonstration() is None
    after = (Item.objects.count(), Person.objects.count(), Membership.objects.count(), Change.objects.count())
    assert after == before
    assert not Change.objects.filter(organisation_id=organisation.pk).exists()


def test_deleting_takes_uploaded_files_along():
    organisation = load()
    stored_as = uploads.keep(ContentFile(b"Key,Title"), "board.csv")
    kept = {"file_name": "board.csv", "stored_as": stored_as, "created_at": clock.now()}
    Import.objects.create(organisation=organisation, team=team(), provider="csv", **kept)
    actions.delete(organisation, by=SYSTEM)
    assert not default_storage.exists(stored_as)


def test_somebody_who_is_elsewhere_too_survives_its_deletion():
    organisation = load()
    guest = make_person(make_organisation("Real"), "Gil Guest")
    Membership.objects.create(organisation=organisation, person=guest, joined_at=clock.now())
    actions.delete(organisation, by=SYSTEM)
    assert Person.objects.filter(pk=guest.pk).exists()


def test_no_other_organisation_can_be_deleted():
    world = make_world()
    for by in (world.ana, system_actor(world.organisation)):
        with pytest.raises(Forbidden):
            actions.delete(world.organisation, by=by)
    assert Organisation.objects.filter(pk=world.organisation.pk).exists()


def test_who_is_not_in_it_cannot_delete_it():
    world = make_world()
    organisation = load()
    with pytest.raises(Forbidden):
        actions.delete(organisation, by=world.ana)


def test_one_part_for_each_role_and_no_password_for_anybody():
    organisation = load()
    assert [part.key for part in queries.cast(organisation)] == [
        "scrum_master",
        "product_owner",
        "developer",
        "stakeholder",
    ]
    assert not any(person.has_usable_password() for person in Person.objects.all())
    for part in queries.cast(organisation):
        assert part.key in {str(role) for roles in actor(part.person, organisation).roles.values() for role in roles}


def test_a_person_of_a_real_organisation_is_no_part():
    organisation = load()
    noor = queries.cast(organisation)[0].person
    Membership.objects.create(organisation=make_organisation("Real"), person=noor, joined_at=clock.now())
    assert noor not in [part.person for part in queries.cast(organisation)]
    assert queries.person_for(organisation, "scrum_master") is None


def test_no_other_organisation_has_parts():
    assert queries.cast(make_world().organisation) == ()


def test_its_age_tells_whether_anybody_played(settings):
    settings.TEST_NOW = TUESDAY
    organisation = load()
    assert queries.age_of(organisation) == queries.Age(dt.date(2026, 11, 17), is_touched=False)
    Change.objects.create(
        organisation_id=organisation.pk, name="item.moved", subject_type="x", subject_id=1, at=clock.now()
    )
    assert queries.age_of(organisation).is_touched


def test_a_day_moves_by_working_days():
    # written on a Tuesday, played on a Sunday: Friday stands for the Tuesday
    calendar = Calendar(written=dt.date(2026, 11, 17), today=dt.date(2026, 11, 22))
    assert calendar.day("2026-11-17") == dt.date(2026, 11, 20)
    assert calendar.day("2026-11-18") == dt.date(2026, 11, 23)
    assert calendar.day("2026-11-09") == dt.date(2026, 11, 12)
    assert calendar.fill("due {2026-11-18}") == "due 23 November"


def actor(person: Person, organisation: Organisation) -> Actor:
    found = actor_for(person, organisation)
    assert found is not None
    return found
