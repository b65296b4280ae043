"""The history of an item in sentences."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from headway.people.models import Team
from headway.scrum.models import Column, Item, Sprint
from headway.scrum.queries import Step

from .formats import number


@dataclass(frozen=True)
class Line:
    at: dt.datetime
    text: str


@dataclass(frozen=True)
class _Names:
    columns: Mapping[int, str]
    sprints: Mapping[int, str]


def history_lines(team: Team, steps: Iterable[Step]) -> list[Line]:
    """Say each step in one sentence, newest first; what has no words for a reader is left out. Two queries."""
    names = _Names(
        columns=dict(Column.objects.filter(team=team).values_list("pk", "name")),
        sprints=dict(Sprint.objects.filter(team=team).values_list("pk", "name")),
    )
    lines = []
    for step in steps:
        say = _SENTENCES.get(step.name)
        if say is not None:
            lines.append(Line(step.at, say(step, {"who": step.who or _("Headway")}, names)))
    return lines


def _created(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s created it") % who


def _edited(step: Step, who: dict[str, Any], names: _Names) -> str:
    fields = [str(_field_name(name)) for name in step.after]
    if len(fields) == 1 and next(iter(step.after)) == "size":
        sizes = {"before": number(step.before["size"]), "after": number(step.after["size"])}
        return _("%(who)s changed the size from %(before)s to %(after)s") % (who | sizes)
    return _("%(who)s changed: %(fields)s") % (who | {"fields": ", ".join(fields)})


def _moved(step: Step, who: dict[str, Any], names: _Names) -> str:
    column = names.columns.get(step.after.get("column_id", 0), _("a column that is gone"))
    return _("%(who)s moved it to “%(column)s”") % (who | {"column": column})


def _ranked(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s gave it another place in the order") % who


def _blocked(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s marked it as blocked: %(reason)s") % (who | {"reason": step.after.get("blocked_because", "")})


def _unblocked(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s set it free again") % who


def _removed(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s removed it") % who


def _restored(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s brought it back") % who


def _planned(step: Step, who: dict[str, Any], names: _Names) -> str:
    sprint = next((pk for pk in step.after.get("items", {}).values() if pk), None)
    return _("%(who)s put it into %(sprint)s") % (who | {"sprint": names.sprints.get(sprint or 0, _("a Sprint"))})


def _unplanned(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s took it out of the Sprint") % who


def _linked(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s said what it serves") % who


def _unlinked(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s took a link away") % who


def _shelved(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s put it on the Not now shelf") % who


def _brought_back(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s took it from the Not now shelf") % who


def _bet_withdrawn(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("%(who)s withdrew its bet") % who


def _decided(step: Step, who: dict[str, Any], names: _Names) -> str:
    if step.after.get("choice") == "theirs":
        return _("%(who)s took what the tracker says") % who
    return _("%(who)s kept our text against the tracker’s") % who


def _entered(step: Step, who: dict[str, Any], names: _Names) -> str:
    return _("In the status “%(status)s”") % {"status": step.after["status"]}


_SENTENCES: dict[str, Callable[[Step, dict[str, Any], _Names], str]] = {
    "item.created": _created,
    "item.edited": _edited,
    "item.moved": _moved,
    "item.ranked": _ranked,
    "item.blocked": _blocked,
    "item.unblocked": _unblocked,
    "item.removed": _removed,
    "item.restored": _restored,
    "item.planned": _planned,
    "item.unplanned": _unplanned,
    "item.linked": _linked,
    "item.unlinked": _unlinked,
    "item.shelved": _shelved,
    "item.brought_back": _brought_back,
    "bet.withdrawn": _bet_withdrawn,
    "conflict.decided": _decided,
    "status.entered": _entered,
}


def _field_name(name: str) -> Any:
    if name == "assignees":
        return _("who holds it")
    return next(field.verbose_name for field in Item._meta.concrete_fields if field.attname == name)
