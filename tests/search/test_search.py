"""Search: kept by the database itself, limited to the organisation, safe for any input."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.lib import clock, ranks
from headway.okr.models import KeyResult, Objective
from headway.people.models import Membership, Team
from headway.scrum.models import Category, Column, Item
from headway.search import index
from headway.search.queries import Found, find, find_by_kind
from headway.search.words import excerpt, parts, words
from tests.world import World, make_item, make_key_result, make_person, make_team, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def titles(found: Found) -> list[str]:
    return ["".join(part.text for part in hit.title) for hit in found.hits]


def marked(found: Found) -> list[str]:
    return [part.text for hit in found.hits for part in (*hit.title, *hit.excerpt) if part.is_match]


# What is found


@pytest.mark.parametrize(
    "text", ["price", "PRICE", "pri", "price show", "sign-in", "sign in price", "prïce", "  price  "]
)
def test_an_item_is_found_by_the_beginnings_of_its_words(world: World, text: str) -> None:
    make_item(world.team, "Show the price before sign-in")
    make_item(world.team, "Something else")
    assert titles(find(text, viewer=world.di)) == ["Show the price before sign-in"]


def test_all_words_must_be_there(world: World) -> None:
    make_item(world.team, "Show the price")
    assert find("price reminder", viewer=world.di) == Found((), 0)


@pytest.mark.parametrize(
    ("title", "text"),
    [("Señal de pago", "senal"), ("Überweisung", "uberw"), ("Цена Билета", "цена"), ("ТЕСТ", "тест"), ("Élan", "ELAN")],
)
def test_accents_and_capitals_do_not_matter_in_any_script(world: World, title: str, text: str) -> None:
    make_item(world.team, title)
    assert titles(find(text, viewer=world.di)) == [title]


def test_everything_that_an_item_says_is_searched(world: World) -> None:
    make_item(
        world.team,
        "One",
        description="Patients ask what a delivery costs",
        tracker_key="SHOP-77",
        extra={"Labels": ["checkout", "mobile"], "Customer": {"name": "Contoso"}, "Weight": 4711},
    )
    for text in ("delivery", "SHOP-77", "shop", "checkout", "mobile", "contoso", "4711", "ANT-1", "ant 1", "1", "#1"):
        assert titles(find(text, viewer=world.di)) == ["One"], text


def test_the_title_counts_more_than_the_text(world: World) -> None:
    make_item(world.team, "Something", description="price price price")
    make_item(world.team, "Price list")
    assert titles(find("price", viewer=world.di)) == ["Price list", "Something"]


def test_what_is_open_comes_before_what_is_done(world: World) -> None:
    make_item(world.team, "Order", category=Category.DONE)
    make_item(world.team, "Something", description="order " * 9)
    make_item(world.team, "A long title that speaks of an order among other things")
    found = titles(find("order", viewer=world.di, kinds=["item"]))
    assert [title[:9] for title in found] == ["A long ti", "Order", "Something"]
    assert titles(find("order", viewer=world.di, kinds=["item"], limit=1))[0].startswith("A long")


def test_a_key_comes_first(world: World) -> None:
    items = [make_item(world.team, f"Item {number} like ANT-1") for number in range(1, 13)]
    assert find("ant-1", viewer=world.di).hits[0].id == items[0].pk
    assert find("12", viewer=world.di).hits[0].id == items[11].pk


def test_objectives_key_results_and_people_are_found(world: World) -> None:
    KeyResult.objects.filter(pk=world.key_result.pk).update(measured_from="Warehouse report, weekly")
    found = find_by_kind("repeat", viewer=world.di)
    assert list(found) == ["key_result"]
    assert find("warehouse", viewer=world.di).hits[0].id == world.key_result.pk
    assert {hit.kind for hit in find("easy", viewer=world.di).hits} == {"objective", "key_result"}
    hit = find("bo be", viewer=world.di).hits[0]
    assert (hit.kind, hit.id, hit.where) == ("person", world.people["bo"].pk, "Product Owner, Ant")


def test_kinds_team_and_limit(world: World) -> None:
    other = make_team(world.organisation, "BEE", "Bee")
    make_item(world.team, "Price in Ant")
    make_item(other, "Price in Bee")
    make_key_result(world.objective, "Price known")
    assert find("price", viewer=world.di).total == 3
    assert titles(find("price", viewer=world.di, kinds=["item"], team=other)) == ["Price in Bee"]
    assert titles(find("price", viewer=world.di, kinds=["key_result"])) == ["Price known"]
    few = find("price", viewer=world.di, limit=1)
    assert (len(few.hits), few.total) == (1, 3)
    assert find("price", viewer=world.di, kinds=[]) == Found((), 0)


def test_nothing_of_another_organisation(world: World) -> None:
    make_item(world.team, "Secret price", tracker_key="SEC-1")
    make_key_result(world.objective, "Secret metric")
    for text in ("secret", "price", "ANT-1", "SEC-1", "1", "Bo", "Ordering", "ant"):
        assert find(text, viewer=world.eve).hits == (), text
    assert [hit.where for hit in find("eve", viewer=world.eve).hits] == ["Scrum Master, Eel"]
    assert find("eve", viewer=world.di).hits == ()


def test_a_person_of_two_organisations_is_found_in_both(world: World) -> None:
    Membership.objects.create(
        organisation=world.other_team.organisation, person=world.people["bo"], joined_at=clock.now()
    )
    assert titles(find("bo", viewer=world.eve)) == ["Bo Berg"]
    assert find("bo", viewer=world.eve).hits[0].where == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        '"',
        '"price',
        "price*",
        "price AND",
        "NOT price",
        "(price",
        "price:title",
        "scope:o1",
        "o1",
        "title : price",
        "{title} price",
        "price^2",
        "-price",
        "price + +",
        "NEAR(price show)",
        "price & | ! <-> :*",
        "'; DROP TABLE scrum_item; --",
        "price\\",
        "%price_",
        "price\x00show",
        "😀",
        "😀 price",
        "‮price",
        "ﬁ",
        "a" * 10_000,
        "price " * 2_000,
        "\ud800",
        "1" * 400,
        "ANT-99999999999999999999",
    ],
)
def test_any_input_is_safe(world: World, text: str) -> None:
    make_item(world.team, "Show the price")
    for hit in find(text, viewer=world.di).hits:
        assert "price" in "".join(part.text for part in hit.title)


def test_no_operator_reaches_the_database(world: World) -> None:
    make_item(world.team, "Show the price")
    assert titles(find("price OR nothing", viewer=world.di)) == []
    assert titles(find('"show" "price"*', viewer=world.di)) == ["Show the price"]


# Kept by the database


def test_bulk_writes_are_seen(world: World) -> None:
    column = Column.objects.filter(team=world.team)[0]
    now = clock.now()
    Item.objects.bulk_create(
        [
            Item(team=world.team, number=n, title=f"Bulk {n}", column=column, rank=rank, created_at=now, updated_at=now)
            for n, rank in enumerate(ranks.many_between(None, None, 5), 1)
        ]
    )
    assert find("bulk", viewer=world.di).total == 5
    items = list(Item.objects.all())
    for item in items:
        item.title = f"Renamed {item.number}"
    Item.objects.bulk_update(items, ["title"])
    assert find("bulk", viewer=world.di).total == 0
    assert find("renamed", viewer=world.di).total == 5
    Item.objects.filter(number__lte=2).update(description="hidden words")
    assert find("hidden", viewer=world.di).total == 2
    Item.objects.filter(number=1).delete()
    assert find("hidden", viewer=world.di).total == 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scrum_item SET title = 'By hand' WHERE number = 3")
    assert titles(find("by hand", viewer=world.di)) == ["By hand"]


def test_what_is_removed_or_put_away_is_not_found_and_comes_back(world: World) -> None:
    item = make_item(world.team, "Show the price")
    Item.objects.filter(pk=item.pk).update(removed_at=clock.now())
    assert index_rows("item") == 0
    Item.objects.filter(pk=item.pk).update(removed_at=None)
    assert find("price", viewer=world.di).total == 1
    Objective.objects.filter(pk=world.objective.pk).update(archived_at=clock.now())
    assert find("repeat", viewer=world.di).total == 0
    Objective.objects.filter(pk=world.objective.pk).update(archived_at=None)
    assert find("repeat", viewer=world.di).total == 1
    Membership.objects.filter(person=world.people["bo"]).update(deactivated_at=clock.now())
    assert find("bo", viewer=world.di).total == 0


def test_a_row_follows_what_it_quotes(world: World) -> None:
    make_item(world.team, "Show the price")
    Team.objects.filter(pk=world.team.pk).update(key="ZEBRA")
    assert titles(find("zebra", viewer=world.di, kinds=["item"])) == ["Show the price"]
    assert find("ant", viewer=world.di, kinds=["item"]).total == 0
    world.people["bo"].name = "Robert Berg"
    world.people["bo"].save()
    assert titles(find("robert", viewer=world.di)) == ["Robert Berg"]
    Objective.objects.filter(pk=world.objective.pk).update(title="Nobody waits")
    assert [hit.kind for hit in find("nobody", viewer=world.di, kinds=["key_result"]).hits] == ["key_result"]


def test_a_write_to_other_fields_leaves_the_index_alone(world: World) -> None:
    item = make_item(world.team, "Show the price")
    if connection.vendor == "sqlite":
        before = total_changes()
        Item.objects.filter(pk=item.pk).update(size=3)
        assert total_changes() - before == 1
        item.save()
        assert total_changes() - before == 2
    else:
        Item.objects.filter(pk=item.pk).update(size=3)
    assert find("price", viewer=world.di).total == 1


def test_missing_triggers_are_made_again_and_what_was_missed_is_found(world: World) -> None:
    index.drop_triggers(connection)
    assert not index.has_triggers(connection)
    make_item(world.team, "Written meanwhile")
    assert find("meanwhile", viewer=world.di).total == 0
    call_command("migrate", verbosity=0)
    assert index.has_triggers(connection)
    assert find("meanwhile", viewer=world.di).total == 1


def test_before_migrations_the_triggers_go_only_where_there_is_something_to_do() -> None:
    index.before_migrations(using="default", plan=[])
    assert index.has_triggers(connection)
    index.before_migrations(using="default", plan=[("one", False)])
    assert not index.has_triggers(connection)
    index.after_migrations(using="default")
    assert index.has_triggers(connection)


def test_rebuild_gives_what_the_triggers_gave(world: World) -> None:
    make_item(world.team, "Show the price", extra={"a": ["b", {"c": "deep"}]})
    before = {kind: index_rows(kind) for kind in ("item", "objective", "key_result", "person")}
    index.rebuild(connection)
    assert {kind: index_rows(kind) for kind in before} == before
    assert find("deep", viewer=world.di).total == 1


def test_a_very_long_description_is_no_obstacle(world: World) -> None:
    make_item(world.team, "Long", description=" ".join(f"word{n}" for n in range(200_000)))
    assert find("word17", viewer=world.di).total == 1


# Parts and words


def test_what_matched_is_marked(world: World) -> None:
    make_item(world.team, "Show the Price", description="…")
    make_item(world.team, "Other", description="It says the price inside, and " + "more " * 40)
    found = find("pri", viewer=world.di)
    assert marked(found) == ["Pri", "pri"]
    assert find("pri", viewer=world.di).hits[0].excerpt == ()


def test_words_parts_and_excerpts() -> None:
    assert words("Sign-in, sign in; ÉCLAIR 42_7") == ["sign", "in", "eclair", "42", "7"]
    assert [(part.text, part.is_match) for part in parts("Éclair price", ["ecl"])] == [
        ("Écl", True),
        ("air price", False),
    ]
    assert parts("", ["a"]) == ()
    cut = "".join(part.text for part in excerpt("word " * 50 + "price" + " word" * 50, ["price"]))
    assert cut.startswith("… word")
    assert cut.endswith("word …")
    assert len(cut) < 160
    assert excerpt("nothing here", ["price"]) == ()


# Cost


def test_a_search_takes_few_queries(world: World) -> None:
    for number in range(10):
        make_item(world.team, f"Price {number}")
    make_key_result(world.objective, "Price known")
    make_person(world.organisation, "Price Poe")
    with CaptureQueriesContext(connection) as few:
        find("price", viewer=world.di)
    assert len(few) <= 9


def test_two_thousand_items_written_at_once_are_all_found(world: World) -> None:
    make_many(world, 2_000)
    assert find("price", viewer=world.di).total == 2_000


def make_many(world: World, count: int) -> None:
    column = Column.objects.filter(team=world.team)[0]
    now = clock.now()
    Item.objects.bulk_create(
        [
            Item(
                team=world.team,
                number=number,
                title=f"Reminder {number % 97} for order {number}",
                description=f"When somebody orders {number} packs the price is shown before they pay. " * 4,
                column=column,
                rank=rank,
                created_at=now,
                updated_at=now,
            )
            for number, rank in enumerate(ranks.many_between(None, None, count), 1)
        ],
        batch_size=500,
    )


def index_rows(kind: str) -> int:
    """Count what the index itself holds of a kind, whatever the queries filter."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"SELECT count(*) FROM {index.TABLE} WHERE {index.TABLE} MATCH %s", [f"scope : {kind.replace('_', '')}"]
            )
        else:
            cursor.execute(f"SELECT count(*) FROM {index.TABLE} WHERE kind = %s", [kind])
        return int(cursor.fetchone()[0])


def total_changes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT total_changes()")
        return int(cursor.fetchone()[0])
