"""Which Key Results an item seems to be about."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.okr.models import KeyResult
from headway.scrum.models import Item
from headway.search.queries import similar_key_results
from headway.search.words import stems
from headway.value.models import Serves
from tests.world import World, make_cycle, make_item, make_key_result, make_objective, make_team, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Three Key Results: repeat orders without a call, reminders that lead to an order, the first order finished."""
    world = make_world()
    make_key_result(world.objective, "Reminders that lead to an order within 48 hours", short_name="Reminder works")
    make_key_result(world.objective, "New patients who finish their first order", short_name="First order")
    return world


def names(world: World, subject: Item | str, **options: int) -> list[str]:
    return [found.key_result.title for found in similar_key_results(subject, viewer=world.di, **options)]


def link(item: Item, key_result: KeyResult) -> None:
    Serves.objects.create(item=item, key_result=key_result, at=clock.now())


def test_the_words_of_a_key_result_suggest_it(world: World) -> None:
    item = make_item(world.team, "Send reminders by habit, not by calendar")
    found = similar_key_results(item, viewer=world.di)
    assert found[0].key_result.short_name == "Reminder works"
    assert "Reminders" in found[0].words
    assert 0 < found[0].score <= 1


def test_text_does_as_well_as_an_item(world: World) -> None:
    assert names(world, "patients finish the sign-up")[0] == "New patients who finish their first order"


def test_a_rare_word_weighs_more_than_a_common_one(world: World) -> None:
    for number in range(20):
        make_item(world.team, f"Order thing {number}")
    make_item(world.team, "The patient chooses a pharmacy")
    assert names(world, make_item(world.team, "Order of a patient"))[0] == "New patients who finish their first order"


def test_what_was_linked_before_teaches(world: World) -> None:
    first = KeyResult.objects.get(short_name="First order")
    for title in ("Fewer fields at sign-up", "Show the price before sign-up", "Sign-up with the insurance card"):
        link(make_item(world.team, title), first)
    item = make_item(world.team, "Explain sign-up in plain words")
    found = similar_key_results(item, viewer=world.di)
    assert found[0].key_result == first
    assert found[0].words == ()
    assert set(found[0].like) == {"ANT-1", "ANT-2", "ANT-3"}


def test_an_item_is_no_example_for_itself(world: World) -> None:
    item = make_item(world.team, "Label printer driver")
    link(item, KeyResult.objects.get(short_name="First order"))
    assert names(world, item) == []


def test_nothing_in_common_suggests_nothing(world: World) -> None:
    assert names(world, make_item(world.team, "Label printer driver")) == []
    assert names(world, "") == []
    assert names(world, "the and of 42 😀 \"'") == []


def test_only_what_the_viewer_may_see(world: World) -> None:
    item = make_item(world.team, "Send reminders")
    assert similar_key_results(item, viewer=world.eve) == []


def test_cycles_that_are_over_come_only_where_nothing_runs(world: World) -> None:
    today = clock.today()
    past = make_cycle(
        world.organisation, "Past", starts_on=today - dt.timedelta(200), ends_on=today - dt.timedelta(100)
    )
    old = make_key_result(make_objective(past, team=world.team), "Reminders read")
    item = make_item(world.team, "Send reminders")
    assert old.title not in names(world, item)
    KeyResult.objects.exclude(pk=old.pk).update(archived_at=clock.now())
    assert names(world, item) == [old.title]


def test_the_own_teams_key_result_goes_first(world: World) -> None:
    bee = make_team(world.organisation, "BEE", "Bee")
    theirs = make_key_result(make_objective(world.cycle, team=bee), "Reminders that lead to an order within 48 hours")
    item = make_item(world.team, "Send reminders within hours")
    found = similar_key_results(item, viewer=world.di)
    assert [suggestion.key_result.pk == theirs.pk for suggestion in found[:2]] == [False, True]


def test_limit_and_queries(world: World) -> None:
    for number in range(5):
        link(make_item(world.team, f"Order reminder {number}"), world.key_result)
    item = make_item(world.team, "Order", description="reminders for patients who repeat an order")
    assert len(names(world, item, limit=1)) == 1
    with CaptureQueriesContext(connection) as queries:
        similar_key_results(item, viewer=world.di)
    assert len(queries) <= 6


def test_stems_meet_where_words_differ_in_their_ending() -> None:
    assert len({*stems("order orders ordered ordering")}) == 1
    assert stems("The new 42 of") == []
    assert stems("Reminders") == ["remind"]
