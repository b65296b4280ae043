"""The lines of focus proposals and the economic brief in the table of the access walk."""

from headway.people.models import Role, Team, TeamRole
from headway.scrum.models import Item
from headway.value.actions import propose_order
from tests.api.walk import Op
from tests.value.make import make_bet
from tests.world import World, make_item, make_team

ROLES = {"ana": Role.SCRUM_MASTER, "bo": Role.PRODUCT_OWNER, "cy": Role.DEVELOPER, "di": Role.STAKEHOLDER}
#: one proposal waits at a time: a team has one, the other none
OF_ONE = {"team_key": "proposing_team", "proposal_id": "focus_proposal_id"}

OPERATIONS = {
    "list_focus_proposals": Op("read"),
    "get_focus_proposal": Op("read", places=OF_ONE),
    "propose_order": Op(
        "propose_order",
        {"order": ["{second_number}", "{first_number}"], "reason": "The second brings more"},
        places={"team_key": "team_to_propose"},
    ),
    "accept_proposal": Op("order_backlog", {}, places=OF_ONE),
    "decline_proposal": Op("order_backlog", {"because": "The fair comes first"}, places=OF_ONE),
    "withdraw_proposal": Op("propose_order", places=OF_ONE),
    "get_brief": Op("read"),
}


def places(world: World) -> dict[str, object]:
    proposing, free = (_team(world, key) for key in ("FOCUS", "FREE"))
    items = _items(proposing, world)
    made = propose_order(proposing, by=world.system, order=[items[1].pk, items[0].pk], reason="Rather so")
    first, second = _items(free, world)
    return {
        "proposing_team": proposing.key,
        "focus_proposal_id": made.pk,
        "team_to_propose": free.key,
        "first_number": first.number,
        "second_number": second.number,
    }


def _team(world: World, key: str) -> Team:
    team = make_team(world.organisation, key, key.title())
    TeamRole.objects.bulk_create(
        TeamRole(team=team, person=world.people[name], role=role) for name, role in ROLES.items()
    )
    return team


def _items(team: Team, world: World) -> list[Item]:
    items = [make_item(team, title) for title in ("First", "Second")]
    for item in items:
        make_bet(item, world.key_result)
    return items
