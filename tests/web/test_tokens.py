"""The pages of API tokens: a token is shown once, and stops when it is revoked."""

import re

import pytest
from django.urls import reverse

from headway.people.actions import make_token, token_of
from headway.people.models import ApiToken
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
FORM = {"name": "Nightly", "scopes": ["read", "write:okr"]}


@pytest.fixture
def world() -> World:
    return make_world()


def text_of(answer) -> str:
    return re.search(r'value="(hw_[^"]+)"', answer.content.decode())[1]


@pytest.mark.parametrize(
    ("who", "name", "parts"), [("di", "api-tokens", {}), ("ana", "team-tokens", {"team_key": "ANT"})]
)
def test_a_token_is_shown_once_and_works(client, world, who, name, parts):
    client.force_login(world.people[who])
    answer = client.post(reverse(name, kwargs=parts), FORM)
    assert "no-store" in answer["Cache-Control"]
    text = text_of(answer)
    token = token_of(text)
    assert token is not None
    assert text not in client.get(reverse(name, kwargs=parts)).content.decode()
    assert not any(text in str(value) for value in client.session.values())
    client.post(reverse("revoke-token", kwargs={"token_id": token.pk}))
    assert token_of(text) is None


def test_what_is_wrong_stands_in_the_form(client, world):
    client.force_login(world.people["di"])
    answer = client.post(reverse("api-tokens"), {"name": "Nightly"})
    assert (answer.status_code, ApiToken.objects.count()) == (422, 0)


def test_a_team_s_tokens_are_for_those_who_manage_it(client, world):
    for who, status in (("cy", 403), ("eve", 404)):
        client.force_login(world.people[who])
        assert client.post(reverse("team-tokens", kwargs={"team_key": "ANT"}), FORM).status_code == status
    assert not ApiToken.objects.exists()


def test_nobody_revokes_another_s_token(client, world):
    token, text = make_token(world.people["ana"], world.organisation, by=world.ana, **FORM)
    for who, status in (("bo", 403), ("eve", 404)):
        client.force_login(world.people[who])
        assert client.post(reverse("revoke-token", kwargs={"token_id": token.pk})).status_code == status
    assert token_of(text) == token
