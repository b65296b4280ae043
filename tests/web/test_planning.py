"""Orders of the value sheet in the browser: tried, saved with one Change, questioned; and what binds items."""

import re
from collections import OrderedDict

import pytest
from django.test import Client

from headway.live.models import Change
from headway.scrum.actions import order_items, rank_item
from headway.scrum.models import Item
from headway.value.models import MustHave, Prerequisite
from headway.value.queries import plan, value_sheet
from tests.web.test_backlog import BACKLOG, HTMX, order, signed_in, three
from tests.world import World, make_item, make_world

SAVE = f"{BACKLOG}order/"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def written(items: list[Item]) -> str:
    return ".".join(str(item.number) for item in items)


def test_a_tried_order_shows_its_value_and_saves_nothing(world: World) -> None:
    one, two, last = three(world)
    client = signed_in(world, "bo")
    tried = [last, one, two]
    text = client.get(BACKLOG, {"order": written(tried)}).content.decode()
    sheet = value_sheet(world.team, world.bo, order=[item.number for item in tried])
    assert sheet.value_shown is not None
    assert sheet.value_present is not None
    assert sheet.value_shown > sheet.value_present
    assert f'data-figure="{sheet.value_shown!r}"' in text
    assert "Save this order" in text
    assert text.index(f'id="row-{last.pk}"') < text.index(f'id="row-{one.pk}"')
    assert order(world) == ["One", "Two", "Three"]
    assert not Change.objects.exists()
    part = client.get(BACKLOG, {"order": written(tried)}, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "Save this order" in part


@pytest.mark.parametrize("wanted", ["1.2", "1.2.2", "1.2.999", "x", "1..2", "9" * 20])
def test_an_order_of_other_items_shows_the_present_one(world: World, wanted: str) -> None:
    three(world)
    text = signed_in(world, "bo").get(BACKLOG, {"order": wanted}).content.decode()
    assert "Save this order" not in text
    assert "One" in text


def test_what_is_saved_has_the_value_that_was_shown_and_is_taken_back(world: World) -> None:
    one, two, last = three(world)
    plain = make_item(world.team, "Plain")
    rank_item(plain, after=one, by=world.bo)
    tried = [last, two, one]
    shown = value_sheet(world.team, world.bo, order=[item.number for item in tried]).value_shown
    client = signed_in(world, "bo")
    client.post(SAVE, {"order": written(tried)})
    assert order(world) == ["Three", "Plain", "Two", "One"], "what has no price keeps its place"
    assert value_sheet(world.team, world.bo).value_present == shown
    change = Change.objects.latest("pk")
    assert (change.name, len(change.after)) == ("items.ranked", 2)
    client.post(f"/changes/{change.pk}/undo/")
    assert order(world) == ["One", "Plain", "Two", "Three"]


def test_only_the_product_owner_saves_and_a_stranger_finds_nothing(world: World) -> None:
    items = three(world)
    wanted = {"order": written(items[::-1])}
    for name in ("ana", "cy", "di"):
        assert signed_in(world, name).post(SAVE, wanted).status_code == 403
    assert "Save this order" not in signed_in(world, "cy").get(BACKLOG, wanted).content.decode()
    assert signed_in(world, "eve").post(SAVE, wanted).status_code == 404
    assert Client().post(SAVE, wanted).status_code == 302
    assert order(world) == ["One", "Two", "Three"]


@pytest.mark.parametrize("wanted", ["", "1.1", "1.999", "x"])
def test_what_is_no_order_is_refused(world: World, wanted: str) -> None:
    three(world)
    client = signed_in(world, "bo")
    assert client.post(SAVE, {"order": wanted}).status_code == 302
    assert "has changed since" in client.get(BACKLOG).content.decode()
    assert not Change.objects.exists()


def test_what_somebody_ordered_meanwhile_is_not_overwritten_unseen(world: World) -> None:
    one, two, last = three(world)
    client = signed_in(world, "bo")
    text = client.get(BACKLOG, {"order": written([two, one, last])}).content.decode()
    seen = re.search(r'name="seen" value="(\d+)"><input type="hidden" name="order"', text)
    assert seen
    rank_item(last, before=one, by=world.system)
    client.post(SAVE, {"order": written([two, one, last]), "seen": seen[1]})
    assert order(world) == ["Three", "One", "Two"]
    assert "Meanwhile" in client.get(BACKLOG).content.decode()


def test_the_same_order_again_is_no_change(world: World) -> None:
    items = three(world)
    assert order_items(world.team, items, by=world.bo) is None
    assert not Change.objects.exists()


def test_a_long_backlog_is_shown_before_its_best_order_is_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(world)
    monkeypatch.setattr(plan, "QUICK_UP_TO", 2)
    monkeypatch.setattr(plan, "_versions", OrderedDict())  # what other tests have looked for
    client = signed_in(world, "bo")
    text = client.get(BACKLOG).content.decode()
    assert "looking through 3 items" in text
    assert "Take the best order" not in text
    part = client.get(f"{BACKLOG}best/", headers=HTMX).content.decode()
    assert "Take the best order" in part
    assert client.get(f"{BACKLOG}best/").status_code == 302


def test_columns_are_shown_where_they_are_asked_for(world: World) -> None:
    three(world)
    client = signed_in(world, "bo")
    assert "WSJF<br>" not in client.get(BACKLOG).content.decode()
    text = client.get(BACKLOG, {"col": ["cd3", "rice", "pays", "value", "nonsense"]}).content.decode()
    for head in ("WSJF<br>", "RICE</th>", "Chance<br>to pay", "Value<br>alone", "place 1"):
        assert head in text


def test_what_would_change_our_mind_is_said_in_words(world: World) -> None:
    empty = signed_in(world, "di").get(f"{BACKLOG}mind/").content.decode()
    assert "no order to think about" in empty
    three(world)
    text = signed_in(world, "di").get(f"{BACKLOG}mind/").content.decode()
    assert "change places if" in text
    number, _other = re.search(r"<li>(\d+) and (\d+) change places", text).groups()  # type: ignore[union-attr]
    assert f'<span class="id">{number}</span>' in text.partition("The items by name")[2]
    assert "WSJF (CD3)" in text
    assert not re.search(r"\b(NaN|inf)\b", text)


def test_what_binds_an_item_is_said_in_a_dialog_and_taken_back(world: World) -> None:
    one, two, _last = three(world)
    client = signed_in(world, "bo")
    here = f"/t/ANT/items/{one.number}/binds/"
    client.post(here, {"needs": two.number})
    assert Prerequisite.objects.get().needs == two
    assert f"needs {two.number} first" in client.get(BACKLOG).content.decode()
    refused = client.post(f"/t/ANT/items/{two.number}/binds/", {"needs": one.number}, headers=HTMX)
    assert refused.status_code == 422
    assert "wait for each other" in refused.content.decode()
    assert client.post(here, {"needs": 9999}, headers=HTMX).status_code == 422
    client.post(f"/t/ANT/items/{one.number}/needs-no-more/", {"needs": two.number})
    assert not Prerequisite.objects.exists()
    assert client.post(f"/t/ANT/items/{one.number}/must/", {"reason": ""}, headers=HTMX).status_code == 422
    client.post(f"/t/ANT/items/{one.number}/must/", {"reason": "The law"})
    assert "must be done" in client.get(BACKLOG).content.decode()
    client.post(f"/t/ANT/items/{one.number}/must/", {"lift": "1"})
    assert not MustHave.objects.exists()
    assert signed_in(world, "cy").post(f"/t/ANT/items/{one.number}/must/", {"reason": "So"}).status_code == 403
    assert signed_in(world, "eve").get(here).status_code == 404


def test_scenarios_kept_in_memory_have_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    items = three(world)
    monkeypatch.setattr(plan, "MOST_BYTES", 100_000)
    monkeypatch.setattr(plan, "MOST_VERSIONS", 3)
    monkeypatch.setattr(plan, "_versions", OrderedDict())
    before = value_sheet(world.team, world.bo).value_present
    for size in (5, 8, 13, 20, 3):
        Item.objects.filter(pk=items[0].pk).update(size=size)
        assert value_sheet(world.team, world.bo).value_present
    assert len(plan._versions) <= 3
    assert sum(1 for version in plan._versions.values() if version.weight) <= 1
    assert value_sheet(world.team, world.bo).value_present == before, "drawn again it is the same"
