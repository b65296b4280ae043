"""How long things are kept that nobody needs any more: the rules, what they would remove, and their run.

An area registers what it keeps:

    @retention.rule("files", _("Files of imports"), _("…"), days=7)
    class _Files:
        def due(self, organisation, before) -> int: …
        def remove(self, organisation, before) -> int: …

Each organisation may say other days, or for ever (None). What belongs to the installation and not to one organisation
(sessions, the queue's rows) goes when the longest of all organisations is over: nobody's is removed too early.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from headway.lib import clock

from .models import Organisation, Retention

LONGEST = 3650  # days that can be said; longer is for ever


class Rule(Protocol):
    """What an area registers. `before` is the moment: what ended earlier goes."""

    def due(self, organisation: Organisation | None, before: dt.datetime) -> int: ...

    def remove(self, organisation: Organisation | None, before: dt.datetime) -> int: ...


@dataclass(frozen=True)
class Registered:
    name: str
    title: Any  # a lazy text
    told: Any
    days: int | None  # where the organisation says nothing; None: for ever
    is_installation: bool
    rule: Rule


@dataclass(frozen=True)
class RuleRow:
    """A rule as one organisation has it: `due` is what it would remove now."""

    name: str
    title: str
    told: str
    days: int | None
    default: int | None
    due: int


R = TypeVar("R", bound=type[Rule])
_rules: dict[str, Registered] = {}


def rule(name: str, title: Any, told: Any, *, days: int | None, installation: bool = False) -> Callable[[R], R]:
    """Register a rule. With `installation` it is asked without an organisation, once for all."""

    def keep(kind: R) -> R:
        _rules[name] = Registered(name, title, told, days, installation, kind())
        return kind

    return keep


def names() -> list[str]:
    return list(_rules)


def days_of(organisation: Organisation) -> dict[str, int | None]:
    """Return rule → days as this organisation has them. One query."""
    said = Retention.objects.filter(organisation=organisation).values_list("days", flat=True).first() or {}
    return {name: said.get(name, known.days) for name, known in _rules.items()}


def rules_of(organisation: Organisation, days: dict[str, int | None] | None = None) -> list[RuleRow]:
    """Return every rule with what it would remove now, by the organisation's own days or by `days`."""
    said = days_of(organisation) | (days or {})
    longest = longest_days(organisation, said)
    rows = []
    for name, known in _rules.items():
        counted = longest[name] if known.is_installation else said[name]
        due = 0 if counted is None else known.rule.due(_scope(known, organisation), moment(counted))
        rows.append(RuleRow(name, str(known.title), str(known.told), said[name], known.days, due))
    return rows


def remove_due(organisation: Organisation) -> dict[str, int]:
    """Remove what is over by the organisation's own rules. Returns rule → how many."""
    said = days_of(organisation)
    removed = {}
    for name, known in _rules.items():
        days = said[name]
        if not known.is_installation and days is not None:
            removed[name] = known.rule.remove(organisation, moment(days))
    return removed


def remove_of_installation() -> dict[str, int]:
    """Remove what belongs to the installation and is over for every organisation. Returns rule → how many."""
    longest = longest_days(None, {})
    removed = {}
    for name, known in _rules.items():
        days = longest[name]
        if known.is_installation and days is not None:
            removed[name] = known.rule.remove(None, moment(days))
    return removed


def longest_days(organisation: Organisation | None, said: dict[str, int | None]) -> dict[str, int | None]:
    """Return rule → the longest days of all organisations, with `said` in place of one's. None is the longest."""
    everyone = list(Organisation.objects.filter(is_demonstration=False).select_related("retention"))
    found: dict[str, int | None] = {}
    for name, known in _rules.items():
        values = [
            said[name] if organisation and one.pk == organisation.pk else _said(one).get(name, known.days)
            for one in everyone
        ] or [known.days]
        found[name] = None if None in values else max(value for value in values if value is not None)
    return found


def moment(days: int) -> dt.datetime:
    return clock.now() - dt.timedelta(days=days)


def _said(organisation: Organisation) -> dict[str, int | None]:
    kept = getattr(organisation, "retention", None)
    return dict(kept.days) if kept else {}


def _scope(known: Registered, organisation: Organisation) -> Organisation | None:
    return None if known.is_installation else organisation
