"""Invitations by link: who makes them, who accepts them, and that each lets one person in."""

import datetime as dt
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people import actions
from headway.people.access import Forbidden
from headway.people.actor import actor_for
from headway.people.models import Invitation, Membership, Person, Role, TeamRole
from tests.world import PASSWORD, World, make_team, make_world

NEW = {"name": "Fay Fox", "email": "fay@x.example", "password": PASSWORD}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def invite(world: World, **fields: object) -> tuple[Invitation, str]:
    given = {"by": world.ana, "roles": {world.team: [Role.DEVELOPER]}} | fields
    return actions.invite(world.organisation, **given)  # type: ignore[arg-type]


def test_a_link_lets_somebody_in_with_its_roles(world: World) -> None:
    other = make_team(world.organisation, "BEE", "Bee")
    roles = {world.team: [Role.DEVELOPER, Role.SCRUM_MASTER], other: [Role.STAKEHOLDER]}
    made, token = invite(world, roles=roles, is_administrator=True)
    assert token not in str(Invitation.objects.values().get())
    membership = actions.accept_invitation(token, **NEW)
    assert membership.is_administrator
    held = set(TeamRole.objects.filter(person=membership.person).values_list("team__key", "role"))
    assert held == {("ANT", "developer"), ("ANT", "scrum_master"), ("BEE", "stakeholder")}
    change = Change.objects.get(name="member.joined")
    assert (change.actor_id, change.after["invitation"]) == (membership.person_id, made.pk)
    with pytest.raises(Forbidden):
        actions.accept_invitation(token, **NEW | {"email": "gil@x.example"})


def test_a_scrum_master_invites_into_the_own_team_only(world: World) -> None:
    TeamRole.objects.create(team=world.team, person=world.people["bo"], role=Role.SCRUM_MASTER)
    bo = actor_for(world.people["bo"], world.organisation)
    other = make_team(world.organisation, "BEE", "Bee")
    invite(world, by=bo)
    for refused in (
        {"roles": {other: [Role.DEVELOPER]}},
        {"roles": {}},
        {"is_administrator": True},
        {"roles": {world.other_team: [Role.DEVELOPER]}},
    ):
        with pytest.raises(Forbidden):
            invite(world, by=bo, **refused)
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("who", ["bo", "cy", "di", "eve"])
def test_others_invite_nobody(world: World, who: str) -> None:
    with pytest.raises(Forbidden):
        invite(world, by=getattr(world, who))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"email": "cy@northwind.example"}, "email"),
        ({"days": 0}, "days"),
        ({"days": 91}, "days"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(world: World, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        invite(world, **wrong)
    assert field in caught.value.message_dict
    assert not Invitation.objects.exists()


def test_a_link_that_ran_out_or_was_withdrawn_lets_nobody_in(world: World) -> None:
    made, token = invite(world)
    change = actions.revoke_invitation(made, by=world.ana)
    assert actions.find_invitation(token) is None
    with pytest.raises(Forbidden):
        actions.accept_invitation(token, **NEW)
    undo(change, by=world.ana)
    assert actions.find_invitation(token) == made
    Invitation.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
    assert actions.find_invitation(token) is None
    assert not Person.objects.filter(email="fay@x.example").exists()


def test_undo_of_an_invitation_closes_the_link_unless_it_was_used(world: World) -> None:
    _made, token = invite(world)
    undo(Change.objects.get(name="invitation.created"), by=world.ana)
    assert actions.find_invitation(token) is None
    _made, token = invite(world)
    actions.accept_invitation(token, **NEW)
    with pytest.raises(CannotUndo):
        undo(Change.objects.filter(name="invitation.created").latest("pk"), by=world.ana)


def test_the_same_e_mail_again_makes_the_older_link_void(world: World) -> None:
    _first, older = invite(world, email="Fay@x.example")
    _second, newer = invite(world, email="fay@X.example")
    assert actions.find_invitation(older) is None
    assert actions.find_invitation(newer) is not None


def test_an_invitation_for_an_e_mail_is_for_no_other(world: World) -> None:
    _made, token = invite(world, email="fay@x.example")
    membership = actions.accept_invitation(token, **NEW | {"email": "somebody@else.example"})
    assert membership.person.email == "fay@x.example"
    _made, token = invite(world, email="gil@x.example")
    with pytest.raises(ValidationError, match=r"gil@x\.example"):
        actions.join_by_invitation(token, person=world.people["eve"])


def test_a_person_of_another_organisation_joins_and_stays_there(world: World) -> None:
    _made, token = invite(world)
    with pytest.raises(ValidationError) as caught:
        actions.accept_invitation(token, **NEW | {"email": "EVE@elsewhere.example"})
    assert "email" in caught.value.message_dict
    eve = world.people["eve"]
    actions.join_by_invitation(token, person=eve)
    assert eve.memberships.count() == 2
    actions.deactivate_member(eve.memberships.get(organisation=world.organisation), by=world.ana)
    assert actor_for(eve, world.organisation) is None
    assert actor_for(eve, world.other_team.organisation) is not None


def test_who_is_here_already_does_not_use_the_link_up(world: World) -> None:
    _made, token = invite(world)
    with pytest.raises(ValidationError, match="already"):
        actions.join_by_invitation(token, person=world.people["ana"])
    assert actions.find_invitation(token) is not None


def test_who_was_deactivated_does_not_come_back_by_a_link(world: World) -> None:
    _made, token = invite(world)
    actions.deactivate_member(world.people["cy"].memberships.get(), by=world.ana)
    _made, token = invite(world)
    with pytest.raises(ValidationError, match="administrator"):
        actions.join_by_invitation(token, person=world.people["cy"])


def test_links_of_who_leaves_close_with_them_and_come_back(world: World) -> None:
    TeamRole.objects.create(team=world.team, person=world.people["bo"], role=Role.SCRUM_MASTER)
    _made, token = invite(world, by=actor_for(world.people["bo"], world.organisation))
    change = actions.deactivate_member(world.people["bo"].memberships.get(), by=world.ana)
    assert actions.find_invitation(token) is None
    undo(change, by=world.ana)
    assert actions.find_invitation(token) is not None


def test_a_weak_password_is_refused_and_the_link_stays(world: World) -> None:
    _made, token = invite(world)
    with pytest.raises(ValidationError) as caught:
        actions.accept_invitation(token, name=" ", email="nonsense", password="short")
    assert {"name", "email", "password"} <= set(caught.value.message_dict)
    assert actions.find_invitation(token) is not None


def test_nobody_is_invited_into_the_demonstration(world: World) -> None:
    world.organisation.is_demonstration = True
    world.organisation.save()
    with pytest.raises(Forbidden):
        invite(world)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_wins() -> None:
    world = make_world()
    _made, token = actions.invite(world.organisation, by=world.ana, roles={world.team: [Role.DEVELOPER]})
    ready, results = threading.Barrier(2), []

    def accept(number: int) -> None:
        try:
            ready.wait(10)
            actions.accept_invitation(token, name=f"P {number}", email=f"p{number}@x.example", password=PASSWORD)
            results.append("in")
        except Forbidden:
            results.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["in", "late"]
    assert Membership.objects.filter(organisation=world.organisation).count() == 5
    assert Person.objects.filter(email__endswith="@x.example").count() == 1
