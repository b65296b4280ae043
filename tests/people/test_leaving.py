"""Who leaves: what they held changes hands, what they did stays; their name goes only when that is asked for."""

import io
import json
import zipfile

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client

from headway.agreements.models import Impediment
from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.okr.models import CheckIn
from headway.people import actions, holdings
from headway.people.access import Forbidden
from headway.people.models import Membership, Person, Role, TeamRole
from headway.scrum.actions import edit_item
from headway.scrum.models import Category, Item
from headway.search.queries import find
from tests.world import PASSWORD, World, make_item, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def membership(world: World, name: str) -> Membership:
    return world.people[name].memberships.get(organisation=world.organisation)


@pytest.fixture
def held(world: World) -> Item:
    """Let Cy hold one of each kind, and a done item that is no longer open."""
    cy = world.people["cy"]
    item = make_item(world.team)
    item.assignees.add(cy)
    make_item(world.team, "Old", category=Category.DONE).assignees.add(cy)
    world.key_result.owner = cy
    world.key_result.save()
    Impediment.objects.create(team=world.team, title="No test device", owner=cy, raised_on=clock.today())
    return item


def test_what_is_open_is_listed_and_nothing_else(world: World, held: Item) -> None:
    groups = holdings.open_holdings(world.people["cy"].pk, world.organisation.pk)
    found = {group.kind: [one.label for one in group.held] for group in groups}
    assert found == {
        "agreements.impediment": ["No test device"],
        "okr.keyresult": ["Repeat orders without a call"],
        "scrum.item": ["ANT-1 Order again in one tap"],
    }
    assert holdings.open_holdings(world.people["cy"].pk, world.other_team.organisation_id) == ()


def test_all_of_it_goes_to_somebody_else_and_comes_back(world: World, held: Item) -> None:
    bo, cy = world.people["bo"], world.people["cy"]
    change = actions.deactivate_member(membership(world, "cy"), by=world.ana, hand_over_to=bo)
    world.key_result.refresh_from_db()
    assert list(held.assignees.all()) == [bo]
    assert world.key_result.owner == bo
    assert Impediment.objects.get().owner == bo
    assert change.after["handed"] == 3
    assert Change.objects.get(name="item.edited").actor_id == world.ana.person_id
    undo(change, by=world.ana)
    world.key_result.refresh_from_db()
    assert (list(held.assignees.all()), world.key_result.owner, Impediment.objects.get().owner) == ([cy], cy, cy)
    assert membership(world, "cy").deactivated_at is None


def test_it_is_let_go_or_stays(world: World, held: Item) -> None:
    actions.deactivate_member(membership(world, "cy"), by=world.ana, let_go=True)
    assert not held.assignees.exists()
    change = actions.deactivate_member(membership(world, "di"), by=world.ana)
    assert change.after["handed"] == 0


def test_what_others_changed_since_stays_changed(world: World, held: Item) -> None:
    change = actions.deactivate_member(membership(world, "cy"), by=world.ana, hand_over_to=world.people["bo"])
    edit_item(held, by=world.bo, assignees=[world.people["di"]])
    undo(change, by=world.ana)
    assert list(held.assignees.all()) == [world.people["di"]]
    assert Change.objects.get(name="member.reactivated").after["left"] == ["ANT-1 Order again in one tap"]


def test_nothing_goes_to_a_stranger(world: World, held: Item) -> None:
    for wrong in ("eve", "cy"):
        with pytest.raises(ValidationError):
            actions.deactivate_member(membership(world, "cy"), by=world.ana, hand_over_to=world.people[wrong])
    assert membership(world, "cy").deactivated_at is None


def test_sessions_end_at_once_unless_the_person_is_elsewhere_too(world: World) -> None:
    for name in ("cy", "bo"):
        client = Client()
        client.force_login(world.people[name])
    Membership.objects.create(
        organisation=world.other_team.organisation, person=world.people["bo"], joined_at=clock.now()
    )
    actions.deactivate_member(membership(world, "cy"), by=world.ana)
    actions.deactivate_member(membership(world, "bo"), by=world.ana)
    left = [row.get_decoded()["_auth_user_id"] for row in Session.objects.all()]
    assert left == [str(world.people["bo"].pk)]


# Anonymising


def history_of(organisation_id: int) -> str:
    rows = Change.objects.filter(organisation_id=organisation_id).values("subject_label", "before", "after")
    return json.dumps(list(rows))


