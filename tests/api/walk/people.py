"""The lines of people, teams and the organisation in the table of the access walk."""

import datetime as dt

from headway.lib import clock
from headway.people.actions import add_holiday, deactivate_member, invite, make_token
from headway.people.models import Membership, Role, TeamRole, Unit
from tests.api.walk import Op
from tests.world import World, make_person

ADMIN = "manage_organisation"
LEFT = {"person_id": "left_id"}
STAYS = {"person_id": "stays_id"}

OPERATIONS = {
    "get_me": Op("self"),
    "edit_me": Op("self", {"name": "Another Name"}),
    "list_people": Op("read"),
    "get_person": Op("read"),
    "edit_person": Op(ADMIN, {"is_administrator": True}),
    "deactivate_person": Op(ADMIN, {}, places=STAYS),
    "reactivate_person": Op(ADMIN, places=LEFT),
    "import_people": Op(ADMIN, {"table": "name,email,team,role\nPat Poe,pat@northwind.example,ANT,dev\n"}),
    "get_organisation": Op("read"),
    "edit_organisation": Op(ADMIN, {"strategy": "Near every shop"}),
    "get_retention": Op("read"),
    "set_retention": Op(ADMIN, {"days": {}}),
    "list_units": Op("read"),
    "get_unit": Op("read"),
    "create_unit": Op(ADMIN, {"name": "Sales"}),
    "edit_unit": Op(ADMIN, {"name": "Sales"}),
    "move_unit": Op(ADMIN, {"to": 0}),
    "delete_unit": Op(ADMIN),
    "list_teams": Op("read"),
    "get_team": Op("read"),
    "create_team": Op(ADMIN, {"key": "BEE", "name": "Bee"}),
    "edit_team": Op("manage_team", {"sprint_days": 7}),
    "archive_team": Op(ADMIN),
    "get_roles": Op("read"),
    "set_roles": Op("manage_team", {"roles": ["developer"]}),
    "hand_over_role": Op("manage_team", {"role": "stakeholder", "giver_id": "{stays_id}", "to_id": "{cy_id}"}),
    "list_holidays": Op("read"),
    "get_holiday": Op("read"),
    "add_holiday": Op("manage_team", {"team_key": "{team_key}", "name": "Outing", "first_on": "2031-05-02"}),
    "edit_holiday": Op(ADMIN, {"name": "Holy day"}),
    "remove_holiday": Op(ADMIN),
    "add_holiday_list": Op(ADMIN, {"text": "2031-12-25;Christmas Day"}),
    "list_countries": Op("read"),
    "list_regions": Op("read", query="?country=AT"),
    "list_public_holidays": Op("read", query=f"?country=AT&region=9&year={clock.today().year}"),
    "add_public_holidays": Op(ADMIN, {"country": "AT", "year": clock.today().year}),
    "list_invitations": Op("self"),
    "get_invitation": Op(ADMIN),
    "invite": Op("invite", {"name": "Pat Poe", "roles": [{"team_key": "{team_key}", "roles": ["developer"]}]}),
    "revoke_invitation": Op(ADMIN),
    "list_tokens": Op("self"),
    "get_token": Op(ADMIN, refusal=404),
    "revoke_token": Op(ADMIN, refusal=404),
}


def places(world: World) -> dict[str, object]:
    stays, left = make_person(world.organisation, "Stay Ing"), make_person(world.organisation, "Left Over")
    deactivate_member(Membership.objects.get(person=left), by=world.ana)
    TeamRole.objects.create(team=world.team, person=stays, role=Role.STAKEHOLDER)
    invitation, _link = invite(world.organisation, by=world.ana, roles={}, name="New One", is_administrator=True)
    token, _text = make_token(world.people["ana"], world.organisation, by=world.ana, name="Walked", scopes=["read"])
    return {
        "person_id": stays.pk,
        "stays_id": stays.pk,
        "left_id": left.pk,
        "cy_id": world.people["cy"].pk,
        "holiday_id": add_holiday(
            world.organisation, by=world.ana, name="Fair", first_on=dt.date(2031, 5, 1), last_on=dt.date(2031, 5, 1)
        ).pk,
        "unit_id": Unit.objects.create(organisation=world.organisation, name="Unit").pk,
        "invitation_id": invitation.pk,
        "token_id": token.pk,
    }
