"""The palette: whoever is offered something may have it, and whatever somebody may have is offered."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from headway.people.access import VERBS
from headway.people.models import Membership, Role, TeamRole
from headway.web import palette
from headway.web.icons import PATHS
from tests.web.test_access_walk import ROUTES
from tests.world import World, make_item, make_organisation, make_team, make_world

pytestmark = pytest.mark.django_db

CAST = ["ana", "bo", "cy", "di", "eve"]
#: pages that are part of another, or that only a given thing leads to
NOT_PLACES = {
    "palette",
    "palette-found",
    "board-aside",
    "board-pull",
    "brief-markdown",
    "focus-bar",
    "best-order",
    "confirm-identity",
    "authenticator-app",
    "passkey-new",
    "recovery-codes",
    "recovery-codes-file",
}


@pytest.fixture
def world() -> World:
    world = make_world()
    bee = make_team(world.organisation, "BEE", "Bee")
    TeamRole.objects.create(team=bee, person=world.people["cy"], role=Role.SCRUM_MASTER)
    make_item(world.team, "Repeat an order")
    return world


def client_of(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def entries(client: Client) -> list[dict[str, Any]]:
    answer = client.get(reverse("palette"))
    assert answer.status_code == 200
    told: list[dict[str, Any]] = answer.json()["entries"]
    return told


@pytest.mark.parametrize("name", CAST)
def test_everything_offered_answers(world: World, name: str) -> None:
    client = client_of(world, name)
    wrong = {}
    for entry in entries(client):
        if "fields" in entry:
            continue
        answer = client.get(entry["href"], follow=True)
        if answer.status_code != 200:
            wrong[entry["href"]] = answer.status_code
    assert not wrong


@pytest.mark.parametrize("name", CAST)
def test_every_form_offered_does_it(world: World, name: str) -> None:
    client = client_of(world, name)
    forms = [entry for entry in entries(client) if "fields" in entry]
    forms.sort(key=lambda entry: entry["href"] == reverse("sign-out"))
    assert forms
    for entry in forms:
        assert client.post(entry["href"], entry["fields"]).status_code == 302, entry
    assert client.get(reverse("palette")).status_code == 302  # signed out


def test_who_may_not_is_not_offered(world: World) -> None:
    def names(name: str) -> set[str]:
        return {entry["id"].split()[0] for entry in entries(client_of(world, name))}

    assert {"item-new", "new-objective", "import-items", "people-add", "cycle-new", "sprint-plan"} <= names("ana")
    assert {"item-new", "check-in"} <= names("cy")
    assert not {"item-new", "new-objective", "import", "import-items", "okr-import", "people-add", "team-new"} & names(
        "di"
    )


def test_a_right_in_one_team_offers_nothing_in_another(world: World) -> None:
    imports = [entry["where"] for entry in entries(client_of(world, "cy")) if entry["id"].startswith("import-items ")]
    assert imports == ["Bee"]


def test_nothing_of_another_organisation_is_offered(world: World) -> None:
    assert {entry["where"] for entry in entries(client_of(world, "eve"))} == {"", "Eel"}


def test_another_own_organisation_can_be_switched_to(world: World) -> None:
    other = make_organisation("Third")
    mine = Membership.objects.get(person=world.people["di"])
    Membership.objects.create(organisation=other, person=world.people["di"], joined_at=mine.joined_at)
    client = client_of(world, "di")
    (switch,) = [entry for entry in entries(client) if entry["id"].startswith("switch-organisation")]
    assert switch["where"] == "Third"
    client.post(switch["href"], switch["fields"])
    assert "Third" in client.get(reverse("settings"), follow=True).content.decode()


def test_every_page_that_a_menu_could_lead_to_is_offered(world: World) -> None:
    """A page without parts, or of a team alone, is reachable by the palette: nobody forgets one."""
    offered = {entry.address or entry.name for entry in palette.ENTRIES}
    pages = {
        name
        for name, route in ROUTES.items()
        if (route.reads == "self" or route.reads in VERBS)
        and route.parts in ((), ("team_key",))
        and not name.startswith("api")
    }
    assert pages - offered - NOT_PLACES == set()


def test_every_entry_is_whole() -> None:
    names = [entry.name for entry in palette.ENTRIES]
    assert len(names) == len(set(names))
    keys = [entry.key for entry in palette.ENTRIES if entry.key]
    assert len(keys) == len(set(keys))
    for entry in palette.ENTRIES:
        assert entry.icon in PATHS, entry.name
        assert str(entry.text)
        parts = dict(palette.PARTS.get(entry.name, {})) | ({"team_key": "ANT"} if entry.of_team else {})
        assert reverse(entry.address or entry.name, kwargs=parts)


def test_menus_are_read_from_the_registry(world: World) -> None:
    page = client_of(world, "ana").get("/settings/roles/").content.decode()
    side, sections = re.findall(r'<nav class="nav"[^>]*>.*?</nav>', page, re.S)[0], page.split('class="set"')[1]
    for menu, _title in palette.SIDE:
        for entry in palette.entries_in(menu):
            assert f"<span>{entry.text}</span>" in side
    for menu, _title in palette.SETTINGS:
        for entry in palette.entries_in(menu):
            assert f">{entry.text}</a>" in sections


def test_the_sections_of_the_settings_are_those_one_may_open(world: World) -> None:
    page = client_of(world, "di").get("/settings/roles/").content.decode()
    assert reverse("import", kwargs={"team_key": "ANT"}) not in page
    assert (
        reverse("import", kwargs={"team_key": "ANT"})
        in client_of(world, "ana").get("/settings/roles/").content.decode()
    )


def test_the_list_is_kept_by_this_browser_until_something_changes(world: World) -> None:
    def version(name: str = "cy") -> str:
        page = client_of(world, name).get("/settings/roles/").content.decode()
        return re.findall(r'data-list="[^"]*\?v=(\w+)"', page)[0]

    answer = client_of(world, "cy").get(reverse("palette"))
    assert "private" in answer["Cache-Control"]
    before = version()
    assert version() == before
    assert version("bo") != before
    TeamRole.objects.create(team=world.team, person=world.people["cy"], role=Role.PRODUCT_OWNER)
    assert version() != before
    before = version()
    make_team(world.organisation, "CAT", "Cat")
    assert version() != before


def test_the_list_is_small_however_many_teams_there_are(world: World) -> None:
    for number in range(60):
        make_team(world.organisation, f"T{number}", f"Team {number}")
    client = client_of(world, "ana")
    with CaptureQueriesContext(connection) as seen:
        told = entries(client)
    assert len(seen) <= 10
    assert sum(entry["id"].startswith("board ") for entry in told) == 62
    assert len(json.dumps(told)) < 250_000


def test_what_a_search_finds(world: World) -> None:
    groups = client_of(world, "di").get(reverse("palette-found") + "?q=repeat").json()["groups"]
    assert [group["kind"] for group in groups] == ["item", "key_result"]
    (hit,) = groups[0]["hits"]
    assert hit["href"] == "/t/ANT/items/1/"
    assert hit["title"] == [["Repeat", True], [" an order", False]]
    assert (hit["key"], hit["where"], hit["note"]) == ("ANT-1", "Ant", "to do")


def test_every_hit_of_a_search_leads_to_a_page(world: World) -> None:
    client = client_of(world, "di")
    for text in ("repeat", "easy", "bo", "ANT-1", "1"):
        for group in client.get(reverse("palette-found"), {"q": text}).json()["groups"]:
            for hit in group["hits"]:
                assert client.get(hit["href"]).status_code == 200, hit


def test_a_search_of_another_organisation_finds_nothing(world: World) -> None:
    assert client_of(world, "eve").get(reverse("palette-found") + "?q=repeat").json()["groups"] == []


@pytest.mark.parametrize("text", ["", "%00", "%22", "a" * 3000, "%F0%9F%98%80", "kind:x", "@", "-"])
def test_any_text_is_safe(world: World, text: str) -> None:
    assert client_of(world, "di").get(reverse("palette-found") + f"?q={text}").status_code == 200


def test_a_guest_is_asked_to_sign_in() -> None:
    assert Client().get(reverse("palette")).status_code == 302
    assert Client().get(reverse("palette-found") + "?q=a").status_code == 302
