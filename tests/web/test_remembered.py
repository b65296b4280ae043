"""What is remembered says what would be read anew, after every kind of Change that a team's daily work makes."""

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from headway.agreements.actions import raise_impediment, resolve_impediment
from headway.lib import clock
from headway.live import known
from headway.live.history import undo
from headway.live.models import Change
from headway.okr.actions.measurements import measure
from headway.scrum import actions
from headway.scrum.models import Column, Item, Sprint
from headway.value import actions as value
from headway.value.models import Bet, NotNow, Serves, SprintAim, Verdict
from headway.web import backlog_rows, board_cards
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ("/t/ANT/board/", "/t/ANT/board/?sprint=all", "/t/ANT/backlog/")
Step = Callable[[World], object]


def in_sprint(world: World) -> Item:
    return Item.objects.get(team=world.team, title="In the Sprint 1")


def outside(world: World, title: str = "Plain 1") -> Item:
    return Item.objects.get(team=world.team, title=title)


def column(world: World, name: str) -> Column:
    return Column.objects.get(team=world.team, name=name)


def move(item: Callable[[World], Item], to: str) -> Step:
    return lambda w: actions.move_item(item(w), to=column(w, to), by=w.bo)


def a_bet(world: World) -> Bet:
    return Bet.objects.get(serves__item=outside(world))


def undo_last(world: World) -> object:
    newest = Change.objects.filter(organisation_id=world.organisation.pk).order_by("-pk").first()
    assert newest is not None
    return undo(newest, by=world.bo)


#: In this order: each builds on those before it.
STEPS: dict[str, Step] = {
    "ranked": lambda w: actions.rank_item(outside(w), by=w.bo, at_top=True),
    "several ranked": lambda w: actions.rank_items(
        [outside(w), outside(w, "Plain 2")], by=w.bo, team=w.team, at_top=True
    ),
    "moved between open columns": move(in_sprint, "In progress"),
    "moved outside the Sprint": move(outside, "In progress"),
    "done": move(in_sprint, "Done"),
    "done taken back": undo_last,
    "done again": move(in_sprint, "Done"),
    "reopened": move(in_sprint, "To do"),
    "done outside the Sprint": move(lambda w: outside(w, "Plain 3"), "Done"),
    "several done": lambda w: actions.move_items(
        [in_sprint(w), outside(w, "Plain 2")], to=column(w, "Done"), by=w.bo, team=w.team
    ),
    "several done taken back": undo_last,
    "one that was done long ago reopened": move(lambda w: outside(w, "Done 0.0"), "In progress"),
    "title edited": lambda w: actions.edit_item(outside(w, "Plain 2"), title="Plain 22", by=w.bo),
    "size edited": lambda w: actions.edit_item(in_sprint(w), size=8, by=w.bo),
    "size of something done edited": lambda w: actions.edit_item(outside(w, "Done 1.0"), size=13, by=w.bo),
    "size taken away": lambda w: actions.edit_item(in_sprint(w), size=None, by=w.bo),
    "assigned": lambda w: actions.edit_item(in_sprint(w), assignees=[w.people["cy"]], by=w.bo),
    "blocked": lambda w: actions.block_item(in_sprint(w), because="No key", by=w.bo),
    "free again": lambda w: actions.unblock_item(in_sprint(w), by=w.bo),
    "created": lambda w: actions.create_item(w.team, title="New", size=5, by=w.bo),
    "created in the Sprint": lambda w: actions.create_item(
        w.team, title="New in it", size=5, sprint=Sprint.objects.get(team=w.team), by=w.bo
    ),
    "created done": lambda w: actions.create_item(w.team, title="New done", column=column(w, "Done"), by=w.bo),
    "linked": lambda w: value.link_item(outside(w), key_result=w.key_result, by=w.bo),
    "several linked": lambda w: value.link_items(
        [outside(w, "Plain 22"), outside(w, "New")], kind="health", reason="Or it breaks", by=w.bo
    ),
    "unlinked": lambda w: value.unlink(Serves.objects.get(item=outside(w, "New")), by=w.bo),
    "bet placed": lambda w: value.place_bet(
        outside(w, "Plain 4"), key_result=w.key_result, low=1, likely=2, high=4, chance=0.6, by=w.bo
    ),
    "bet changed": lambda w: value.change_bet(Bet.objects.get(serves__item__title="Plain 4"), chance=0.9, by=w.bo),
    "bet withdrawn": lambda w: value.withdraw_bet(Bet.objects.get(serves__item__title="Plain 4"), by=w.bo),
    "shelved": lambda w: value.shelve(outside(w, "Plain 4"), reason="Not yet", asked_by="Di", by=w.bo),
    "told": lambda w: value.mark_told(NotNow.objects.get(ended_at=None), by=w.bo),
    "brought back": lambda w: value.bring_back(outside(w, "Plain 4"), by=w.bo),
    "done to be judged": move(lambda w: outside(w, "In the Sprint 2"), "Done"),
    "judged": lambda w: value.enter_verdict(
        Bet.objects.get(serves__item__title="In the Sprint 2"), outcome="moved", measured=2.0, scale=4, by=w.bo
    ),
    "judged no more": lambda w: value.withdraw_verdict(Verdict.objects.get(), by=w.bo),
    "added to the Sprint": lambda w: actions.add_to_sprint(
        outside(w, "Plain 4"), Sprint.objects.get(team=w.team), by=w.bo
    ),
    "taken out of the Sprint": lambda w: actions.take_out_of_sprint(outside(w, "Plain 4"), by=w.bo),
    "removed": lambda w: actions.remove_item(outside(w, "Plain 4"), by=w.bo),
    "restored": lambda w: actions.restore_item(outside(w, "Plain 4"), by=w.bo),
    "measured": lambda w: measure(w.key_result, value=44.0, by=w.bo),
    "impediment raised": lambda w: raise_impediment(w.team, title="The line is down", by=w.bo),
    "impediment resolved": lambda w: resolve_impediment(w.team.impediments.get(resolved_on=None), by=w.bo),
    "Sprint renamed": lambda w: actions.edit_sprint(Sprint.objects.get(team=w.team), goal="Another goal", by=w.bo),
}


