"""What every page knows: `browser` (this browser's choices and notes) and `shell` (viewer, team, navigation, rhythm).

Both are worked out when a template first asks, so that a partial over htmx pays for neither.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, get_language_bidi, get_language_info, ngettext
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.known import Aspect, remembered
from headway.okr.models import Cycle
from headway.people.actor import Actor
from headway.people.models import Organisation, Person, Role, Team
from headway.scrum.models import Sprint

from . import palette
from .formats import day
from .live import Following, without_session
from .shared_renders import csrf_field, csrf_token
from .views import Request, own_referer, teams_of

THEMES = {"": "light", "light": "dark", "dark": ""}  # system, light, dark, and round again
SPRINTS_BEFORE, SPRINTS_AFTER = 3, 2
TABS = ("today", "board", "backlog", "results", "report")


@dataclass(frozen=True)
class NavEntry:
    text: str
    href: str
    icon: str
    key: str
    is_current: bool
    name: str = ""


@dataclass(frozen=True)
class NavGroup:
    title: str
    entries: list[NavEntry]


@dataclass(frozen=True)
class TeamLink:
    id: int
    name: str
    href: str


@dataclass(frozen=True)
class RhythmSprint:
    name: str
    short: str
    state: str  # past | now | next
    note: str = ""


@dataclass(frozen=True)
class RhythmEvent:
    title: str
    at: float  # [per cent of the strip]
    is_next: bool


@dataclass(frozen=True)
class Rhythm:
    sprints: list[RhythmSprint]
    today: float | None  # [per cent of the strip]; None outside it
    events: list[RhythmEvent]


def _language_of_texts() -> str:
    """Return the language that a page is in; of "en-x-de-ch" (English texts, Swiss formats) and of "en-ie": "en"."""
    tag = (get_language() or settings.LANGUAGE_CODE).partition("-x-")[0]
    return tag if tag in dict(settings.LANGUAGES) else tag.partition("-")[0]


class Browser:
    """What this browser chose, and the notes that it has not shown yet."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        theme = request.COOKIES.get("theme", "")
        self.theme = theme if theme in THEMES else ""
        self.next_theme = THEMES[self.theme] or "system"
        self.has_keys = request.COOKIES.get("keys") != "off"
        self.language = _language_of_texts()
        self.direction = "rtl" if get_language_bidi() else "ltr"
        self.path = request.get_full_path()
        self.referer = own_referer(request)

    @property
    def language_name(self) -> str:
        return str(get_language_info(self.language)["name_local"]).capitalize()

    @property
    def csrf_token(self) -> str:
        return csrf_token(self._request)

    @cached_property
    def toasts(self) -> list[dict[str, Any]]:
        """Notes to show once; reading them takes them away."""
        pending: list[dict[str, Any]] = self._request.__dict__.pop("pending_toasts", [])
        kept: list[dict[str, Any]] = self._request.session.pop("toasts", []) if self._has_kept() else []
        return kept + pending

    def _has_kept(self) -> bool:
        return hasattr(self._request, "session") and "toasts" in self._request.session


