"""The rhythm strip: which Sprints it shows, and where today lies on it."""

import datetime as dt

import pytest

from headway.lib import clock
from headway.okr.models import Cycle
from headway.people.models import Team
from headway.web.context import rhythm_of
from tests.world import make_cycle, make_organisation, make_sprint, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return make_team(make_organisation())


def test_nothing_known_shows_nothing(team):
    assert rhythm_of(team) is None


def test_a_cycle_without_sprints_is_one_stretch(team):
    today = clock.today()
    make_cycle(team.organisation, "Q4", starts_on=today - dt.timedelta(days=41), ends_on=today + dt.timedelta(days=42))
    rhythm = rhythm_of(team)
    assert [(sprint.name, sprint.state) for sprint in rhythm.sprints] == [("Q4", "now")]
    assert rhythm.sprints[0].note == "6 weeks left, no Sprint yet"
    assert rhythm.today == pytest.approx(100 * 41.5 / 84)
    assert rhythm.events == []


def test_an_archived_cycle_counts_for_nothing(team):
    make_cycle(team.organisation, archived_at=clock.now())
    assert rhythm_of(team) is None
    assert Cycle.objects.count() == 1


def test_today_lies_in_its_sprint(team):
    for number, starts_in in enumerate([-18, -4, 10], start=1):
        make_sprint(team, number, starts_in=starts_in)
    rhythm = rhythm_of(team)
    assert [sprint.state for sprint in rhythm.sprints] == ["past", "now", "next"]
    assert rhythm.today == pytest.approx(100 * (1 + 4.5 / 14) / 3)
    assert [event.is_next for event in rhythm.events] == [False, True, False]
    assert [event.at for event in rhythm.events] == pytest.approx([100 / 3, 200 / 3, 100])


def test_between_two_sprints_today_lies_at_their_border(team):
    make_sprint(team, 1, starts_in=-16)
    make_sprint(team, 2, starts_in=2)
    assert rhythm_of(team).today == pytest.approx(50)


def test_before_the_first_there_is_no_today_and_after_the_last_it_is_the_end(team):
    sprint = make_sprint(team, 1, starts_in=3)
    assert rhythm_of(team).today is None
    sprint.starts_on -= dt.timedelta(days=40)
    sprint.ends_on -= dt.timedelta(days=40)
    sprint.save()
    assert rhythm_of(team).today == pytest.approx(100)


def test_of_many_sprints_those_around_today_are_shown(team):
    for number in range(1, 21):
        make_sprint(team, number, starts_in=14 * (number - 12) - 4)
    make_cycle(
        team.organisation,
        starts_on=clock.today() - dt.timedelta(days=150),
        ends_on=clock.today() + dt.timedelta(days=100),
    )
    assert [sprint.short for sprint in rhythm_of(team).sprints] == ["9", "10", "11", "12", "13", "14"]


def test_the_sprints_of_the_cycle_are_shown_where_they_fit(team):
    for number in range(1, 10):
        make_sprint(team, number, starts_in=14 * (number - 4) - 4)
    today = clock.today()
    make_cycle(
        team.organisation,
        starts_on=today - dt.timedelta(days=32),
        ends_on=today + dt.timedelta(days=37),
    )
    assert [sprint.short for sprint in rhythm_of(team).sprints] == ["2", "3", "4", "5", "6"]


def test_sprints_without_dates_are_left_out(team):
    make_sprint(team, 1, starts_in=-4)
    make_sprint(team, 2, starts_on=None, ends_on=None)
    assert [sprint.short for sprint in rhythm_of(team).sprints] == ["1"]


def test_it_costs_two_queries(team, django_assert_num_queries):
    for number in range(1, 9):
        make_sprint(team, number, starts_in=14 * (number - 4) - 4)
    with django_assert_num_queries(2):
        rhythm_of(team)