def test_the_name_goes_and_authorship_stays(world: World) -> None:
    cy = world.people["cy"]
    actions.edit_person(cy, by=world.cy, name="Cyril Cole")
    actions.set_roles(world.team, cy, [Role.DEVELOPER, Role.STAKEHOLDER], by=world.ana)
    edit_item(make_item(world.team), by=world.cy, title="Two taps")
    client = Client()
    client.force_login(cy)
    actions.deactivate_member(membership(world, "cy"), by=world.ana)
    actions.anonymise(cy, by=world.ana)
    cy.refresh_from_db()
    assert cy.name == f"Former member {cy.pk}"
    assert "cy" not in cy.email
    assert not cy.has_usable_password()
    assert not client.login(username="cy@northwind.example", password=PASSWORD)
    assert "Cole" not in history_of(world.organisation.pk)
    assert Change.objects.get(name="item.edited").actor_id == cy.pk
    with pytest.raises(CannotUndo):
        undo(Change.objects.get(name="member.deactivated"), by=world.ana)
    with pytest.raises(CannotUndo):
        undo(Change.objects.get(name="person.anonymised"), by=world.ana)


def test_search_finds_the_name_no_more(world: World) -> None:
    def found() -> list[str]:
        return ["".join(part.text for part in hit.title) for hit in find("Cole", viewer=world.ana).hits]

    assert found() == ["Cy Cole"]
    actions.deactivate_member(membership(world, "cy"), by=world.ana)
    actions.anonymise(world.people["cy"], by=world.ana)
    assert found() == []


def test_an_administrator_anonymises_only_who_has_left_and_is_nowhere_else(world: World) -> None:
    cy = world.people["cy"]
    with pytest.raises(ValidationError, match="Deactivate"):
        actions.anonymise(cy, by=world.ana)
    Membership.objects.create(organisation=world.other_team.organisation, person=cy, joined_at=clock.now())
    actions.deactivate_member(membership(world, "cy"), by=world.ana)
    with pytest.raises(ValidationError, match="another organisation"):
        actions.anonymise(cy, by=world.ana)
    for by in (world.di, world.bo):
        with pytest.raises(Forbidden):
            actions.anonymise(cy, by=by)
    with pytest.raises(Forbidden):
        actions.anonymise(world.people["bo"], by=world.eve)


def test_a_person_asks_for_it_but_not_the_last_administrator(world: World) -> None:
    with pytest.raises(ValidationError, match="last administrator"):
        actions.anonymise(world.people["ana"], by=world.ana)
    actions.anonymise(world.people["cy"], by=world.cy)
    assert Person.objects.get(pk=world.people["cy"].pk).anonymised_at
    assert membership(world, "cy").deactivated_at


# The data of a person


def read(content: bytes) -> tuple[dict[str, object], str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return json.loads(archive.read("data.json")), archive.read("about.md").decode()


def test_everything_held_about_a_person_is_in_it(world: World, held: Item) -> None:
    cy = world.people["cy"]
    CheckIn.objects.create(key_result=world.key_result, on=clock.today(), confidence=7, text="Slowly", by=cy)
    edit_item(held, by=world.cy, title="Two taps")
    document, text = read(actions.export_own_data(cy))
    tables = document["held"]
    assert isinstance(tables, dict)
    assert tables["okr.checkin (by)"][0]["text"] == "Slowly"
    assert tables["scrum.item (assignees)"][0]["title"] == "Two taps"
    assert tables["people.teamrole (person)"][0]["role"] == "developer"
    assert {"okr.keyresult (owner)", "agreements.impediment (owner)", "people.membership (person)"} <= set(tables)
    assert [change["what"] for change in document["changes"]] == ["item.edited"]  # type: ignore[attr-defined]
    assert "Slowly" in text


def test_no_secret_is_in_it_and_nothing_of_another_organisation(world: World) -> None:
    eve = world.people["eve"]
    Membership.objects.create(organisation=world.organisation, person=eve, joined_at=clock.now())
    TeamRole.objects.create(team=world.team, person=eve, role=Role.DEVELOPER)
    Client().force_login(eve)
    document, text = read(actions.export_member_data(membership(world, "eve"), by=world.ana))
    whole = json.dumps(document) + text
    assert "password" not in document["person"]  # type: ignore[operator]
    assert eve.password not in whole
    tables = document["held"]
    assert isinstance(tables, dict)
    assert [row["team_id"] for row in tables["people.teamrole (person)"]] == [world.team.pk]
    assert not any("session" in name for name in tables)
    with pytest.raises(Forbidden):
        actions.export_member_data(membership(world, "cy"), by=world.di)
