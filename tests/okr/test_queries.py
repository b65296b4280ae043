import datetime as dt

import pytest

from headway.lib import clock
from headway.okr import actions
from headway.okr.models import Alignment
from headway.okr.queries import (
    cycle_overview,
    key_result_page,
    objective_page,
    progress_of,
    sightline,
    team_key_results,
)
from headway.people.models import Unit
from tests.world import make_cycle, make_key_result, make_measurement, make_objective, make_team, make_world

pytestmark = pytest.mark.django_db


def test_progress_says_how_far_how_fast_and_what_people_think():
    world = make_world()
    make_measurement(world.key_result, 30, days_ago=42)
    make_measurement(world.key_result, 40, days_ago=1)
    actions.check_in(world.key_result, by=world.cy, confidence=8, on=clock.today() - dt.timedelta(days=7))
    actions.check_in(world.key_result, by=world.cy, confidence=2, text="The form is not the problem")
    progress = progress_of([world.key_result], clock.today())[world.key_result.pk]
    assert (progress.now, progress.moved, progress.score, progress.grade) == (40, 0.5, 0.5, "fair")
    assert progress.time_used == pytest.approx(43 / 85)
    assert progress.pace == pytest.approx(0.5 * 85 / 43)
    assert (progress.band, progress.confidence, progress.confidence_before) == ("on_track", 2, 8)
    assert progress.disagreement == "worried"


def test_nothing_measured_is_no_number():
    world = make_world()
    progress = progress_of([world.key_result], clock.today())[world.key_result.pk]
    assert (progress.now, progress.moved, progress.pace, progress.band, progress.score) == (None, None, None, "", None)
    assert progress_of([], clock.today()) == {}


def test_a_value_of_a_later_day_does_not_count_yet():
    world = make_world()
    make_measurement(world.key_result, 40)
    yesterday = clock.today() - dt.timedelta(days=1)
    assert progress_of([world.key_result], yesterday)[world.key_result.pk].now is None


def test_the_overview_groups_by_organisation_unit_and_team():
    world = make_world()
    unit = Unit.objects.create(organisation=world.organisation, name="Care")
    bee = make_team(world.organisation, "BEE", "Bee")
    make_objective(world.cycle, "Care answers", unit=unit)
    make_key_result(make_objective(world.cycle, "Nobody runs out"), "Gap days")
    make_measurement(world.key_result, 40)
    archived = make_objective(world.cycle, "Gone", team=world.team, archived_at=clock.now())
    make_key_result(archived)
    overview = cycle_overview(world.organisation, world.cycle, world.di)
    assert [(g.kind, g.name, g.key) for g in overview.groups] == [
        ("organisation", "Northwind", ""),
        ("unit", "Care", ""),
        ("team", "Ant", "ANT"),
    ]
    assert [o.score.score for g in overview.groups for o in g.objectives] == [None, None, 0.5]
    assert [team.name for team in overview.teams_without] == [bee.name]
    assert overview.cycle.is_current


def test_a_stranger_sees_nothing_of_it():
    world = make_world()
    assert cycle_overview(world.organisation, world.cycle, world.eve).groups == ()


def test_no_cycle_is_no_overview():
    world = make_world()
    world.cycle.delete()
    overview = cycle_overview(world.organisation, None, world.ana)
    assert (overview.cycle, overview.cycles, overview.groups) == (None, (), ())


def grow(world, objectives, key_results):
    for n in range(objectives):
        team = make_team(world.organisation, f"T{n}{objectives}", f"Team {n} {objectives}")
        upper = make_key_result(make_objective(world.cycle, f"Upper {n} {objectives}"))
        objective = make_objective(world.cycle, f"Objective {n}", team=team)
        for m in range(key_results):
            key_result = make_key_result(objective, f"Key Result {m}", owner=world.people["cy"])
            make_measurement(key_result, 35)
            Alignment.objects.create(key_result=key_result, upper=upper)


def test_queries_do_not_grow_with_the_company(django_assert_max_num_queries):
    world = make_world()
    grow(world, 1, 1)
    grow(world, 6, 4)
    with django_assert_max_num_queries(8):
        cycle_overview(world.organisation, world.cycle, world.di)
    with django_assert_max_num_queries(11):
        sightline(world.organisation, world.cycle, world.di)
    with django_assert_max_num_queries(4):
        team_key_results(world.team, world.cycle)
    with django_assert_max_num_queries(11):
        objective_page(world.objective, today=clock.today())
    with django_assert_max_num_queries(13):
        key_result_page(world.key_result, today=clock.today())


def test_the_line_of_sight_hangs_a_team_below_what_most_of_it_leads_to():
    world = make_world()
    year = make_cycle(world.organisation, "The year", starts_on=dt.date(2020, 1, 1), ends_on=dt.date(2020, 12, 31))
    gap = make_key_result(make_objective(year, "Nobody runs out"), "Gap days")
    stay = make_key_result(make_objective(world.cycle, "They stay"), "Stay")
    lonely = make_key_result(stay.objective, "Nobody helps here")
    second = make_key_result(world.objective, "Second")
    third = make_key_result(world.objective, "Third")
    for low, up in [(world.key_result, gap), (second, gap), (third, stay)]:
        actions.align(low, by=world.bo, upper=up)
    loose = make_objective(world.cycle, "Leads nowhere", team=make_team(world.organisation, "BEE", "Bee"))
    found = sightline(world.organisation, world.cycle, world.di)
    assert [(u.row.title, [t.row.title for t in u.teams]) for u in found.uppers] == [
        ("They stay", []),
        ("Nobody runs out", ["Ordering again is easy"]),
    ]
    assert found.uppers[1].teams[0].also == ("They stay",)
    assert found.uppers[0].without_contributor == {lonely.pk}
    assert [t.row.id for t in found.unaligned] == [loose.pk]
    assert found.contributes_to[third.pk] == (stay.pk,)


def test_the_page_tells_eight_weeks_of_pace_and_confidence():
    world = make_world()
    for days_ago, value in [(42, 30), (21, 34), (0, 40)]:
        make_measurement(world.key_result, value, days_ago=days_ago)
    actions.check_in(world.key_result, by=world.cy, confidence=6, on=clock.today() - dt.timedelta(days=20))
    page = key_result_page(world.key_result, today=clock.today())
    assert [m.value for m in page.series] == [30, 34, 40]
    assert [w.confidence for w in page.weeks] == [None, None, None, None, 6, 6, 6]
    assert page.weeks[0].pace == 0
    assert page.weeks[-1].pace == pytest.approx(0.5 * 85 / 43)


def test_the_objective_page_shows_both_directions():
    world = make_world()
    upper = make_key_result(make_objective(world.cycle, "Nobody runs out"), "Gap days")
    actions.align(world.key_result, by=world.bo, upper=upper)
    assert [r.title for r in objective_page(world.objective, today=clock.today()).uppers[world.key_result.pk]] == [
        "Gap days"
    ]
    below = objective_page(upper.objective, today=clock.today())
    assert [r.id for r in below.contributors[upper.pk]] == [world.key_result.pk]
