"""Read a table of members: who they are, and what would become of each, before anything is written.

    plan = plan_members(organisation, decode(upload))
    if not plan.errors: actions.import_members(organisation, text, by=actor)

One line is one person in one team; several lines with one e-mail are one person. Columns are found by the words that
people use, in any order; only the e-mail must be there.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from .models import Membership, Organisation, Person, Role, Team, TeamRole

LONGEST_TABLE = 2 * 2**20  # bytes
MOST_LINES = 5_000

COLUMNS = {
    "name": {"name", "fullname", "displayname", "person", "member", "user", "who"},
    "email": {"email", "mail", "emailaddress", "mailaddress", "address", "login"},
    "team": {"team", "teams", "teamkey", "teamkeys", "key", "squad", "group"},
    "roles": {"role", "roles", "teamrole", "teamroles", "function", "position", "job"},
    "administrator": {"administrator", "admin", "isadmin", "isadministrator", "administrators"},
}
ROLES = {
    Role.SCRUM_MASTER: {"scrummaster", "sm", "agilecoach"},
    Role.PRODUCT_OWNER: {"productowner", "po", "productmanager", "pm"},
    Role.DEVELOPER: {"developer", "dev", "engineer", "teammember", "designer", "tester", "qa"},
    Role.STAKEHOLDER: {"stakeholder", "sponsor", "reader", "readonly", "viewer"},
}
Refuse = Callable[[str], None]
YES, NO = {"yes", "y", "true", "1", "x", "on", "administrator", "admin"}, {"", "no", "n", "false", "0", "off"}


class NotATable(ValueError):
    """The text is no table of members; the message says what to do."""


@dataclass
class PlannedMember:
    """One person of the table. `what`: "invite", "give" (roles to somebody who is here), "nothing", "error"."""

    lines: list[int]
    email: str
    name: str = ""
    roles: dict[Team, set[Role]] = field(default_factory=dict)
    is_administrator: bool = False
    person: Person | None = None
    membership: Membership | None = None
    errors: list[tuple[int, str]] = field(default_factory=list)

    @property
    def what(self) -> str:
        if self.errors:
            return "error"
        if self.membership is None:
            return "invite"
        makes_administrator = self.is_administrator and not self.membership.is_administrator
        return "give" if self.roles or makes_administrator else "nothing"


@dataclass(frozen=True)
class Plan:
    """What would become of a table. `unread` are headings that nobody here understands."""

    members: tuple[PlannedMember, ...]
    unread: tuple[str, ...]

    @property
    def errors(self) -> list[tuple[int, str]]:
        """(line, what is wrong and what to do), in the order of the lines."""
        return sorted((error for member in self.members for error in member.errors), key=lambda error: error[0])

    def count(self, what: str) -> int:
        return sum(member.what == what for member in self.members)


def decode(content: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 with its mark, or what Excel writes. Raises NotATable."""
    if len(content) > LONGEST_TABLE:
        raise NotATable(_("The file is larger than 2 MB: bring it in in parts."))
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def plan_members(organisation: Organisation, text: str) -> Plan:
    """Say what would become of each person of the table. Four queries. Raises NotATable."""
    columns, unread, records = _read(text)
    found: dict[str, PlannedMember] = {}
    teams = list(Team.objects.filter(organisation=organisation).active())
    named = {team.name.casefold(): team for team in teams} | {team.key.casefold(): team for team in teams}
    for line, cells in records:
        given = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
        _read_line(line, given, named, found)
    members = tuple(found.values())
    _look_up(organisation, members)
    return Plan(members, tuple(unread))