class Shell:
    """Viewer, organisation, team and navigation of a page."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.actor: Actor = request.actor
        self.organisation: Organisation = request.organisation
        self.organisations: list[Organisation] = request.organisations
        self.person: Person = request.user
        self._match = request.resolver_match

    @cached_property
    def _teams(self) -> list[Team]:
        return list(teams_of(self._request))

    @cached_property
    def team(self) -> Team | None:
        """The team of the address, else the last one looked at, else the first where the viewer has a role."""
        key = self._parts.get("team_key") or self._request.session.get("team") or ""
        mine = [team for team in self._teams if team.pk in self.actor.roles]
        named = [team for team in self._teams if team.key == key.upper()]
        return next(iter([*named, *mine, *self._teams]), None)

    @cached_property
    def teams(self) -> list[TeamLink]:
        """The viewer's own teams first; each leads to the same page of that team where there is one."""
        ordered = sorted(self._teams, key=lambda team: (team.pk not in self.actor.roles, team.name))
        return [TeamLink(team.pk, team.name, self._same_page(team)) for team in ordered]

    @property
    def roles(self) -> str:
        held = self.actor.roles_in(self.team.pk) if self.team else frozenset()
        names = [str(role.label) for role in Role if role in held]
        if self.actor.is_administrator:
            names.append(_("Administrator"))
        return ", ".join(names) or _("Member")

    @cached_property
    def nav(self) -> list[NavGroup]:
        made = [NavGroup(str(title), list(self._entries(palette.entries_in(menu)))) for menu, title in palette.SIDE]
        return [group for group in made if group.entries]

    @cached_property
    def foot(self) -> list[NavEntry]:
        return list(self._entries(palette.entries_in(palette.FOOT)))

    @cached_property
    def tabs(self) -> list[NavEntry]:
        """The five tabs of a phone."""
        tabbed = [entry for entry in palette.ENTRIES if entry.tab]
        tabbed.sort(key=lambda entry: TABS.index(entry.name))
        return [replace(made, text=str(entry.tab)) for entry in tabbed for made in self._entries([entry])]

    @cached_property
    def rhythm(self) -> Rhythm | None:
        """Cycle and Sprints of the team. Two queries, where it is not remembered."""
        team = self.team
        if team is None:
            return None
        return remembered(
            ("rhythm", team.pk),
            lambda: rhythm_of(team),
            organisation_id=team.organisation_id,
            rests_on=Aspect.FRAME,
        )

    @cached_property
    def settings(self) -> list[NavGroup]:
        """The sections of the settings that the viewer may open."""
        page = (self._match.url_name if self._match else None) or ""
        here = palette.SECTION_OF.get(page, page)
        groups = []
        for menu, title in palette.SETTINGS:
            entries = [replace(made, is_current=made.name == here) for made in self._entries(palette.entries_in(menu))]
            name = self.team.name if menu == palette.SETTINGS_TEAM and self.team else str(title)
            groups.append(NavGroup(name, entries))
        return groups

    @property
    def palette_version(self) -> str:
        """Name what the palette offers the viewer, so that a browser may keep it as long as nothing of it changes."""
        roles = sorted((team_id, sorted(held)) for team_id, held in self.actor.roles.items())
        said = (
            *(
                self.person.pk,
                self.organisation.pk,
                self.actor.is_administrator,
                roles,
                get_language(),
                palette.EDITION,
            ),
            [(team.pk, team.key, team.name) for team in self._teams],
            [(organisation.pk, organisation.name) for organisation in self.organisations],
        )
        return hashlib.blake2b(repr(said).encode(), digest_size=8).hexdigest()

    def offers(self) -> list[palette.Offer]:
        """All that the palette offers, that of the team in hand first, then of the viewer's own. No queries."""
        at_hand = self.team.pk if self.team else 0
        nearest = sorted(self._teams, key=lambda team: (team.pk != at_hand, team.pk not in self.actor.roles, team.name))
        return palette.offers(
            self.actor, organisation=self.organisation, organisations=self.organisations, teams=nearest
        )

    def drawn(self, name: str, caller: Callable[[], str]) -> str:
        """Return what a `{% call shell.drawn("name") %}` block holds, drawn once for all who may the same.

        In the block stands nothing but navigation: of this team, for these rights, on this page.
        """
        team = self.team
        place = (self._match.view_name, *sorted(self._parts)) if self._match else ()
        rights = (self.actor.is_administrator, frozenset(self.actor.roles.items()))
        return remembered(
            ("frame", name, place, team.pk if team else 0, rights, get_script_prefix()),
            lambda: str(caller()),
            organisation_id=self.organisation.pk,
            rests_on=Aspect.FRAME,
        )

    @property
    def _parts(self) -> dict[str, Any]:
        return dict(self._match.kwargs) if self._match else {}

    def _entries(self, entries: Iterable[palette.Entry]) -> Iterator[NavEntry]:
        for entry in entries:
            if palette.may(entry, self.actor, organisation=self.organisation, team=self.team):
                href = palette.address_of(entry, self.team)
                if href:
                    yield NavEntry(
                        str(entry.text), href, entry.icon, entry.key, self._is_current(entry.name), entry.name
                    )

    def _is_current(self, name: str) -> bool:
        here = self._match.url_name if self._match else ""
        return palette.section_of(here or "") == name

    def _same_page(self, team: Team) -> str:
        parts = self._parts
        if self._match and self._match.url_name and set(parts) == {"team_key"}:
            return reverse(self._match.view_name, kwargs={"team_key": team.key})
        if "team_key" in parts:
            return reverse("backlog", kwargs={"team_key": team.key})
        return f"{reverse('today')}?team={team.key}"


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor of all templates (settings.TEMPLATES)."""
    return _tokens(request) | {
        "live": Following(request),
        "browser": SimpleLazyObject(lambda: Browser(request)),
        "shell": _lazily(request, lambda: Shell(cast(Request, request))),
    }


def _tokens(request: HttpRequest) -> dict[str, Any]:
    """Return the hidden field of forms: masked once for a page, not once for each of its forms."""
    if getattr(request, "is_shared", False):
        return without_session()
    return {"csrf_input": SimpleLazyObject(lambda: csrf_field(request))}


def _lazily(request: HttpRequest, make: Callable[[], Shell]) -> Any:
    """Keep one Shell per request, however many templates it renders; None for a stranger."""
    if getattr(request, "actor", None) is None:
        return None
    return request.__dict__.setdefault("_shell", SimpleLazyObject(make))


@dataclass(frozen=True)
class _Span:
    name: str
    number: int
    starts_on: dt.date
    ends_on: dt.date


def rhythm_of(team: Team) -> Rhythm | None:
    """Put the Sprints around today, or the cycle where there are none, on one axis. Two queries.

    Each Sprint has the same width, so a day lies at (Sprints before it + share of its own Sprint) / Sprints.
    """
    today = clock.today()
    cycle = (
        Cycle.objects.active()
        .filter(organisation_id=team.organisation_id, starts_on__lte=today, ends_on__gte=today)
        .order_by("-starts_on")
        .first()
    )
    near = Sprint.objects.filter(
        team=team, ends_on__gte=today - dt.timedelta(days=366), starts_on__lte=today + dt.timedelta(days=366)
    ).order_by("starts_on", "number")
    spans = [
        _Span(name, number, starts_on, ends_on)
        for name, number, starts_on, ends_on in near.values_list("name", "number", "starts_on", "ends_on")
        if starts_on and ends_on
    ]
    shown = _around(spans, today, cycle)
    if not shown:
        return _rhythm_of_cycle(cycle, today) if cycle else None
    ahead = next((place for place, sprint in enumerate(shown) if sprint.ends_on >= today), None)
    return Rhythm(
        sprints=[_rhythm_sprint(sprint, today, team) for sprint in shown],
        today=_place(shown, today),
        events=[
            RhythmEvent(
                title=_("%(sprint)s ends, %(day)s") % {"sprint": sprint.name, "day": day(sprint.ends_on)},
                at=100.0 * (place + 1) / len(shown),
                is_next=place == ahead,
            )
            for place, sprint in enumerate(shown)
        ],
    )


def _around(sprints: list[_Span], today: dt.date, cycle: Cycle | None) -> list[_Span]:
    """Return the Sprints of the cycle, or, where those are none or too many for a strip, those around today."""
    inside = [
        sprint
        for sprint in sprints
        if cycle and sprint.starts_on <= cycle.ends_on and sprint.ends_on >= cycle.starts_on
    ]
    if inside and len(inside) <= SPRINTS_BEFORE + SPRINTS_AFTER + 3:
        return inside
    behind = sum(sprint.ends_on < today for sprint in sprints)
    return sprints[max(0, behind - SPRINTS_BEFORE) : behind + SPRINTS_AFTER + 1]


def _place(sprints: list[_Span], today: dt.date) -> float | None:
    """Return where `today` lies [per cent]; between two Sprints at their border, None before the first."""
    if today < sprints[0].starts_on:
        return None
    before = sum(sprint.ends_on < today for sprint in sprints)
    share = 0.0
    if before < len(sprints) and sprints[before].starts_on <= today:
        length = (sprints[before].ends_on - sprints[before].starts_on).days + 1
        share = ((today - sprints[before].starts_on).days + 0.5) / length
    return 100.0 * (before + share) / len(sprints)


def _rhythm_sprint(sprint: _Span, today: dt.date, team: Team) -> RhythmSprint:
    if sprint.ends_on < today:
        return RhythmSprint(sprint.name, str(sprint.number), "past")
    if sprint.starts_on > today:
        return RhythmSprint(sprint.name, str(sprint.number), "next")
    note = _("day %(count)s") % {"count": max(1, team.calendar.count(sprint.starts_on, today))}
    return RhythmSprint(sprint.name, str(sprint.number), "now", note)


def _rhythm_of_cycle(cycle: Cycle, today: dt.date) -> Rhythm:
    span = _Span(cycle.name, 1, cycle.starts_on, cycle.ends_on)
    weeks = (cycle.ends_on - today).days // 7
    note = ngettext("%(count)s week left, no Sprint yet", "%(count)s weeks left, no Sprint yet", weeks) % {
        "count": weeks
    }
    return Rhythm([RhythmSprint(cycle.name, cycle.name, "now", note)], _place([span], today), [])
