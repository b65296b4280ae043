"""Every write to organisations, teams, people and roles: one file a noun."""

from .links import complete_setup, find_link, issue_password_link, issue_setup_link, use_password_link
from .members import add_person, deactivate_member, reactivate_member, set_administrator
from .organisation import create_organisation, edit_organisation
from .profile import edit_person, set_password
from .roles import set_roles
from .teams import archive_team, create_team, edit_team
from .tokens import make_token, revoke_token, token_of, touch_token
from .units import create_unit, edit_unit

__all__ = [
    "add_person",
    "archive_team",
    "complete_setup",
    "create_organisation",
    "create_team",
    "create_unit",
    "deactivate_member",
    "edit_organisation",
    "edit_person",
    "edit_team",
    "edit_unit",
    "find_link",
    "issue_password_link",
    "issue_setup_link",
    "make_token",
    "reactivate_member",
    "revoke_token",
    "set_administrator",
    "set_password",
    "set_roles",
    "token_of",
    "touch_token",
    "use_password_link",
]
