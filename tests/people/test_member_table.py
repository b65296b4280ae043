"""Members from a table: read in people's own words, previewed, written whole or not at all, and taken back."""

import pytest
from django.core.exceptions import ValidationError

from headway.live.history import undo
from headway.live.models import Change
from headway.people import actions
from headway.people.access import Forbidden
from headway.people.member_table import NotATable, decode, plan_members
from headway.people.models import Invitation, Role, TeamRole
from tests.world import PASSWORD, World, make_team, make_world

pytestmark = pytest.mark.django_db

TABLE = """\
E-Mail;Full name;Squad;Function;Admin;Shoe size
ada@x.example;Ada Ash;ANT;Dev, SM;no;38
ada@x.example;;bee;Product Owner;;
cy@northwind.example;Cy;Ant;developers & stakeholder;yes;
bo@northwind.example;Bo;ANT;PO;;
"""


@pytest.fixture
def world() -> World:
    world = make_world()
    make_team(world.organisation, "BEE", "Bee")
    return world


def test_each_person_has_a_plan(world: World) -> None:
    plan = plan_members(world.organisation, TABLE)
    ada, cy, bo = plan.members
    assert [member.what for member in plan.members] == ["invite", "give", "nothing"]
    assert {team.key: roles for team, roles in ada.roles.items()} == {
        "ANT": {Role.DEVELOPER, Role.SCRUM_MASTER},
        "BEE": {Role.PRODUCT_OWNER},
    }
    assert (ada.lines, ada.name, ada.is_administrator) == ([2, 3], "Ada Ash", False)
    assert {team.key: roles for team, roles in cy.roles.items()} == {"ANT": {Role.STAKEHOLDER}}
    assert bo.roles == {}
    assert plan.unread == ("Shoe size",)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ada,ANT,Dev,", "no e-mail"),
        (",ANT,Dev,", "Write the e-mail"),
        ("a@x.example,CAT,Dev,", "“CAT”"),
        ("a@x.example,EEL,Dev,", "“EEL”"),
        ("a@x.example,ANT,King,", "“King”"),
        ("a@x.example,,Dev,", "in which team"),
        ("a@x.example,ANT,,", "Say which role"),
        ("a@x.example,ANT,Dev,perhaps", "yes or no"),
    ],
)
def test_a_wrong_line_is_named_with_what_to_do_and_nothing_is_written(world: World, line: str, told: str) -> None:
    text = f"email,team,role,admin\ngood@x.example,ANT,Dev,\n{line}\n"
    plan = plan_members(world.organisation, text)
    assert [number for number, _told in plan.errors] == [3]
    assert told in plan.errors[0][1]
    with pytest.raises(ValidationError, match="Line 3"):
        actions.import_members(world.organisation, text, by=world.ana)
    assert not Invitation.objects.exists()
    assert not Change.objects.filter(name="members.imported").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("name,team\nAda,ANT\n", "No column is called email"),
        ("ada@x.example,ANT\n", "No column is called email"),
        ("email\n", "no line below"),
        ("email\0x\n", "no table"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(world: World, text: str, told: str) -> None:
    with pytest.raises(NotATable, match=told):
        plan_members(world.organisation, text)


def test_files_of_spreadsheets_are_read(world: World) -> None:
    text = "name,email\nJosé Åse,jose@x.example\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        (member,) = plan_members(world.organisation, decode(text.encode(encoding))).members
        assert member.name == "José Åse"
    tabs = plan_members(world.organisation, text.replace(",", "\t"))
    assert tabs.members[0].email == "jose@x.example"
    with pytest.raises(NotATable, match="2 MB"):
        decode(b"x" * (2 * 2**20 + 1))


def test_it_is_written_and_taken_back(world: World) -> None:
    change, invited = actions.import_members(world.organisation, TABLE, by=world.ana)
    (ada,) = invited
    cy = world.people["cy"]
    assert actions.find_invitation(ada.token) is not None
    assert ada.token not in str(Change.objects.values_list("after", flat=True))
    assert set(cy.team_roles.values_list("role", flat=True)) == {"developer", "stakeholder"}
    assert cy.memberships.get().is_administrator
    undo(change, by=world.ana)
    assert actions.find_invitation(ada.token) is None
    assert set(cy.team_roles.values_list("role", flat=True)) == {"developer"}
    assert not cy.memberships.get().is_administrator


def test_who_has_come_already_stays_when_it_is_taken_back(world: World) -> None:
    change, invited = actions.import_members(world.organisation, TABLE, by=world.ana)
    actions.accept_invitation(invited[0].token, name="Ada", email="", password=PASSWORD)
    undo(change, by=world.ana)
    assert TeamRole.objects.filter(person__email="ada@x.example").count() == 3
    assert "Ada Ash" in Change.objects.get(name="members.import_undone").after["left"]


def test_only_administrators_bring_members_in(world: World) -> None:
    for by in (world.bo, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.import_members(world.organisation, TABLE, by=by)
