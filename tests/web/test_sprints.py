"""Sprints: list, plan, goal and aim, start, close."""

import pytest
from django.test import Client

from headway.scrum import actions
from headway.scrum.models import Category, Sprint
from headway.value.models import SprintAim
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def test_plan_a_sprint_with_goal_and_aim(world: World) -> None:
    client = signed_in(world, "ana")
    given = {"name": "", "goal": "One tap", "aim": str(world.key_result.pk), "starts_on": "", "ends_on": ""}
    answer = client.post("/t/ANT/sprints/", given)
    sprint = Sprint.objects.get()
    assert answer.headers["Location"] == "/t/ANT/sprints/1/"
    assert (sprint.goal, sprint.name, sprint.aim.key_result) == ("One tap", "Sprint 1", world.key_result)
    page = client.get("/t/ANT/sprints/").content.decode()
    assert "One tap" in page
    assert world.key_result.short_name in page


def test_days_in_the_wrong_order_are_told_at_the_field(world: World) -> None:
    given = {"starts_on": "2026-03-10", "ends_on": "2026-03-01"}
    answer = signed_in(world, "ana").post("/t/ANT/sprints/", given)
    assert answer.status_code == 422
    assert "on its first day or later" in answer.content.decode()


def test_change_goal_aim_and_days(world: World) -> None:
    sprint = make_sprint(world.team)
    client = signed_in(world, "bo")
    given = {"goal": "Two taps", "name": "Sprint A", "aim": str(world.key_result.pk)}
    given |= {"starts_on": "2026-03-02", "ends_on": "2026-03-13"}
    assert client.post("/t/ANT/sprints/1/", given).status_code == 302
    sprint.refresh_from_db()
    assert (sprint.goal, sprint.name) == ("Two taps", "Sprint A")
    assert SprintAim.objects.get().key_result == world.key_result
    client.post("/t/ANT/sprints/1/", given | {"aim": ""})
    assert not SprintAim.objects.exists()
    assert client.post("/t/ANT/sprints/1/", given | {"aim": "9999"}).status_code == 422


def test_start_and_close_with_a_reason(world: World) -> None:
    actions.create_sprint(world.team, by=world.ana)
    actions.create_sprint(world.team, by=world.ana)
    sprint = Sprint.objects.get(number=1)
    actions.add_to_sprint(make_item(world.team, "Open"), sprint, by=world.ana)
    actions.add_to_sprint(make_item(world.team, "Ready", category=Category.DONE), sprint, by=world.ana)
    client = signed_in(world, "ana")
    assert "Start the Sprint" in client.get("/t/ANT/sprints/1/").content.decode()
    assert client.post("/t/ANT/sprints/1/start/").headers["Location"] == "/t/ANT/board/"
    page = client.get("/t/ANT/sprints/1/").content.decode()
    assert "1 item is not done." in page
    refused = client.post("/t/ANT/sprints/1/close/", {"carry_to": "2"})
    assert refused.status_code == 422
    assert "Say why this is carried over: ANT-1." in refused.content.decode()
    assert client.post("/t/ANT/sprints/1/close/", {"carry_to": "2", "reason": "Late"}).status_code == 302
    sprint.refresh_from_db()
    assert sprint.closed_at is not None
    assert [item.title for item in Sprint.objects.get(number=2).items.all()] == ["Open"]
    assert client.get("/t/ANT/sprints/1/").status_code == 200


def test_a_second_start_is_told(world: World) -> None:
    make_sprint(world.team)
    actions.create_sprint(world.team, by=world.ana)
    client = signed_in(world, "ana")
    client.post("/t/ANT/sprints/2/start/")
    assert "Sprint 1 still runs" in client.get("/t/ANT/sprints/2/").content.decode()


def test_developers_and_readers_see_but_do_not_plan(world: World) -> None:
    make_sprint(world.team)
    for name in ("cy", "di"):
        client = signed_in(world, name)
        page = client.get("/t/ANT/sprints/").content.decode()
        assert "Sprint 1" in page
        assert "Plan it" not in page
        assert client.post("/t/ANT/sprints/", {"goal": "x"}).status_code == 403
        assert client.post("/t/ANT/sprints/1/", {"goal": "x"}).status_code == 403
        assert client.post("/t/ANT/sprints/1/start/").status_code == 403
        assert client.post("/t/ANT/sprints/1/close/").status_code == 403


def test_absent_for_strangers(world: World) -> None:
    make_sprint(world.team)
    assert signed_in(world, "eve").get("/t/ANT/sprints/1/").status_code == 404
    assert signed_in(world, "di").get("/t/ANT/sprints/7/").status_code == 404


def test_a_sprint_without_dates_is_shown(world: World) -> None:
    make_sprint(world.team, starts_on=None, ends_on=None)
    for address in ("/t/ANT/sprints/", "/t/ANT/sprints/1/", "/t/ANT/board/?sprint=1"):
        assert signed_in(world, "ana").get(address).status_code == 200