@pytest.fixture
def world() -> Iterator[World]:
    known.forget()
    world = make_world()
    make_done(world.team)
    sprint = make_sprint(world.team, goal="Repeat in one tap", started_at=clock.now() - dt.timedelta(days=4))
    SprintAim.objects.create(sprint=sprint, key_result=world.key_result)
    items = [make_item(world.team, f"In the Sprint {n}", size=[None, 1, 2, 3][n], sprint=sprint) for n in range(4)]
    for item in items:
        item.stays.create(sprint=sprint, added_at=clock.now() - dt.timedelta(days=3))
        make_bet(item, world.key_result)
    for n in range(3):
        make_bet(make_item(world.team, f"Priced {n}", size=2), world.key_result, high=3.0 + n)
    for n in range(5):
        make_item(world.team, f"Plain {n}", size=n or None)
    yield world
    known.forget()


def pages(client: Client) -> dict[str, str]:
    """Return what each page says, without what is another one in each answer."""
    found = {}
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code == 200, page
        found[page] = re.sub(r'value="\w{64}"|X-CSRFToken[^}]*|data-after="\d+"', "", answer.content.decode())
    return found


def forget() -> None:
    known.forget()
    for kept in (board_cards._draw, backlog_rows._rest_row, backlog_rows._priced_row):
        kept.cache_clear()


def test_what_is_remembered_says_what_would_be_read_anew(world: World) -> None:
    client = Client()
    client.force_login(world.people["bo"])
    before = pages(client)
    silent = []
    for name, step in STEPS.items():
        step(world)
        remembered = pages(client)
        forget()
        anew = pages(client)
        for page in PAGES:
            assert remembered[page] == anew[page], f"{page} after: {name}"
        if anew == before:
            silent.append(name)
        before = anew
    assert silent == [], "steps that no page shows prove nothing"


def test_a_team_that_wakes_up_gets_its_forecast_anew(world: World) -> None:
    """Where nothing has happened for long the record ends there; anything that happens says that it goes on."""
    client = Client()
    client.force_login(world.people["bo"])
    long_ago = clock.now() - dt.timedelta(days=60)
    Item.objects.filter(team=world.team).update(created_at=long_ago)
    Item.objects.filter(team=world.team, category="done").update(started_at=long_ago, done_at=long_ago)
    for week in range(8):
        item = outside(world, f"Done {week}.0")
        Item.objects.filter(pk=item.pk).update(done_at=long_ago - dt.timedelta(days=7 * week))
    pages(client)
    actions.move_item(in_sprint(world), to=column(world, "In progress"), by=world.bo)
    remembered = pages(client)
    forget()
    assert remembered == pages(client)
