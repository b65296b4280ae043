"""Today: what is on the page, for whom, and what it says when there is nothing yet."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.agreements.models import Decision, Impediment
from headway.demo import actions as demo
from headway.demo import queries as demo_queries
from headway.lib import clock
from headway.people.actor import system_actor
from headway.people.models import Role, Team, TeamRole
from headway.scrum.actions import block_item
from headway.scrum.models import Category, Column
from headway.sync.models import Conflict, Import
from headway.value.actions import link_item, set_sprint_aim
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_key_result, make_measurement, make_sprint, make_team, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def as_(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def text(client: Client, address: str = "/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u202f", " ")


def kinds(page: str) -> list[str]:
    return re.findall(r'data-signal="(\w+)"', page)


def actions(page: str) -> list[str]:
    return re.findall(r'class="act link" href="[^"]*">([^<]+)<', page)


def days_ago(days: int) -> dt.date:
    return clock.today() - dt.timedelta(days=days)


@pytest.fixture
def busy(world: World) -> World:
    """A team to which everything there is needs to be said."""
    make_done(world.team, weeks=6, a_week=2)
    sprint = make_sprint(world.team, 4, goal="One tap")
    make_measurement(world.key_result, 31.0, days_ago=20)
    make_item(world.team, "Serves nothing")
    link_item(make_item(world.team, "Promises nothing"), by=world.cy, key_result=world.key_result)
    make_bet(make_item(world.team, "Was due", category=Category.DONE), world.key_result, judge_on=days_ago(4))
    doing = make_item(world.team, "Stuck", category=Category.DOING, sprint=sprint)
    link_item(doing, by=world.cy, key_result=world.key_result)
    block_item(doing, because="No contract", by=world.cy)
    Column.objects.filter(team=world.team, category=Category.DOING).update(limit=1)
    Impediment.objects.create(team=world.team, title="No test numbers", raised_on=days_ago(5))
    Decision.objects.create(
        organisation=world.organisation,
        team=world.team,
        title="Two carriers",
        because="Time",
        decided_on=days_ago(30),
        review_on=days_ago(2),
    )
    run = Import.objects.create(
        organisation=world.organisation, team=world.team, provider="jira", file_name="x.csv", created_at=clock.now()
    )
    Conflict.objects.create(item=doing, run=run, field="title", ours="a", theirs="b")
    make_item(world.team, "Done, other", category=Category.DONE, size=9)
    return world


def test_each_fact_stands_at_the_desk_it_concerns(busy: World) -> None:
    page = text(as_(busy, "ana"))
    assert kinds(page) == [
        "work_ahead",
        "without_link",
        "without_range",
        "blocked",
        "sprint_goal",
        "full_column",
        "impediment",
        "verdict_due",
        "not_measured",
        "look_back",
        "conflicts",
    ]
    assert "“Stuck” is blocked" in page
    assert "No contract" in page


def test_a_stakeholder_sees_the_same_and_no_action_that_is_not_theirs(busy: World) -> None:
    page = text(as_(busy, "di"))
    assert kinds(page) == kinds(text(as_(busy, "ana")))
    assert set(actions(page)) <= {"Look"}
    assert {"Look", "Unblock"} <= set(actions(text(as_(busy, "cy"))))


def test_the_alarm_of_work_without_outcome(world: World) -> None:
    make_measurement(world.key_result, 31.0)
    item = make_item(world.team, category=Category.DONE)
    link_item(item, by=world.cy, key_result=world.key_result)
    page = text(as_(world, "ana"))
    assert kinds(page) == ["work_ahead"]
    assert "100 % delivered, 5 % moved" in page


def test_goal_and_its_key_result_lead_the_page(world: World) -> None:
    sprint = make_sprint(world.team, 4, goal="A patient repeats in one tap")
    make_item(world.team, sprint=sprint)
    set_sprint_aim(sprint, world.key_result, by=world.bo)
    page = text(as_(world, "bo"))
    assert "A patient repeats in one tap" in page
    assert world.key_result.short_name in page


def test_the_pulse_counts_what_serves_no_key_result(world: World) -> None:
    sprint = make_sprint(world.team, 4)
    world.team.no_kr_limit = 0.2
    world.team.save()
    link_item(make_item(world.team, size=3, sprint=sprint), by=world.cy, key_result=world.key_result)
    make_item(world.team, size=1, sprint=sprint)
    page = text(as_(world, "ana"))
    assert re.search(r'<b class="bad">25 %</b>\s+of this Sprint serves no Key Result', page)
    assert "stay under 20 %" in page


def test_a_forecast_shows_its_chance_and_sample_beside_the_outcome(world: World) -> None:
    make_done(world.team, weeks=8, a_week=3)
    make_measurement(world.key_result, 35.0)
    sprint = make_sprint(world.team, 4, goal="One tap")
    set_sprint_aim(sprint, world.key_result, by=world.bo)
    link_item(make_item(world.team, sprint=sprint), by=world.cy, key_result=world.key_result)
    make_item(world.team, sprint=sprint)
    page = text(as_(world, "ana"))
    assert "Sprint Goal work done by" in page
    assert "from our own last 8 weeks" in page
    assert "All 2 open items" in page
    assert "25 %</b>" in page


def test_too_little_history_says_so_and_shows_no_figure(world: World) -> None:
    make_item(world.team, sprint=make_sprint(world.team, 4))
    page = text(as_(world, "ana"))
    assert "full weeks with finished work" in page
    assert "Sprint Goal work done by" not in page


def test_next_holds_the_dates_that_somebody_waits_for(world: World) -> None:
    sprint = make_sprint(world.team, 4)
    make_item(world.team, sprint=sprint)
    make_sprint(world.team, 5, starts_in=20)
    soon = clock.today() + dt.timedelta(days=3)
    make_bet(make_item(world.team, "One tap", category=Category.DONE), world.key_result, judge_on=soon)
    Decision.objects.create(
        organisation=world.organisation,
        team=world.team,
        title="Two carriers",
        because="Time",
        decided_on=days_ago(3),
        review_on=soon,
    )
    page = text(as_(world, "di"))
    for line in (
        "Sprint 4 ends",
        "Sprint 5 begins",
        "Judge “One tap”",
        "Look back: “Two carriers”",
        "This quarter ends",
    ):
        assert line in page


def test_a_quiet_team_is_told_that_nothing_waits(world: World) -> None:
    make_measurement(world.key_result, 50.0)
    page = text(as_(world, "ana"))
    assert kinds(page) == []
    assert page.count("Nothing waits here.") == 3


# Beginnings


def test_a_new_organisation_is_shown_the_first_steps(world: World) -> None:
    Team.objects.filter(organisation=world.organisation).delete()
    page = text(as_(world, "ana"))
    assert "Three steps" in page
    assert 'href="/settings/teams/"' in page
    assert "An administrator does this." in text(as_(world, "di"))


def test_a_new_team_goes_on_with_its_backlog(world: World) -> None:
    make_team(world.organisation, "NEW", "New")
    page = text(as_(world, "ana"), "/?team=NEW")
    assert "Bring your backlog" in page
    assert "data-done" in page


# Teams


def test_the_last_team_is_shown_again_and_others_are_a_link_away(world: World) -> None:
    bee = make_team(world.organisation, "BEE", "Bee")
    TeamRole.objects.create(team=bee, person=world.people["ana"], role=Role.SCRUM_MASTER)
    make_item(bee)
    client = as_(world, "ana")
    assert "Today · Bee" in text(client, "/?team=BEE")
    page = text(client)
    assert "Today · Bee" in page
    assert 'href="?team=ANT"' in page
    assert 'href="?team=all"' in page


def test_all_teams_together(busy: World) -> None:
    bee = make_team(busy.organisation, "BEE", "Bee")
    TeamRole.objects.create(team=bee, person=busy.people["ana"], role=Role.SCRUM_MASTER)
    make_item(bee, "Lonely")
    page = text(as_(busy, "ana"), "/?team=all")
    assert kinds(page).count("without_link") == 2
    assert "Bee" in page
    assert "Ant" in page


def test_one_team_has_no_switch(world: World) -> None:
    make_item(world.team)
    assert "team=all" not in text(as_(world, "ana"))


def test_a_team_of_others_is_not_there(world: World) -> None:
    assert as_(world, "ana").get("/?team=EEL").status_code == 404
    assert as_(world, "ana").get("/?team=NOPE").status_code == 404


def test_a_stranger_signs_in_first(db: None) -> None:
    assert Client().get("/").status_code == 302


def test_its_queries_do_not_grow_with_the_work(busy: World) -> None:
    client = as_(busy, "ana")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            text(client)
        return len(queries)

    count()
    few = count()
    second = make_key_result(busy.objective, "Second", position=1)
    for number in range(20):
        item = make_item(busy.team, f"Item {number}", category=Category.values[number % 3])
        if number % 2:
            link_item(item, by=busy.cy, key_result=second)
    assert count() == few <= 80


# The demonstration


@pytest.mark.parametrize("part", ["scrum_master", "product_owner", "developer", "stakeholder"])
def test_the_demonstration_fills_it_for_everybody(db: None, part: str) -> None:
    organisation = demo.load(by=system_actor(None))
    client = Client()
    client.post("/demo/", {"part": part})
    page = text(client)
    assert "Today · Refill" in page
    assert len(kinds(page)) >= 5
    assert {"First order", "No phone call", "Sent back"} <= set(
        re.findall(r"First order|No phone call|Sent back", page)
    )
    assert not re.search(r"\bNaN\b", page)
    assert "None" not in page
    assert text(client, "/?team=all")
    assert demo_queries.main_team_key(organisation) == "RFL"
