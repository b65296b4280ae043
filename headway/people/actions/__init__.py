"""Every write to organisations, teams, people and roles: one file a noun."""

from .anonymising import anonymise
from .exporting import export_member_data, export_own_data
from .holidays import add_holiday, add_holidays, edit_holiday, remove_holiday
from .invitations import (
    INVITATION_DAYS,
    LONGEST_DAYS,
    accept_invitation,
    find_invitation,
    invite,
    join_by_invitation,
    may_revoke,
    revoke_invitation,
)
from .links import (
    complete_setup,
    find_link,
    issue_password_link,
    issue_setup_link,
    use_password_link,
    use_password_link_with_passkey,
)
from .member_imports import InvitedMember, import_members
from .members import add_person, deactivate_member, reactivate_member, set_administrator
from .organisation import create_organisation, edit_organisation
from .profile import edit_person, place_person, set_password
from .recovery import recover_administrator
from .retention import apply_retention, set_retention
from .roles import hand_over_role, set_roles
from .teams import archive_team, create_team, edit_team
from .tokens import make_token, revoke_token, token_of, touch_token
from .units import create_unit, delete_unit, edit_unit, order_unit

__all__ = [
    "INVITATION_DAYS",
    "LONGEST_DAYS",
    "InvitedMember",
    "accept_invitation",
    "add_holiday",
    "add_holidays",
    "add_person",
    "anonymise",
    "apply_retention",
    "archive_team",
    "complete_setup",
    "create_organisation",
    "create_team",
    "create_unit",
    "deactivate_member",
    "delete_unit",
    "edit_holiday",
    "edit_organisation",
    "edit_person",
    "edit_team",
    "edit_unit",
    "export_member_data",
    "export_own_data",
    "find_invitation",
    "find_link",
    "hand_over_role",
    "import_members",
    "invite",
    "issue_password_link",
    "issue_setup_link",
    "join_by_invitation",
    "make_token",
    "may_revoke",
    "order_unit",
    "place_person",
    "reactivate_member",
    "recover_administrator",
    "remove_holiday",
    "revoke_invitation",
    "revoke_token",
    "set_administrator",
    "set_password",
    "set_retention",
    "set_roles",
    "token_of",
    "touch_token",
    "use_password_link",
    "use_password_link_with_passkey",
]