def _read(text: str) -> tuple[dict[str, int], list[str], list[tuple[int, list[str]]]]:
    """Return where each column is, the headings that were not understood, and (line, cells) of the rest."""
    if "\0" in text:
        raise NotATable(_("This is no table. Save it as CSV, or copy the cells and paste them."))
    lines = text.strip("\n\r").splitlines()
    if not lines or not lines[0].strip():
        raise NotATable(_("The table is empty. Its first line names the columns: name, email, team, roles."))
    delimiter = max(",;\t|", key=lambda mark: lines[0].count(mark))
    reader = csv.reader(io.StringIO(text.lstrip("\n\r\ufeff")), delimiter=delimiter)
    try:
        headings = [heading.strip() for heading in next(reader)]
    except csv.Error as error:
        raise NotATable(_("Line %(line)d cannot be read (%(error)s).") % {"line": 1, "error": error}) from error
    columns: dict[str, int] = {}
    unread = []
    for at, heading in enumerate(headings):
        name = next((name for name, words in COLUMNS.items() if _plain(heading) in words), None)
        if name is None or name in columns:
            unread.append(heading)
        else:
            columns[name] = at
    if "email" not in columns:
        raise NotATable(
            _("No column is called email. The first line names the columns, for example: name, email, team, roles.")
        )
    try:
        records = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise NotATable(
            _("Line %(line)d cannot be read (%(error)s).") % {"line": reader.line_num, "error": error}
        ) from error
    if len(records) > MOST_LINES:
        raise NotATable(_("More than %(count)d lines: bring the table in in parts.") % {"count": MOST_LINES})
    if not records:
        raise NotATable(_("The table has a heading and no line below it."))
    return columns, [heading for heading in unread if heading], records


def _read_line(line: int, given: dict[str, str], teams: dict[str, Team], found: dict[str, PlannedMember]) -> None:
    email = given["email"].removeprefix("mailto:").strip("<> ")
    member = found.setdefault(email.casefold() or f"line {line}", PlannedMember([], email))
    member.lines.append(line)
    member.name = member.name or " ".join(given.get("name", "").split())
    wrong = member.errors

    def refuse(told: str) -> None:
        wrong.append((line, told))

    try:
        validate_email(email)
    except ValidationError:
        refuse(_("“%(email)s” is no e-mail address.") % {"email": email} if email else _("Write the e-mail."))
    if len(member.name) > 120:
        refuse(_("The name is longer than 120 characters."))
    roles = set(_roles(given.get("roles", ""), refuse))
    here = list(_teams(given.get("team", ""), teams, refuse))
    if roles and not here and not given.get("team"):
        refuse(_("Say in which team: write its key into the column team."))
    if here and not roles and not given.get("roles"):
        refuse(_("Say which role in %(team)s: %(roles)s.") % {"team": here[0].name, "roles": _role_names()})
    for team in here:
        member.roles.setdefault(team, set()).update(roles)
    administrator = given.get("administrator", "").casefold().strip()
    if administrator in YES:
        member.is_administrator = True
    elif administrator not in NO:
        refuse(_("“%(value)s” under administrator: write yes or no.") % {"value": given["administrator"]})


def _roles(text: str, refuse: Refuse) -> Iterable[Role]:
    for part in _parts(text):
        role = next((role for role, words in ROLES.items() if _plain(part).removesuffix("s") in words), None)
        role = role or next((role for role in Role if _plain(str(role.label)) == _plain(part)), None)
        if role is None:
            refuse(_("“%(role)s” is no role here: write %(roles)s.") % {"role": part, "roles": _role_names()})
        else:
            yield role


def _teams(text: str, teams: dict[str, Team], refuse: Refuse) -> Iterable[Team]:
    whole = teams.get(text.casefold().strip())  # a name may hold a comma
    if whole is not None:
        yield whole
        return
    for part in _parts(text):
        team = teams.get(part.casefold())
        if team is None:
            refuse(
                _("No team has the key or the name “%(team)s”: create it first, or correct the line.") % {"team": part}
            )
        else:
            yield team


def _look_up(organisation: Organisation, members: Iterable[PlannedMember]) -> None:
    """Find those who are here already, and take away what they hold."""
    rows = Membership.objects.filter(organisation=organisation).select_related("person")
    here = {row.person.email.casefold(): row for row in rows}
    held: dict[int, dict[int, set[str]]] = {}
    for role in TeamRole.objects.filter(team__organisation=organisation):
        held.setdefault(role.person_id, {}).setdefault(role.team_id, set()).add(role.role)
    for member in members:
        row = here.get(member.email.casefold())
        if row is None:
            continue
        member.membership, member.person = row, row.person
        if row.deactivated_at:
            member.errors.append(
                (member.lines[0], _("%(name)s is deactivated: activate them first.") % {"name": row.person.name})
            )
        mine = held.get(row.person_id, {})
        left = {team: roles - {Role(one) for one in mine.get(team.pk, set())} for team, roles in member.roles.items()}
        member.roles = {team: roles for team, roles in left.items() if roles}


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;/|+&\n]| and ", text) if part.strip()]


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _role_names() -> str:
    return ", ".join(str(role.label) for role in Role)
