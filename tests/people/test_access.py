"""The table of roles × verbs, held against what each of the cast may do."""

import pytest

from headway.people.access import VERBS, Forbidden, allows, require
from headway.people.actor import Actor, actor_for
from headway.people.models import Membership, Role, Team
from tests.world import World, make_world

pytestmark = pytest.mark.django_db

MAY = {
    "ana": {verb for verb, who in VERBS.items() if who & {"administrator", Role.SCRUM_MASTER, "member"}},
    "bo": {verb for verb, who in VERBS.items() if who & {Role.PRODUCT_OWNER, "member"}},
    "cy": {"read", "measure", "write_item", "link_item", "place_bet", "estimate_bet", "judge_bet", "raise_impediment"},
    "di": {"read"},
    "eve": set(),
}


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.mark.parametrize("name", MAY)
def test_each_of_the_cast_may_what_the_table_says_and_nothing_else(world: World, name: str) -> None:
    actor = getattr(world, name)
    assert {verb for verb in VERBS if allows(actor, verb, world.team)} == MAY[name]


def test_only_the_product_owner_orders() -> None:
    assert VERBS["order_backlog"] == {Role.PRODUCT_OWNER}


def test_a_role_counts_in_its_own_team_only(world: World) -> None:
    from tests.world import make_team

    second = make_team(world.organisation, "BEE", "Bee")
    assert not allows(world.cy, "write_item", second)
    assert allows(world.cy, "measure", world.key_result)


def test_what_belongs_to_no_team_is_for_a_role_in_any(world: World) -> None:
    assert allows(world.bo, "write_okr", world.organisation)
    assert not allows(world.cy, "write_okr", world.organisation)


def test_refusal_names_who_may(world: World) -> None:
    with pytest.raises(Forbidden, match="Product Owner"):
        require(world.cy, "order_backlog", world.team)


def test_the_command_line_may_everything_in_its_organisation_only(world: World) -> None:
    assert all(allows(world.system, verb, world.team) for verb in VERBS)
    assert not any(allows(world.system, verb, world.other_team) for verb in VERBS)


def test_without_an_organisation_nothing_is_seen(world: World) -> None:
    nobody = Actor(organisation_id=None)
    assert not Team.objects.visible_to(nobody).exists()
    assert not any(allows(nobody, verb, world.team) for verb in VERBS)


def test_teams_of_another_organisation_are_absent(world: World) -> None:
    assert list(Team.objects.visible_to(world.eve)) == [world.other_team]


def test_a_deactivated_member_is_no_actor(world: World) -> None:
    Membership.objects.filter(person=world.people["cy"]).update(
        deactivated_at=world.cycle.starts_on.isoformat() + "T00:00Z"
    )
    assert actor_for(world.people["cy"], world.organisation) is None
