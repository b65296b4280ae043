"""The page of activity: who changed what, narrowed, paged, and taken back."""

import pytest
from django.test import Client

from headway.live.models import Change
from headway.okr.actions import edit_cycle
from headway.people.actions import deactivate_member, edit_organisation, set_roles
from headway.people.models import Person, Role
from headway.scrum.actions import block_item, create_item, move_item
from headway.scrum.models import Column, Item
from headway.value.actions import place_bet
from tests.world import World, make_item, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_it_tells_what_was_done_and_links_to_it(world: World) -> None:
    item = create_item(world.team, title="Pay <by> card", by=world.cy)
    page = client_of(world.people["di"]).get("/activity/").content.decode()
    assert f"Cy Cole created {item.key} Pay &lt;by&gt; card" in page
    assert f'href="/t/ANT/items/{item.number}/"' in page


def test_a_change_is_taken_back_from_it(world: World) -> None:
    item = make_item(world.team)
    move_item(item, to=Column.objects.get(team=world.team, name="Done"), by=world.cy)
    client = client_of(world.people["cy"])
    page = client.get("/activity/?area=work").content.decode()
    address = page.split('action="/changes/')[1].split('"')[0]
    client.post(f"/changes/{address}", {"next": "/activity/"})
    assert Item.objects.get(pk=item.pk).column.name == "To do"
    assert "taken back" in client.get("/activity/").content.decode()


def test_a_stakeholder_is_offered_no_way_back(world: World) -> None:
    move_item(make_item(world.team), to=Column.objects.get(team=world.team, name="Done"), by=world.cy)
    assert "/undo/" not in client_of(world.people["di"]).get("/activity/").content.decode()


def test_what_is_not_theirs_is_absent(world: World) -> None:
    item = create_item(world.team, title="Secret", by=world.cy)
    eve = client_of(world.people["eve"])
    assert "Secret" not in eve.get("/activity/").content.decode()
    assert eve.get("/activity/?team=ANT").status_code == 404
    assert eve.get(f"/activity/?of=scrum.item:{item.pk}").status_code == 404
    assert client_of(world.people["di"]).get("/activity/?of=moon.base:1").status_code == 404


def test_older_ones_are_a_page_further(world: World) -> None:
    for number in range(55):
        create_item(world.team, title=f"Item {number}", by=world.cy)
    client = client_of(world.people["ana"])
    first = client.get("/activity/?team=ANT").content.decode()
    assert "Item 54" in first
    assert "Item 4<" not in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older).content.decode()
    assert "Item 4<" in second
    assert "Item 54<" not in second


def test_the_number_of_queries_does_not_grow(world: World, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for number in range(40):
        create_item(world.team, title=f"Item {number}", by=world.cy)
    client = client_of(world.people["ana"])
    client.get("/activity/")
    with django_assert_max_num_queries(20):
        client.get("/activity/")


@pytest.mark.parametrize(
    ("of", "told"),
    [
        ("people.membership", "Ana Abel changed the roles of Cy Cole to"),
        ("people.team", "Ana Abel changed the roles of Cy Cole to"),
        ("people.organisation", "Ana Abel changed the settings of"),
        ("okr.cycle", "Ana Abel changed the cycle"),
        ("value.bet", "Bo Berg placed a bet on"),
    ],
)
def test_settings_and_bets_have_an_activity_of_their_own(world: World, of: str, told: str) -> None:
    item = make_item(world.team)
    bet = place_bet(item, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5, by=world.bo)
    set_roles(world.team, world.people["cy"], [Role.STAKEHOLDER], by=world.ana)
    edit_organisation(world.organisation, by=world.ana, currency="CHF")
    cycle = world.objective.cycle
    edit_cycle(cycle, by=world.ana, name="Spring")
    rows = {
        "people.membership": world.organisation.memberships.get(person=world.people["cy"]),
        "people.team": world.team,
        "people.organisation": world.organisation,
        "okr.cycle": cycle,
        "value.bet": bet,
    }
    create_item(world.team, title="Something else", by=world.cy)
    address = f"/activity/?of={of}:{rows[of].pk}"
    page = client_of(world.people["di"]).get(address).content.decode()
    assert told in page
    assert "Something else" not in page
    assert client_of(world.people["eve"]).get(address).status_code == 404


def test_a_member_s_activity_tells_what_was_done_about_them_and_not_what_they_did(world: World) -> None:
    create_item(world.team, title="Pay by card", by=world.cy)
    row = world.organisation.memberships.get(person=world.people["cy"])
    assert (
        "Pay by card"
        not in client_of(world.people["ana"]).get(f"/activity/?of=people.membership:{row.pk}").content.decode()
    )


def test_a_thousand_changes_are_read_a_page_at_a_time(world: World, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    first = create_item(world.team, title="Pay by card", by=world.cy)
    change = Change.objects.latest("pk")
    Change.objects.bulk_create(
        Change(
            organisation_id=change.organisation_id,
            team_id=change.team_id,
            actor_id=change.actor_id,
            actor_kind="member",
            name="item.ranked",
            subject_type="scrum.item",
            subject_id=first.pk,
            subject_label=f"Number {number}.",
            at=change.at,
        )
        for number in range(1_200)
    )
    client = client_of(world.people["ana"])
    client.get("/activity/")
    address, pages, told = "/activity/?team=ANT", 0, 0
    while address:
        with django_assert_max_num_queries(20):
            page = client.get(address).content.decode()
        pages, told = pages + 1, told + page.count("gave Number ")
        _before, found, rest = page.partition('rel="next" href="')
        address = rest.split('"')[0].replace("&amp;", "&") if found else ""
    assert pages == 25
    assert told >= 1_200


def test_an_empty_list_says_so(world: World) -> None:
    assert "Nothing was changed yet." in client_of(world.people["ana"]).get("/activity/?area=imports").content.decode()


def test_a_member_in_a_line_leads_to_a_page_that_opens(world: World) -> None:
    row = world.organisation.memberships.get(person=world.people["cy"])
    deactivate_member(row, by=world.ana)
    client = client_of(world.people["ana"])
    line = client.get("/activity/").content.decode().split("deactivated Cy Cole")[0].rsplit('href="', 1)[1]
    assert client.get(line.split('"')[0]).status_code == 200


def test_a_reason_that_somebody_gave_meanwhile_is_told_before_it_is_replaced(world: World) -> None:
    item = make_item(world.team)
    client = client_of(world.people["cy"])
    address = f"/t/ANT/items/{item.number}/block/"
    block_item(item, because="No key", by=world.bo)
    mine = {"was": "", "because": "No server"}
    answer = client.post(address, mine)
    assert answer.status_code == 422
    assert "Bo Berg changed this meanwhile to “No key”" in answer.content.decode()
    assert Item.objects.get(pk=item.pk).blocked_because == "No key"
    assert client.post(address, mine | {"was": "No key"}).status_code == 302
    assert Item.objects.get(pk=item.pk).blocked_because == "No server"
