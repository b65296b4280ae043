"""API tokens: made, recognised, bounded, revoked."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from headway.lib import clock
from headway.live.models import Change
from headway.people.access import Forbidden, allows
from headway.people.actions import deactivate_member, make_token, revoke_token, token_of, touch_token
from headway.people.actor import actor_for_token
from headway.people.models import ApiToken, Membership, Role
from tests.world import World, make_team, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def make(world, who="cy", of=None, **options):
    options = {"name": "Nightly", "scopes": ["read", "write:okr"]} | options
    return make_token(of or world.people[who], world.organisation, by=getattr(world, who), **options)


def test_it_is_recognised_and_only_a_hash_of_its_secret_is_kept(world):
    token, text = make(world)
    assert token_of(text) == token
    secret = text.rpartition("_")[2]
    kept = " ".join(str(value) for value in ApiToken.objects.filter(pk=token.pk).values_list().get())
    assert text.startswith("hw_")
    assert secret not in kept
    assert secret not in str(list(Change.objects.values()))
    assert Change.objects.latest("pk").name == "token.made"


@pytest.mark.parametrize("wrong", ["", "hw_", "hw_x_y", "Bearer", "hw_\0_x", "hw_\ud800_x"])
def test_a_wrong_text_is_no_token(world, wrong):
    make(world)
    assert token_of(wrong) is None


def test_a_text_with_another_secret_or_without_prefix_is_no_token(world):
    _token, text = make(world)
    assert token_of(text[:-1] + ("a" if text[-1] != "a" else "b")) is None
    assert token_of(text.removeprefix("hw_")) is None


def test_a_person_s_token_may_what_the_person_may_within_its_scopes(world):
    actor = actor_for_token(make(world, "cy", scopes=["read", "write:okr"])[0])
    assert (actor.kind, actor.person_id) == ("token", world.cy.person_id)
    assert allows(actor, "read", world.team)
    assert allows(actor, "measure", world.team)
    assert not allows(actor, "write_item", world.team)  # a scope that it lacks
    assert not allows(actor, "write_okr", world.team)  # a right that Cy lacks
    assert not allows(actor, "read", world.other_team)


def test_a_team_s_token_has_its_maker_s_roles_in_that_team_only(world):
    other = make_team(world.organisation, "BEE", "Bee")
    actor = actor_for_token(make(world, "ana", of=world.team, scopes=["read", "write:okr", "admin"])[0])
    assert (actor.person_id, actor.roles_in(world.team.pk)) == (None, frozenset({Role.SCRUM_MASTER}))
    assert allows(actor, "measure", world.team)
    assert allows(actor, "read", other)
    assert not allows(actor, "measure", other)
    assert not allows(actor, "manage_cycles", world.organisation)
    assert not allows(actor, "manage_organisation", world.organisation)


def test_only_who_manages_a_team_makes_its_token(world):
    for name in ("bo", "cy", "di"):
        with pytest.raises(Forbidden):
            make(world, name, of=world.team)
    with pytest.raises(Forbidden):
        make_token(world.other_team, world.organisation, by=world.ana, name="x", scopes=["read"])


def test_nobody_makes_a_token_for_another_and_no_token_makes_tokens(world):
    with pytest.raises(Forbidden):
        make_token(world.people["bo"], world.organisation, by=world.ana, name="x", scopes=["read"])
    program = actor_for_token(make(world, "ana", scopes=["admin"])[0])
    with pytest.raises(Forbidden):
        make_token(world.people["ana"], world.organisation, by=program, name="x", scopes=["admin"])


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": " "}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["all"]}),
        ("expires_on", {"expires_on": dt.date(2000, 1, 1)}),
    ],
)
def test_what_is_wrong_is_named(world, field, wrong):
    with pytest.raises(ValidationError) as caught:
        make(world, **wrong)
    assert list(caught.value.message_dict) == [field]


def test_it_stops_after_its_last_day(world):
    token, text = make(world, expires_on=clock.today())
    assert token_of(text) == token
    ApiToken.objects.filter(pk=token.pk).update(expires_at=clock.now())
    assert token_of(text) is None


def test_it_stops_at_once_when_it_is_revoked(world):
    token, text = make(world)
    change = revoke_token(token, by=world.cy)
    assert (change.name, token_of(text), revoke_token(token, by=world.cy)) == ("token.revoked", None, None)


def test_only_oneself_and_administrators_revoke_it(world):
    token, _text = make(world)
    for stranger in (world.bo, world.di, world.eve):
        with pytest.raises(Forbidden):
            revoke_token(token, by=stranger)
    assert revoke_token(token, by=world.ana)


def test_it_stops_at_once_when_its_person_is_deactivated(world):
    _token, text = make(world)
    assert actor_for_token(token_of(text)) is not None
    deactivate_member(Membership.objects.get(person=world.people["cy"]), by=world.ana)
    assert actor_for_token(token_of(text)) is None


def test_it_loses_what_its_person_loses(world):
    token, _text = make(world, "ana", scopes=["admin"])
    assert allows(actor_for_token(token), "manage_organisation", world.organisation)
    Membership.objects.filter(person=world.people["ana"]).update(is_administrator=False)
    assert not allows(actor_for_token(token), "manage_organisation", world.organisation)


def test_being_used_is_noted_once_in_five_minutes(world, django_assert_num_queries):
    token, text = make(world)
    touch_token(token)
    token = token_of(text)
    with django_assert_num_queries(0):
        touch_token(token)
    token.last_used_at -= dt.timedelta(minutes=5)
    with django_assert_num_queries(1):
        touch_token(token)
