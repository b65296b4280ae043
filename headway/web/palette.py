"""The one registry of places and actions: the side bar, the sections of the settings and the palette all read it.

A new page is one `Entry` here. It shows as soon as its address exists, in the menu it names and in the palette, to
those whom `people.access` allows its verb; so nothing is offered that would then be refused.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headway.people import access
from headway.people.actor import Actor
from headway.people.models import Organisation, Team

#: a text, in the language of whoever reads it
Text = str | Promise

# Menus, in the order they stand.
TOP, PRODUCT_OWNER, DEVELOPMENT_TEAM, ORGANISATION, RHYTHM, FOOT = "top", "po", "dev", "organisation", "rhythm", "foot"
SETTINGS_ORGANISATION, SETTINGS_TEAM, SETTINGS_PERSON = "settings-organisation", "settings-team", "settings-person"

SIDE: tuple[tuple[str, Text], ...] = (
    (TOP, ""),
    (PRODUCT_OWNER, _("Product Owner")),
    (DEVELOPMENT_TEAM, _("Development Team")),
    (ORGANISATION, _("Organisation")),
    (RHYTHM, _("Rhythm")),
)
SETTINGS: tuple[tuple[str, Text], ...] = (
    (SETTINGS_ORGANISATION, _("Organisation")),
    (SETTINGS_TEAM, ""),  # headed by the team's name
    (SETTINGS_PERSON, _("You")),
)


@dataclass(frozen=True)
class Entry:
    """A place to go to or a thing to do.

    `name` is that of its address (urls.py) unless `address` says otherwise; `of_team` puts the team's key into it.
    `verb` is asked of `people.access` on the team, else on the organisation; "" is for every member. `words` are more
    words to find it by. `menu` is the list it stands in; what stands in none is found in the palette only. `tab` is its
    text among the five tabs of a phone.
    """

    name: str
    text: Text
    icon: str = "arrow"
    key: str = ""
    menu: str = ""
    tab: Text = ""
    of_team: bool = False
    verb: str = ""
    does: bool = False
    words: Text = ""
    address: str = ""
    query: str = ""
    post: tuple[tuple[str, str], ...] | None = None  # fields of the form that does it


# fmt: off
ENTRIES: tuple[Entry, ...] = (
    # the side bar
    Entry("today", _("Today"), "today", "G T", TOP, tab=_("Today"), words=_("start home cockpit attention")),
    Entry("sightline", _("Line of sight"), "sightline", "G L", TOP, words=_("alignment strategy goals tree")),
    Entry("backlog", _("Value sheet"), "value", "G V", PRODUCT_OWNER, tab=_("Value"), of_team=True,
          words=_("product backlog order priorities not now bets")),
    Entry("results", _("Key Results"), "results", "G K", PRODUCT_OWNER, tab=_("Results"),
          words=_("OKR objectives goals measures")),
    Entry("verdicts", _("Verdicts"), "weigh", "G J", PRODUCT_OWNER, of_team=True,
          words=_("judge bets outcome measured impact moved review")),
    Entry("board", _("Sprint board"), "board", "G B", DEVELOPMENT_TEAM, tab=_("Board"), of_team=True,
          words=_("kanban scrum to do in progress done burn-up daily")),
    Entry("forecast", _("Forecast"), "forecast", "G F", DEVELOPMENT_TEAM, of_team=True,
          words=_("when done date how many plan prediction")),
    Entry("report", _("Report"), "report", "G W", ORGANISATION, tab=_("Report"), of_team=True,
          words=_("stakeholders summary export")),
    Entry("settings", _("Settings"), "settings", "G ,", FOOT, words=_("preferences configuration options")),

    # pages that stand in no menu
    Entry("search", _("Search"), "search", "/", words=_("find filter")),
    Entry("sprints", _("Sprints"), "clock", of_team=True, words=_("iterations sprint goal list")),
    Entry("focus-proposals", _("Focus proposals"), "value", of_team=True,
          words=_("proposed order backlog product owner accept decline compare")),
    Entry("brief", _("Economic brief"), "document", of_team=True,
          words=_("one page decision focus waiting cost product owner print pdf")),
    Entry("mind", _("What would change our mind?"), "value", of_team=True,
          words=_("sensitivity flip test value of information WSJF CD3 RICE best order")),
    Entry("ledger", _("Impact ledger"), "weigh", of_team=True,
          words=_("what bets brought predicted measured ranking explained")),
    Entry("calibration", _("How good are our promises?"), "forecast", "", of_team=True,
          words=_("track record calibration coverage score bias forecasts verdicts")),
    Entry("link", _("Link items to Key Results"), "link", of_team=True, words=_("unlinked serves why")),

    # what can be done
    Entry("item-new", _("New item"), "plus", of_team=True, verb="write_item", does=True,
          words=_("create add story bug task ticket")),
    Entry("focus-propose", _("Propose an order"), "value", of_team=True, verb="propose_order", does=True,
          words=_("focus proposal backlog best order scrum master")),
    Entry("check-in", _("Check in"), "check", verb="measure", does=True,
          words=_("measure update confidence key results progress")),
    Entry("new-objective", _("New objective"), "plus", verb="write_okr", does=True, words=_("create add OKR goal")),
    Entry("sprint-plan", _("Plan, start or close a Sprint"), "play", address="sprints", of_team=True,
          verb="plan_sprint", does=True, words=_("new iteration begin end finish sprint planning")),
    Entry("import-items", _("Import from a tracker"), "import", address="import", of_team=True, verb="import_items",
          does=True, words=_("jira github trello csv excel file upload bring in")),
    Entry("okr-import", _("Import OKRs"), "import", of_team=True, verb="write_okr", does=True,
          words=_("markdown csv file upload objectives key results")),
    Entry("invite", _("Invite people"), "people", address="invitations", verb="invite", does=True,
          words=_("invitation link new member user colleague join add somebody")),
    Entry("people-add", _("Add a person without an invitation"), "people", address="members",
          verb="manage_organisation", does=True, words=_("new member user account colleague")),
    Entry("import-members", _("Import people"), "import", verb="manage_organisation", does=True,
          words=_("members csv file upload add")),
    Entry("hand-over-role", _("Hand over a role"), "people", of_team=True, verb="manage_team", does=True,
          words=_("product owner scrum master successor replace")),
    Entry("public-holidays", _("Add public holidays for everybody"), "clock", verb="manage_organisation", does=True,
          words=_("country region bank holiday days off calendar")),
    Entry("team-public-holidays", _("Add public holidays for the team"), "clock", of_team=True, verb="manage_team",
          does=True, words=_("country region bank holiday days off calendar")),
    Entry("team-new", _("New team"), "plus", address="teams", verb="manage_organisation", does=True,
          words=_("create add unit")),
    Entry("cycle-new", _("New cycle"), "plus", address="cycles", verb="manage_cycles", does=True,
          words=_("create add quarter okr period")),
    Entry("brief-pdf", _("Download the economic brief as PDF"), "document", of_team=True,
          does=True, words=_("export save file print paper")),
    Entry("report-markdown", _("Download the report as Markdown"), "document", address="report-export", of_team=True,
          does=True, words=_("export save file")),
    Entry("report-csv", _("Download the report as CSV"), "document", address="report-export", of_team=True, does=True,
          words=_("export save file table spreadsheet")),

    # the settings
    Entry("organisation-settings", _("Name and time"), "organisation", menu=SETTINGS_ORGANISATION,
          words=_("organisation strategy currency zone")),
    Entry("holidays", _("Holidays"), "clock", menu=SETTINGS_ORGANISATION,
          words=_("public holidays days off vacation calendar ics")),
    Entry("teams", _("Units and teams"), "organisation", menu=SETTINGS_ORGANISATION, words=_("structure departments")),
    Entry("members", _("Everyone"), "people", menu=SETTINGS_ORGANISATION,
          words=_("people members users administrators")),
    Entry("invitations", _("Invitations"), "link", menu=SETTINGS_ORGANISATION, verb="invite",
          words=_("invite people by a link new member colleague join add")),
    Entry("cycles", _("Cycles"), "clock", menu=SETTINGS_ORGANISATION, words=_("quarters periods")),
    Entry("activity", _("Activity"), "clock", menu=SETTINGS_ORGANISATION,
          words=_("history changes undo audit log who")),
    Entry("sign-in-rules", _("Sign-in rules"), "key", menu=SETTINGS_ORGANISATION,
          words=_("security two-factor second factor single sign-on openid")),
    Entry("retention", _("What is kept"), "clock", menu=SETTINGS_ORGANISATION,
          words=_("retention delete days privacy data protection gdpr")),
    Entry("keeping", _("Export and backup"), "document", menu=SETTINGS_ORGANISATION, verb="export_organisation",
          words=_("download everything save copy restore move")),
    Entry("roles", _("Roles"), "people", menu=SETTINGS_ORGANISATION, words=_("permissions rights who may")),
    Entry("people", _("People and roles"), "people", menu=SETTINGS_TEAM, of_team=True, words=_("members team")),
    Entry("team-settings", _("Sprint and board"), "settings", menu=SETTINGS_TEAM, of_team=True,
          words=_("columns sprint length working days reserve team")),
    Entry("team-holidays", _("Holidays"), "clock", menu=SETTINGS_TEAM, of_team=True,
          words=_("days off vacation absence calendar ics working days")),
    Entry("team-tokens", _("API tokens of the team"), "key", menu=SETTINGS_TEAM, of_team=True, verb="manage_team",
          words=_("programs scripts access bearer integration")),
    Entry("import", _("Import"), "import", menu=SETTINGS_TEAM, of_team=True, verb="import_items",
          words=_("tracker jira github csv")),
    Entry("profile", _("Profile"), "people", menu=SETTINGS_PERSON,
          words=_("me my name e-mail password account language region time zone")),
    Entry("my-sign-in", _("Sign-in"), "key", menu=SETTINGS_PERSON,
          words=_("password passkey authenticator app recovery codes sessions devices")),
    Entry("my-promises", _("Your promises"), "eye", menu=SETTINGS_PERSON,
          words=_("my own calibration track record bets chances ranges")),
    Entry("your-data", _("Your data"), "document", menu=SETTINGS_PERSON,
          words=_("export download privacy gdpr anonymise delete account forget")),
    Entry("api-tokens", _("API tokens"), "key", menu=SETTINGS_PERSON,
          words=_("programs scripts access key bearer integration")),
    Entry("browser-settings", _("Keys and theme"), "theme", menu=SETTINGS_PERSON,
          words=_("shortcuts dark light keyboard single letters")),

    # what this browser or this session does
    Entry("theme-light", _("Light theme"), "theme", address="theme", does=True,
          words=_("appearance colours day bright"), post=(("theme", "light"),)),
    Entry("theme-dark", _("Dark theme"), "moon", address="theme", does=True, words=_("appearance colours night mode"),
          post=(("theme", "dark"),)),
    Entry("theme-system", _("Theme of the system"), "half", address="theme", does=True,
          words=_("appearance colours automatic"), post=(("theme", "system"),)),
    Entry("sign-out", _("Sign out"), "sign-out", does=True, words=_("log out logout leave end session exit"), post=()),
)
# fmt: on

SWITCH = Entry(
    "switch-organisation", _("Switch organisation"), "organisation", does=True, words=_("change company other"), post=()
)

#: changes with this file, so that no browser keeps an older list than that of the release
EDITION = hashlib.blake2b(Path(__file__).read_bytes(), digest_size=8).hexdigest()

#: parts of an address beside the team's key
PARTS: dict[str, dict[str, Any]] = {"report-markdown": {"suffix": "md"}, "report-csv": {"suffix": "csv"}}

#: pages that stand under a section of the settings without being one
SECTION_OF = {
    **dict.fromkeys(["import-members", "deactivate-member", "anonymise-member"], "members"),
    **dict.fromkeys(
        ["authenticator-app", "passkey-new", "recovery-codes", "confirm-identity", "my-password"], "my-sign-in"
    ),
    **dict.fromkeys(["import-run", "import-look"], "import"),
    "unit": "teams",
    "cycle": "cycles",
    "holiday": "holidays",
    "public-holidays": "holidays",
    "team-public-holidays": "team-holidays",
    "hand-over-role": "people",
}

#: pages that stand under an entry of the side bar without being one
UNDER = {
    **dict.fromkeys(
        ["item", "item-new", "item-edit", "link", "link-item", "bet", "edit-bet", "verdict", "calibration"], "backlog"
    ),
    **dict.fromkeys(["verdict-page", "ledger"], "verdicts"),
    **dict.fromkeys(["focus-proposals", "focus-propose", "focus-proposal", "focus-change"], "backlog"),
    **dict.fromkeys(["focus-decline", "brief"], "backlog"),
    **dict.fromkeys(["sprints", "sprint"], "board"),
    **dict.fromkeys(
        [
            "objective",
            "key-result",
            "check-in",
            "new-objective",
            "edit-objective",
            "archive-objective",
            "new-key-result",
            "edit-key-result",
            "measure",
            "decide",
            "measurement",
            "okr-import",
            "okr-import-run",
        ],
        "results",
    ),
    **{entry.name: "settings" for entry in ENTRIES if entry.menu.startswith("settings-")},
    **dict.fromkeys(SECTION_OF, "settings"),
}


def entries_in(menu: str) -> Iterator[Entry]:
    """Return the entries of a menu, in order."""
    return (entry for entry in ENTRIES if entry.menu == menu)


def may(entry: Entry, viewer: Actor, *, organisation: Organisation, team: Team | None) -> bool:
    """Say whether the viewer may go to an entry or do it, of this team where it needs one."""
    if entry.of_team and team is None:
        return False
    return not entry.verb or access.allows(viewer, entry.verb, team if entry.of_team else organisation)


def address_of(entry: Entry, team: Team | None) -> str:
    """Return the address of an entry; "" where there is none (yet)."""
    parts = dict(PARTS.get(entry.name, {}))
    if entry.of_team:
        if team is None:
            return ""
        parts["team_key"] = team.key
    try:
        return reverse(entry.address or entry.name, kwargs=parts) + entry.query
    except NoReverseMatch:
        return ""


def section_of(url_name: str) -> str:
    """Return the entry of the side bar that a page belongs to."""
    return UNDER.get(url_name, url_name)


#: beyond this many teams, another team is offered by its board alone: a list that nobody reads costs everybody
MOST_TEAMS = 40


@dataclass(frozen=True)
class Offer:
    """An entry for one viewer: permitted, with its address. `where` names the team or organisation it is for."""

    entry: Entry
    href: str
    where: str = ""
    fields: tuple[tuple[str, str], ...] | None = None  # of the form to send; None: a link

    @property
    def id(self) -> str:
        """What a browser remembers it by."""
        return " ".join([self.entry.name, self.href, *(value for _name, value in self.fields or ())])


def offers(
    viewer: Actor,
    *,
    organisation: Organisation,
    organisations: Sequence[Organisation],
    teams: Sequence[Team],
) -> list[Offer]:
    """Return all that the viewer may go to or do: of every team (`teams`, nearest first), and of the organisation.

    No queries: teams and organisations are the caller's, as the viewer may see them.
    """
    found = [
        Offer(entry, address_of(entry, None), fields=entry.post)
        for entry in ENTRIES
        if not entry.of_team and may(entry, viewer, organisation=organisation, team=None)
    ]
    for place, team in enumerate(teams):
        for entry in ENTRIES:
            is_near = place < MOST_TEAMS or entry.name == "board"
            if entry.of_team and is_near and may(entry, viewer, organisation=organisation, team=team):
                found.append(Offer(entry, address_of(entry, team), team.name))
    for other in organisations:
        if other.pk != organisation.pk:
            fields = (("organisation", str(other.pk)),)
            found.append(Offer(SWITCH, address_of(SWITCH, None), other.name, fields))
    return [offer for offer in found if offer.href]
