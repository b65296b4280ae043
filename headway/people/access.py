"""The only permission rules: one table of verbs × roles.

A stranger to an organisation never gets this far: objects come through `visible_to(actor)` and are absent (404).
Here a member without the right is refused (403).
"""

from typing import Any

from django.utils.translation import gettext as _

from .actor import Actor
from .models import Organisation, Role, Team

ADMINISTRATOR = "administrator"
MEMBER = "member"  # everybody of the organisation

SM, PO, DEV = Role.SCRUM_MASTER, Role.PRODUCT_OWNER, Role.DEVELOPER

#: verb → who may. Team verbs look at the roles in the subject's team; for what belongs to no team, in any team.
VERBS: dict[str, frozenset[str]] = {
    "read": frozenset({MEMBER}),
    "manage_organisation": frozenset({ADMINISTRATOR}),
    "export_organisation": frozenset({ADMINISTRATOR}),
    "manage_team": frozenset({ADMINISTRATOR, SM}),
    "invite": frozenset({ADMINISTRATOR, SM}),
    "manage_cycles": frozenset({ADMINISTRATOR, SM, PO}),
    "write_okr": frozenset({ADMINISTRATOR, SM, PO}),
    "measure": frozenset({SM, PO, DEV}),
    "import_items": frozenset({ADMINISTRATOR, SM, PO}),
    "write_item": frozenset({SM, PO, DEV}),
    "order_backlog": frozenset({PO}),
    "propose_order": frozenset({SM}),
    "plan_sprint": frozenset({SM, PO}),
    "link_item": frozenset({SM, PO, DEV}),
    "place_bet": frozenset({SM, PO, DEV}),
    "estimate_bet": frozenset({PO, DEV}),
    "promise_pooled": frozenset({SM, PO}),
    "ask_champion": frozenset({SM}),
    "judge_bet": frozenset({SM, PO, DEV}),
    "raise_impediment": frozenset({SM, PO, DEV}),
    "decide": frozenset({SM, PO}),
}

#: verb → the scope that a token needs for it, beside the roles
SCOPES: dict[str, str] = {
    "read": "read",
    "manage_organisation": "admin",
    "export_organisation": "admin",
    "manage_team": "admin",
    "invite": "admin",
    "manage_cycles": "write:okr",
    "write_okr": "write:okr",
    "measure": "write:okr",
    "decide": "write:okr",
    "write_item": "write:scrum",
    "order_backlog": "write:scrum",
    "plan_sprint": "write:scrum",
    "raise_impediment": "write:scrum",
    "link_item": "write:value",
    "place_bet": "write:value",
    "estimate_bet": "write:value",
    "promise_pooled": "write:value",
    "propose_order": "write:value",
    "ask_champion": "write:value",
    "judge_bet": "write:value",
    "import_items": "import",
}


class Forbidden(Exception):
    """A member asks for something that their roles do not allow; the message says who may."""


def allows(actor: Actor, verb: str, subject: Any) -> bool:
    """Say whether `actor` may `verb` on `subject` (an Organisation, a Team, or a row with `team_id`)."""
    who = VERBS[verb]
    organisation_id, team_id = _place(subject)
    if actor.organisation_id is None or organisation_id != actor.organisation_id:
        return False
    if actor.scopes is not None and SCOPES[verb] not in actor.scopes:
        return False
    if actor.kind == "system" or MEMBER in who:
        return True
    if ADMINISTRATOR in who and actor.is_administrator:
        return True
    return bool(actor.roles_in(team_id) & who)


def require(actor: Actor, verb: str, subject: Any) -> None:
    """Raise Forbidden unless `actor` may `verb` on `subject`."""
    if not allows(actor, verb, subject):
        if actor.scopes is not None and SCOPES[verb] not in actor.scopes:
            raise Forbidden(_("This token lacks the scope “%(scope)s”.") % {"scope": SCOPES[verb]})
        raise Forbidden(_("Your roles do not allow this. It is for: %(who)s.") % {"who": who_may(verb)})


def who_may(verb: str) -> str:
    """Name those who may `verb`, for a person to read."""
    names = [str(role.label) for role in Role if role in VERBS[verb]]
    if ADMINISTRATOR in VERBS[verb]:
        names.append(_("administrators"))
    if MEMBER in VERBS[verb]:
        names = [_("every member")]
    return ", ".join(names)


def _place(subject: Any) -> tuple[int | None, int | None]:
    """Return (organisation id, team id) of a subject; rows answer by `organisation_id`, `team_id` or `team`."""
    if isinstance(subject, Organisation):
        return subject.pk, None
    if isinstance(subject, Team):
        return subject.organisation_id, subject.pk
    team = getattr(subject, "team", None)
    if isinstance(team, Team):
        return team.organisation_id, team.pk
    return getattr(subject, "organisation_id", None), getattr(subject, "team_id", None)
