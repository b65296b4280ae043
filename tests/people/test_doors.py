"""Ways by which somebody might walk in as another, or be seen where they do not belong."""

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError

from headway.demo import actions as demo
from headway.demo import queries as demo_queries
from headway.live.models import Change
from headway.people import actions, throttle
from headway.people.access import Forbidden
from headway.people.actor import actor_for, system_actor
from headway.people.models import Membership, Person, Role
from headway.people.sign_in import actions as sign_in_actions
from tests.world import PASSWORD, World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def invite_to_other_organisation(world: World) -> str:
    """Return a link into Eve's organisation for whoever holds it."""
    return actions.invite(
        world.other_team.organisation, by=system_actor(world.other_team), roles={world.other_team: [Role.DEVELOPER]}
    )[1]


def test_nobody_of_the_demonstration_joins_a_real_organisation(world: World) -> None:
    """Anybody may be them for a click, and would come along."""
    organisation = demo.load(by=system_actor(None))
    noor = demo_queries.person_for(organisation, "scrum_master")
    assert noor is not None
    _made, token = actions.invite(world.organisation, by=world.ana, roles={world.team: [Role.DEVELOPER]})
    with pytest.raises(ValidationError, match="demonstration"):
        actions.join_by_invitation(token, person=noor)
    with pytest.raises(ValidationError, match="demonstration"):
        actions.add_person(world.organisation, by=world.system, email=noor.email, name=noor.name)
    assert not Membership.objects.filter(person=noor, organisation=world.organisation).exists()
    assert actions.find_invitation(token) is not None


def test_nobody_of_the_demonstration_is_taken_away_by_a_visitor(world: World) -> None:
    organisation = demo.load(by=system_actor(None))
    noor = demo_queries.person_for(organisation, "scrum_master")
    assert noor is not None
    with pytest.raises(Forbidden):
        actions.anonymise(noor, by=actor_for(noor, organisation))  # type: ignore[arg-type]
    assert Person.objects.get(pk=noor.pk).is_active


def test_a_password_link_of_one_organisation_opens_no_other(world: World) -> None:
    """It was given out while its person was in that one only."""
    cy = world.people["cy"]
    membership = Membership.objects.get(person=cy, organisation=world.organisation)
    link = actions.issue_password_link(membership, by=world.ana)
    actions.join_by_invitation(invite_to_other_organisation(world), person=cy)
    with pytest.raises(Forbidden):
        actions.use_password_link(link, "a wholly new pass phrase 7!")


def test_another_organisation_hears_of_no_stranger_who_signed_its_member_out(world: World) -> None:
    cy = world.people["cy"]
    actions.join_by_invitation(invite_to_other_organisation(world), person=cy)
    membership = Membership.objects.select_related("organisation", "person").get(
        person=cy, organisation=world.organisation
    )
    sign_in_actions.end_sessions(membership, by=world.ana)
    told = {row.organisation_id: row.actor_id for row in Change.objects.filter(name="sessions.ended")}
    assert told == {world.organisation.pk: world.ana.person_id, world.other_team.organisation_id: None}


def test_the_setup_link_is_void_once_there_is_an_administrator(db: None) -> None:
    token = actions.issue_setup_link()
    assert token is not None
    world = make_world()
    given = {"name": "Mal", "email": "mal@x.example", "password": PASSWORD + " and more of it"}
    with pytest.raises(Forbidden):
        actions.complete_setup(token, organisation="Mine", **given)
    assert world.organisation.memberships.exists()
    assert not Person.objects.filter(email="mal@x.example").exists()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::2"),
        ("2001:db8::1:2:3:4", "2001:db8::9:9:9:9"),
        ("2001:db8:1:2::5", "2001:db8:1:2:a:b:c:d"),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(one: str, other: str) -> None:
    first, second = (throttle.address_of(type("Asking", (), {"META": {"REMOTE_ADDR": at}})()) for at in (one, other))
    assert first == second


def test_another_network_of_ipv6_counts_apart() -> None:
    found = {
        throttle.address_of(type("Asking", (), {"META": {"REMOTE_ADDR": at}})())
        for at in ("2001:db8:1:2::5", "2001:db8:1:3::5", "192.0.2.7", "192.0.2.8", "::ffff:192.0.2.9", "testclient", "")
    }
    assert len(found) == 7


def test_a_provider_that_says_false_in_a_text_has_verified_nothing(world: World, rf) -> None:
    from headway.web.sign_in import is_verified

    assert [is_verified(said) for said in (True, "true", "True", False, "false", "0", "", None, 1)] == [
        *(True, True, True),
        *(False, False, False, False, False, False),
    ]
    assert not SocialAccount.objects.exists()
