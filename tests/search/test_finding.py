"""Finding: filters, forms of words, slips, scripts without spaces, kinds; what is asked of the database."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from typer.testing import CliRunner

from headway.agreements.models import Decision, Impediment
from headway.cli import app
from headway.lib import clock
from headway.okr.models import KeyResult, Objective
from headway.scrum.models import Category, Item, Sprint
from headway.search import index
from headway.search.asked import Filters
from headway.search.queries import Found, find, find_by_kind
from headway.value.models import NotNow, Serves
from tests.world import (
    World,
    make_cycle,
    make_item,
    make_key_result,
    make_objective,
    make_sprint,
    make_team,
    make_world,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def titles(found: Found) -> list[str]:
    return [hit.text for hit in found.hits]


def decide(world: World, title: str = "Lower the target", **fields: object) -> Decision:
    given = {"because": "The supplier left", "decided_on": clock.today(), "by": world.people["bo"]} | fields
    return Decision.objects.create(organisation=world.organisation, team=world.team, title=title, **given)


# Filters


def test_by_state(world: World) -> None:
    make_item(world.team, "Price open")
    make_item(world.team, "Price done", category=Category.DONE)
    shelved = make_item(world.team, "Price shelved")
    NotNow.objects.create(item=shelved, reason="Later", at=clock.now())
    make_item(world.team, "Price removed", removed_at=clock.now())
    assert titles(find("price state:open", viewer=world.di)) == ["Price open"]
    assert titles(find("price state:done", viewer=world.di)) == ["Price done"]
    assert titles(find("price state:not-now", viewer=world.di)) == ["Price shelved"]
    assert titles(find("price state:removed", viewer=world.di)) == ["Price removed"]
    assert titles(find("state:removed", viewer=world.eve)) == []
    assert find("price -removed", viewer=world.di).total == 3


def test_by_person(world: World) -> None:
    mine = make_item(world.team, "Price of Ana")
    mine.assignees.add(world.people["ana"])
    make_item(world.team, "Price of nobody")
    assert titles(find("price @ana", viewer=world.di)) == ["Price of Ana"]
    assert titles(find("price @me", viewer=world.ana)) == ["Price of Ana"]
    assert titles(find("price @me", viewer=world.bo)) == []
    assert titles(find("price @eve", viewer=world.di)) == []
    KeyResult.objects.filter(pk=world.key_result.pk).update(owner=world.people["bo"])
    assert [hit.kind for hit in find("@bo", viewer=world.di).hits] == ["key_result"]


def test_by_team_and_cycle(world: World) -> None:
    other = make_team(world.organisation, "BEE", "Bee")
    make_item(other, "Price in Bee")
    item = make_item(world.team, "Price in Ant")
    assert titles(find("price team:bee", viewer=world.di)) == ["Price in Bee"]
    assert titles(find("price team:Ant", viewer=world.di)) == ["Price in Ant"]
    assert find("price team:EEL", viewer=world.di).total == 0
    old = make_cycle(world.organisation, "Q1", starts_on=dt.date(2020, 1, 1), ends_on=dt.date(2020, 3, 31))
    make_key_result(make_objective(old, "Old aim"), "Price of old")
    Serves.objects.create(item=item, key_result=world.key_result, at=clock.now())
    assert titles(find("price cycle:q1", viewer=world.di)) == ["Price of old"]
    assert titles(find('price cycle:"this quarter"', viewer=world.di)) == ["Price in Ant"]
    assert titles(find("aim state:open", viewer=world.di)) == []
    assert titles(find("old aim state:done kind:objective", viewer=world.di)) == ["Old aim"]


def test_since_when(world: World) -> None:
    now = clock.now()
    make_item(world.team, "Price new")
    make_item(world.team, "Price old", updated_at=now - dt.timedelta(days=90))
    decide(world, "Price decided", decided_on=clock.today() - dt.timedelta(days=3))
    assert set(titles(find("price since:30d", viewer=world.di))) == {"Price new", "Price decided"}


def test_filters_alone_list_what_passes(world: World) -> None:
    make_item(world.team, "One")
    make_item(world.team, "Two")
    found = find("kind:item state:open", viewer=world.di, limit=1)
    assert (titles(found), found.total) == (["Two"], 2)
    assert find("", viewer=world.di, filters=Filters(kinds=("sprint",))).total == 0


def test_words_to_leave_out_and_phrases(world: World) -> None:
    make_item(world.team, "Show the price before sign-in")
    make_item(world.team, "The price, show it")
    assert titles(find('"show the price"', viewer=world.di)) == ["Show the price before sign-in"]
    assert titles(find("price -before", viewer=world.di)) == ["The price, show it"]
    assert titles(find("-before", viewer=world.di)) == []


# Kinds


def test_decisions_impediments_and_sprints_are_found(world: World) -> None:
    item = make_item(world.team, "Something")
    decide(world, subject_type="okr.keyresult", subject_id=world.key_result.pk)
    decide(world, "Split it", because="too large", subject_type="scrum.item", subject_id=item.pk)
    Impediment.objects.create(
        team=world.team, title="No test server", asked="Operations", item_id=item.pk, raised_on=clock.today()
    )
    Sprint.objects.filter(pk=make_sprint(world.team, 7).pk).update(goal="Nobody phones")
    hit = find("supplier", viewer=world.di).hits[0]
    assert (hit.kind, hit.text, hit.key_result_id, hit.state) == (
        "decision",
        "Lower the target",
        world.key_result.pk,
        "open",
    )
    assert "".join(part.text for part in hit.excerpt) == "The supplier left"
    assert find("split", viewer=world.di).hits[0].number == item.number
    hit = find("operations", viewer=world.di).hits[0]
    assert (hit.kind, hit.number, hit.team_key, hit.state) == ("impediment", item.number, "ANT", "open")
    hit = find("phones", viewer=world.di).hits[0]
    assert (hit.kind, hit.number, hit.text) == ("sprint", 7, "Sprint 7")
    for text in ("supplier", "split", "operations", "phones", "kind:decision", "kind:impediment", "kind:sprint"):
        assert find(text, viewer=world.eve).hits == (), text


def test_counts_by_kind_and_pages(world: World) -> None:
    for number in range(7):
        make_item(world.team, f"Repeat {number}")
    found = find("repeat", viewer=world.di, limit=3)
    assert dict(found.counts) == {"item": 7, "key_result": 1}
    assert found.total == 8
    pages = [find("repeat", viewer=world.di, limit=3, offset=offset) for offset in (0, 3, 6)]
    seen = [(hit.kind, hit.id) for page in pages for hit in page.hits]
    assert len(seen) == len(set(seen)) == 8
    groups = find_by_kind("repeat", viewer=world.di, limit=2)
    assert {kind: (len(group.hits), group.total) for kind, group in groups.items()} == {
        "item": (2, 7),
        "key_result": (1, 1),
    }


# Rank


def test_whole_words_before_beginnings_and_the_newer_among_equals(world: World) -> None:
    now = clock.now()
    make_item(world.team, "Priced list", updated_at=now)
    make_item(world.team, "Price list old", updated_at=now - dt.timedelta(days=50))
    make_item(world.team, "Price list new", updated_at=now)
    assert titles(find("price", viewer=world.di)) == ["Price list new", "Price list old", "Priced list"]


# Slips and forms


@pytest.mark.parametrize("text", ["prescripton", "perscription", "presription", "prescriptoin", "prexcript"])
def test_a_slip_is_put_right(world: World, text: str) -> None:
    make_item(world.team, "Send a photo of the prescription")
    make_item(world.team, "Other words altogether")
    found = find(text, viewer=world.di)
    assert titles(found) == ["Send a photo of the prescription"]
    assert found.corrected == ((text, "prescription"),)


def test_what_is_found_is_not_put_right_and_nothing_is_taken_from_elsewhere(world: World) -> None:
    make_item(world.team, "Send a photo")
    make_item(world.other_team, "Prescription")
    assert find("photo", viewer=world.di).corrected == ()
    assert find("prescripton", viewer=world.di) == Found((), 0)
    assert find("xyz", viewer=world.di) == Found((), 0)


def test_other_forms_are_found_and_marked(world: World) -> None:
    make_item(world.team, "Customers ordered twice")
    hit = find("ordering customer", viewer=world.di).hits[0]
    assert [part.text for part in hit.title if part.is_match] == ["Customer", "order"]
    make_item(world.team, "Bestellungen per Telefon")
    assert titles(find("Bestellung", viewer=world.di, language="de")) == ["Bestellungen per Telefon"]
    make_item(world.team, "Das Haus am See")
    assert titles(find("Häuser", viewer=world.di, language="de")) == ["Das Haus am See"]


@pytest.mark.parametrize("text", ["仕様書", "様書", "仕様", "更新", "価格", "API仕様", "ガイド"])
def test_scripts_without_spaces_are_found_by_any_part(world: World, text: str) -> None:
    make_item(world.team, "価格のAPI仕様書を更新するガイド")
    make_item(world.team, "別の仕事")
    found = find(text, viewer=world.di)
    assert titles(found) == ["価格のAPI仕様書を更新するガイド"]
    assert any(part.is_match for part in found.hits[0].title)


def test_hangul_and_kana_keep_their_signs(world: World) -> None:
    make_item(world.team, "한국어 주문 확인")
    make_item(world.team, "かき")
    assert titles(find("주문", viewer=world.di)) == ["한국어 주문 확인"]
    assert find("がぎ", viewer=world.di).total == 0


def test_an_excerpt_of_an_unspaced_text_is_short(world: World) -> None:
    make_item(world.team, "Other", description="仕事" * 400 + "価格表" + "仕事" * 400)
    hit = find("価格表", viewer=world.di).hits[0]
    text = "".join(part.text for part in hit.excerpt)
    assert "価格表" in text
    assert len(text) < 200


# Who, and how much


def test_every_hit_is_visible_to_its_viewer(world: World) -> None:
    item = make_item(world.team, "Repeat one")
    decide(world, "Repeat decided")
    for actor in (world.ana, world.bo, world.cy, world.di):
        kinds = {hit.kind for hit in find("repeat", viewer=actor).hits}
        assert kinds == {"item", "key_result", "decision"}
        assert Item.objects.visible_to(actor).filter(pk=item.pk).exists()
        assert Objective.objects.visible_to(actor).exists()
    assert find("repeat", viewer=world.eve) == Found((), 0)


@pytest.mark.parametrize(
    ("text", "queries"), [("price", 4), ("ANT-1", 4), ("3", 4), ("price kind:item state:open @ana", 4)]
)
def test_a_palette_search_takes_four_queries_however_many_kinds(world: World, text: str, queries: int) -> None:
    for number in range(6):
        make_item(world.team, f"Price {number}")
    decide(world, "Price decided")
    make_key_result(world.objective, "Price known")
    make_sprint(world.team, 1, name="Price Sprint")
    world.people["cy"].name = "Price Cole"
    world.people["cy"].save()
    with CaptureQueriesContext(connection) as seen:
        find_by_kind(text, viewer=world.di, with_excerpts=False)
    assert len(seen) <= 4, [query["sql"] for query in seen]


def test_a_change_of_what_is_indexed_makes_the_triggers_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_CURRENT", f"{index.PREFIX}older_")
    assert not index.has_triggers(connection)
    index.after_migrations(using="default")
    assert index.has_triggers(connection)
    make_item(world.team, "Fresh")
    assert find("fresh", viewer=world.di).total == 1


def test_reindex_finds_what_was_written_past_the_triggers(world: World) -> None:
    index.drop_triggers(connection)
    make_item(world.team, "Past them all")
    assert find("past", viewer=world.di).total == 0
    answer = CliRunner().invoke(app, ["reindex"])
    assert answer.exit_code == 0, answer.output
    assert index.has_triggers(connection)
    assert titles(find("past", viewer=world.di)) == ["Past them all"]
