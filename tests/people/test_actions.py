"""People, teams and roles: each action works, is refused for Di, is recorded, and has its way back."""

import pytest
from django.core.exceptions import ValidationError

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people import actions
from headway.people.access import Forbidden
from headway.people.actor import actor_for, system_actor
from headway.people.models import Membership, OneTimeLink, Organisation, Person, Role, Team, TeamRole
from tests.world import PASSWORD, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def roles(world: World, name: str) -> set[str]:
    return set(TeamRole.objects.filter(team=world.team, person=world.people[name]).values_list("role", flat=True))


def test_a_new_team_has_a_scrum_master_and_a_change(world: World) -> None:
    team = actions.create_team(world.organisation, by=world.ana, key="bee", name=" Bee ")
    assert (team.key, team.name) == ("BEE", "Bee")
    assert TeamRole.objects.get(team=team).role == Role.SCRUM_MASTER
    assert Change.objects.get(name="team.created").subject_id == team.pk


@pytest.mark.parametrize("key", ["", "1A", "A-B", "ANT", "TOOLONGAKEY123"])
def test_a_team_key_that_does_not_do_is_refused_at_the_field(world: World, key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        actions.create_team(world.organisation, by=world.ana, key=key, name="Bee")
    assert "key" in caught.value.message_dict
    assert not Change.objects.filter(name="team.created").exists()


def test_di_may_create_nothing(world: World) -> None:
    with pytest.raises(Forbidden):
        actions.create_team(world.organisation, by=world.di, key="BEE", name="Bee")
    with pytest.raises(Forbidden):
        actions.create_unit(world.organisation, "Unit", by=world.di)
    with pytest.raises(Forbidden):
        actions.add_person(world.organisation, by=world.di, email="x@y.example", name="X")
    with pytest.raises(Forbidden):
        actions.set_roles(world.team, world.people["di"], [Role.PRODUCT_OWNER], by=world.di)


def test_eve_cannot_touch_another_organisation(world: World) -> None:
    with pytest.raises(Forbidden):
        actions.edit_organisation(world.organisation, by=world.eve, name="Mine")


def test_editing_a_team_records_what_differs_and_can_be_taken_back(world: World) -> None:
    actions.edit_team(world.team, by=world.ana, name="Ants", sprint_days=14)
    change = Change.objects.get(name="team.edited")
    assert (change.before, change.after) == ({"name": "Ant"}, {"name": "Ants"})
    undo(change, by=world.ana)
    assert Team.objects.get(pk=world.team.pk).name == "Ant"
    with pytest.raises(CannotUndo, match="already"):
        undo(change, by=world.ana)


def test_an_edit_that_changes_nothing_leaves_no_trace(world: World) -> None:
    actions.edit_team(world.team, by=world.ana, name="Ant")
    assert not Change.objects.filter(name="team.edited").exists()


def test_undo_refuses_by_name_when_somebody_changed_it_since(world: World) -> None:
    actions.edit_team(world.team, by=world.ana, name="Ants")
    first = Change.objects.get(name="team.edited")
    actions.edit_team(world.team, by=world.ana, name="Anthill")
    with pytest.raises(CannotUndo, match="name"):
        undo(first, by=world.ana)
    assert Team.objects.get(pk=world.team.pk).name == "Anthill"


def test_undo_asks_for_the_same_right(world: World) -> None:
    actions.edit_team(world.team, by=world.ana, name="Ants")
    with pytest.raises(Forbidden):
        undo(Change.objects.get(name="team.edited"), by=world.di)
    assert Team.objects.get(pk=world.team.pk).name == "Ants"


def test_archiving_a_team_is_undone(world: World) -> None:
    change = actions.archive_team(world.team, by=world.ana)
    assert not Team.objects.active().filter(pk=world.team.pk).exists()
    undo(change, by=world.ana)
    assert Team.objects.active().filter(pk=world.team.pk).exists()


def test_roles_are_set_and_put_back(world: World) -> None:
    change = actions.set_roles(world.team, world.people["cy"], [Role.DEVELOPER, Role.SCRUM_MASTER], by=world.ana)
    assert roles(world, "cy") == {"developer", "scrum_master"}
    assert actions.set_roles(world.team, world.people["cy"], ["developer", "scrum_master"], by=world.ana) is None
    undo(change, by=world.ana)
    assert roles(world, "cy") == {"developer"}


def test_roles_go_to_members_only(world: World) -> None:
    with pytest.raises(ValidationError, match="no member"):
        actions.set_roles(world.team, world.people["eve"], [Role.DEVELOPER], by=world.ana)


def test_a_new_person_sets_a_password_with_a_link_that_works_once(world: World) -> None:
    person, token = actions.add_person(world.organisation, by=world.ana, email="Flo@Northwind.example", name="Flo")
    assert token is not None
    assert not person.has_usable_password()
    with pytest.raises(ValidationError) as caught:
        actions.use_password_link(token, "short")
    assert "password" in caught.value.message_dict
    actions.use_password_link(token, PASSWORD)
    assert Person.objects.get(pk=person.pk).check_password(PASSWORD)
    with pytest.raises(Forbidden, match="used already"):
        actions.use_password_link(token, PASSWORD + "2")


def test_the_same_person_is_not_added_twice_whatever_the_case(world: World) -> None:
    with pytest.raises(ValidationError) as caught:
        actions.add_person(world.organisation, by=world.ana, email="CY@northwind.example", name="Cy")
    assert "email" in caught.value.message_dict


def test_a_person_of_another_organisation_keeps_the_password(world: World) -> None:
    person, token = actions.add_person(world.organisation, by=world.system, email="eve@elsewhere.example", name="Eve")
    assert token is None
    assert person == world.people["eve"]
    assert actor_for(person, world.organisation) is not None


def test_no_administrator_sets_the_password_of_somebody_of_another_organisation(world: World) -> None:
    actions.add_person(world.organisation, by=world.system, email="eve@elsewhere.example", name="Eve")
    membership = Membership.objects.get(person=world.people["eve"], organisation=world.organisation)
    with pytest.raises(ValidationError, match="another organisation"):
        actions.issue_password_link(membership, by=world.ana)
    invited, first = actions.add_person(world.other_team.organisation, by=world.eve, email="new@x.example", name="New")
    again, second = actions.add_person(world.organisation, by=world.system, email="new@x.example", name="New")
    assert invited == again
    assert first is not None
    assert second is None


def test_a_deactivated_member_keeps_roles_and_comes_back(world: World) -> None:
    membership = Membership.objects.get(person=world.people["cy"])
    change = actions.deactivate_member(membership, by=world.ana)
    assert actor_for(world.people["cy"], world.organisation) is None
    undo(change, by=world.ana)
    assert roles(world, "cy") == {"developer"}
    assert actor_for(world.people["cy"], world.organisation) is not None


def test_the_last_administrator_stays(world: World) -> None:
    membership = Membership.objects.get(person=world.people["ana"])
    with pytest.raises(ValidationError, match="last administrator"):
        actions.deactivate_member(membership, by=world.ana)
    with pytest.raises(ValidationError, match="last administrator"):
        actions.set_administrator(membership, False, by=world.ana)


def test_units_form_a_tree_and_no_ring(world: World) -> None:
    above = actions.create_unit(world.organisation, "Above", by=world.ana)
    below = actions.create_unit(world.organisation, "Below", by=world.ana, parent=above)
    with pytest.raises(ValidationError, match="under itself"):
        actions.edit_unit(above, by=world.ana, parent=below)


def test_everyone_sets_the_own_password_only(world: World) -> None:
    with pytest.raises(Forbidden):
        actions.set_password(world.people["cy"], PASSWORD, by=world.ana)
    actions.set_password(world.people["cy"], "another-long-one", by=world.cy)
    assert Person.objects.get(pk=world.people["cy"].pk).check_password("another-long-one")


class TestSetup:
    def test_the_link_creates_the_first_administrator_once(self) -> None:
        token = actions.issue_setup_link()
        assert token is not None
        assert OneTimeLink.objects.get().token_hash != token
        person = actions.complete_setup(
            token, organisation="Northwind", name="Ana", email="a@b.example", password=PASSWORD
        )
        actor = actor_for(person, Organisation.objects.get())
        assert actor is not None
        assert actor.is_administrator
        assert actions.issue_setup_link() is None
        with pytest.raises(Forbidden):
            actions.complete_setup(token, organisation="X", name="Y", email="c@d.example", password=PASSWORD)

    def test_a_bad_form_names_its_fields_and_leaves_the_link_usable(self) -> None:
        token = actions.issue_setup_link()
        assert token is not None
        with pytest.raises(ValidationError) as caught:
            actions.complete_setup(token, organisation=" ", name="", email="nonsense", password="short")
        assert set(caught.value.message_dict) == {"organisation", "name", "email", "password"}
        assert actions.find_link(token, OneTimeLink.Purpose.SETUP) is not None
        assert not Organisation.objects.exists()

    def test_it_takes_the_organisation_that_an_import_made(self) -> None:
        made = actions.create_organisation("Organisation", by=system_actor(None))
        token = actions.issue_setup_link() or ""
        actions.complete_setup(token, organisation="Northwind", name="Ana", email="a@b.example", password=PASSWORD)
        made.refresh_from_db()
        assert (made.name, Organisation.objects.count()) == ("Northwind", 1)

    def test_a_newer_link_replaces_the_older(self) -> None:
        first, second = actions.issue_setup_link(), actions.issue_setup_link()
        assert actions.find_link(first or "", OneTimeLink.Purpose.SETUP) is None
        assert actions.find_link(second or "", OneTimeLink.Purpose.SETUP) is not None

    def test_the_demonstration_does_not_count_as_set_up(self) -> None:
        from tests.world import make_organisation, make_person

        make_person(make_organisation("Demo", is_demonstration=True), "Noor Haddad", is_administrator=True)
        assert actions.issue_setup_link() is not None

    def test_people_do_not_create_organisations(self) -> None:
        world = make_world()
        with pytest.raises(Forbidden):
            actions.create_organisation("Mine", by=world.ana)
        assert actions.create_organisation("Ours", by=system_actor(None)).pk
