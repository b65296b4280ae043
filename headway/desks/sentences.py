"""Every Change in one sentence, for a person to read: the history of an item and the activity of all."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from headway.lib.formats import day, number, percent
from headway.people.models import Role


@dataclass(frozen=True)
class Told:
    """What a sentence is made of. `names` holds the names of rows that a Change knows by id: kind → id → name."""

    name: str
    who: str
    what: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, Mapping[int, str]] = field(default_factory=dict)


def sentence(told: Told) -> str:
    """Say what was done in one sentence."""
    given = {"who": told.who or _("Headway"), "what": told.what}
    if told.name == "item.edited" and set(told.after) == {"size"}:
        sizes = {"before": number(told.before.get("size")), "after": number(told.after["size"])}
        return _("%(who)s changed the size of %(what)s from %(before)s to %(after)s") % (given | sizes)
    pattern = _PATTERNS.get(told.name)
    if pattern is None:
        return _("%(who)s: %(name)s, %(what)s") % (given | {"name": told.name})
    more = _MORE.get(told.name)
    return str(pattern) % (given | (more(told) if more else {}))


def doer(person: str, token: str | None, team: str) -> str:
    """Name who did something: a person, a person by a token of theirs, or a token of a team. Empty for Headway."""
    if not token:
        return person
    if person:
        return _("%(who)s by the token “%(token)s”") % {"who": person, "token": token}
    if team:
        return _("The token “%(token)s” of the team %(team)s") % {"token": token, "team": team}
    return _("The token “%(token)s”") % {"token": token}


def has_sentence(name: str) -> bool:
    """Say whether a Change of this name has words of its own."""
    return name in _PATTERNS


# What some sentences say besides who and what


def _column(told: Told) -> dict[str, str]:
    return {"column": _named(told, "column", told.after.get("column_id")) or _("a column that is gone")}


def _sprint(told: Told) -> dict[str, str]:
    ids = [pk for pk in told.after.get("items", {}).values() if pk]
    return {"sprint": _named(told, "sprint", ids[0] if ids else None) or _("a Sprint")}


def _fields(told: Told) -> dict[str, str]:
    fields = told.names.get("field", {})
    known = [name for name in told.after if name != "note"]
    return {"fields": ", ".join(str(fields.get(name, name)) for name in known)}  # type: ignore[call-overload]


def _reason(told: Told) -> dict[str, str]:
    reasons = ("blocked_because", "reason", "because")
    return {"reason": next((str(told.after[name]) for name in reasons if told.after.get(name)), "")}


def _value(told: Told) -> dict[str, str]:
    return {"value": number(told.after.get("value"))}


def _confidence(told: Told) -> dict[str, str]:
    return {"confidence": number(told.after.get("confidence"))}


def _range(told: Told) -> dict[str, str]:
    low, high = told.after.get("low"), told.after.get("high")
    return {"low": number(low), "high": number(high), "chance": percent(told.after.get("chance"))}


def _pooled(told: Told) -> dict[str, str]:
    figures = {name: number(told.after.get(name)) for name in ("low", "likely", "high", "people")}
    return figures | {"chance": percent(told.after.get("chance"))}


def _roles(told: Told) -> dict[str, str]:
    held = told.after.get("roles", [])
    return {"roles": ", ".join(str(Role(one).label) for one in held if one in Role.values) or _("none")}


def _role(told: Told) -> dict[str, str]:
    role = told.after.get("role")
    return {"role": str(Role(role).label) if role in Role.values else ""}


def _removed(told: Told) -> dict[str, str]:
    return {"count": number(sum(told.after.get("removed", {}).values()))}


def _counts(told: Told) -> dict[str, str]:
    counts = told.after.get("counts", {})
    created, changed = int(counts.get("created", 0)), int(counts.get("changed", 0))
    return {
        "created": ngettext("%(count)s new item", "%(count)s new items", created) % {"count": number(created)},
        "changed": ngettext("%(count)s changed", "%(count)s changed", changed) % {"count": number(changed)},
    }


def _status(told: Told) -> dict[str, str]:
    return {"status": str(told.after.get("status", ""))}


def _needs(told: Told) -> dict[str, str]:
    return {"needs": str(told.after.get("needs_key", ""))}


def _on(told: Told) -> dict[str, str]:
    on = str(told.after.get("on") or "")
    return {"on": day(dt.date.fromisoformat(on) if on else None)}


def _named(told: Told, kind: str, pk: Any) -> str:
    return told.names.get(kind, {}).get(pk, "") if pk else ""


_MORE: dict[str, Callable[[Told], dict[str, str]]] = {
    "item.moved": _column,
    "item.planned": _sprint,
    "items.planned": _sprint,
    "item.edited": _fields,
    "item.blocked": _reason,
    "item.shelved": _reason,
    "prerequisite.added": _needs,
    "prerequisite.removed": _needs,
    "must.set": _reason,
    "focus_proposal.declined": _reason,
    "measurement.recorded": lambda told: _value(told) | _on(told),
    "measurement.corrected": lambda told: _value(told) | _on(told),
    "key_result.checked_in": _confidence,
    "bet.placed": _range,
    "bet.changed": _range,
    "bet.pooled": _pooled,
    "roles.set": _roles,
    "role.handed_over": _role,
    "retention.run": _removed,
    "import.finished": _counts,
    "status.entered": _status,
}

_PATTERNS = {
    # work
    "item.created": gettext_lazy("%(who)s created %(what)s"),
    "item.edited": gettext_lazy("%(who)s changed %(what)s: %(fields)s"),
    "item.moved": gettext_lazy("%(who)s moved %(what)s to “%(column)s”"),
    "item.ranked": gettext_lazy("%(who)s gave %(what)s another place in the order"),
    "item.blocked": gettext_lazy("%(who)s marked %(what)s as blocked: %(reason)s"),
    "item.unblocked": gettext_lazy("%(who)s set %(what)s free again"),
    "item.removed": gettext_lazy("%(who)s removed %(what)s"),
    "item.restored": gettext_lazy("%(who)s brought %(what)s back"),
    "item.planned": gettext_lazy("%(who)s put %(what)s into %(sprint)s"),
    "item.unplanned": gettext_lazy("%(who)s took %(what)s out of the Sprint"),
    "items.moved": gettext_lazy("%(who)s moved several items at once: %(what)s"),
    "items.ranked": gettext_lazy("%(who)s gave several items another place in the order: %(what)s"),
    "items.removed": gettext_lazy("%(who)s removed several items: %(what)s"),
    "items.restored": gettext_lazy("%(who)s brought several items back: %(what)s"),
    "items.planned": gettext_lazy("%(who)s put several items into %(sprint)s: %(what)s"),
    "items.unplanned": gettext_lazy("%(who)s took several items out of the Sprint: %(what)s"),
    "status.entered": gettext_lazy("In the status “%(status)s”"),
    "column.created": gettext_lazy("%(who)s added the column “%(what)s”"),
    "column.edited": gettext_lazy("%(who)s changed the column “%(what)s”"),
    "columns.edited": gettext_lazy("%(who)s changed the columns: %(what)s"),
    "column.deleted": gettext_lazy("%(who)s deleted the column “%(what)s”"),
    "columns.ordered": gettext_lazy("%(who)s put the columns of %(what)s into another order"),
    "sprint.created": gettext_lazy("%(who)s planned %(what)s"),
    "sprint.edited": gettext_lazy("%(who)s changed %(what)s"),
    "sprint.started": gettext_lazy("%(who)s started %(what)s"),
    "sprint.stopped": gettext_lazy("%(who)s took the start of %(what)s back"),
    "sprint.closed": gettext_lazy("%(who)s closed %(what)s"),
    "sprint.reopened": gettext_lazy("%(who)s opened %(what)s again"),
    "sprint.deleted": gettext_lazy("%(who)s deleted %(what)s"),
    # value
    "item.linked": gettext_lazy("%(who)s said what %(what)s serves"),
    "item.unlinked": gettext_lazy("%(who)s took a link away: %(what)s"),
    "items.linked": gettext_lazy("%(who)s said what several items serve: %(what)s"),
    "items.unlinked": gettext_lazy("%(who)s took the links of several items away: %(what)s"),
    "item.shelved": gettext_lazy("%(who)s put %(what)s on the Not now shelf: %(reason)s"),
    "item.brought_back": gettext_lazy("%(who)s took %(what)s from the Not now shelf"),
    "prerequisite.added": gettext_lazy("%(who)s said that %(what)s needs %(needs)s first"),
    "prerequisite.removed": gettext_lazy("%(who)s said that %(what)s does not need %(needs)s any more"),
    "must.set": gettext_lazy("%(who)s said that %(what)s has to be done: %(reason)s"),
    "must.lifted": gettext_lazy("%(who)s said that %(what)s does not have to be done any more"),
    "asker.told": gettext_lazy("%(who)s told who had asked for %(what)s"),
    "bet.placed": gettext_lazy("%(who)s placed a bet on %(what)s: %(low)s to %(high)s, chance %(chance)s"),
    "bet.changed": gettext_lazy("%(who)s changed the bet on %(what)s: %(low)s to %(high)s, chance %(chance)s"),
    "bet.pooled": gettext_lazy(
        "%(who)s made the promise on %(what)s of %(people)s private estimates: %(low)s, %(likely)s, %(high)s, "
        "chance %(chance)s"
    ),
    "bet.championed": gettext_lazy("%(who)s champions %(what)s"),
    "bet.released": gettext_lazy("%(who)s handed the championing of %(what)s back"),
    "bet.champion_asked": gettext_lazy("%(who)s changed who is asked to champion %(what)s"),
    "bet.champion_declined": gettext_lazy("%(who)s declined to champion %(what)s"),
    "bet.champion_left": gettext_lazy("%(who)s gave %(what)s another champion, or none, as the former one left"),
    "item.estimated": gettext_lazy("A private estimate of %(what)s was given"),
    "item.estimate_withdrawn": gettext_lazy("A private estimate of %(what)s was withdrawn"),
    "bet.withdrawn": gettext_lazy("%(who)s withdrew the bet on %(what)s"),
    "verdict.entered": gettext_lazy("%(who)s judged the bet on %(what)s"),
    "verdict.withdrawn": gettext_lazy("%(who)s withdrew the verdict on %(what)s"),
    "focus_proposal.made": gettext_lazy("%(who)s proposed an order for the backlog of %(what)s"),
    "focus_proposal.accepted": gettext_lazy("%(who)s ordered the backlog of %(what)s as it was proposed"),
    "focus_proposal.changed": gettext_lazy("%(who)s ordered the backlog of %(what)s as it was proposed, with changes"),
    "focus_proposal.declined": gettext_lazy("%(who)s declined the order proposed for %(what)s: %(reason)s"),
    "focus_proposal.withdrawn": gettext_lazy("%(who)s withdrew the order proposed for %(what)s"),
    "focus_proposal.reopened": gettext_lazy("%(who)s opened the order proposed for %(what)s again"),
    "sprint.replanned": gettext_lazy("%(who)s changed %(what)s and its aim"),
    "sprint.aimed": gettext_lazy("%(who)s set the aim of %(what)s"),
    # OKRs
    "cycle.created": gettext_lazy("%(who)s created the cycle %(what)s"),
    "cycle.edited": gettext_lazy("%(who)s changed the cycle %(what)s"),
    "cycle.archived": gettext_lazy("%(who)s put the cycle %(what)s away"),
    "cycle.restored": gettext_lazy("%(who)s brought the cycle %(what)s back"),
    "cycle.removed": gettext_lazy("%(who)s took the new cycle %(what)s back"),
    "objective.created": gettext_lazy("%(who)s wrote the objective “%(what)s”"),
    "objective.edited": gettext_lazy("%(who)s changed the objective “%(what)s”"),
    "objective.moved": gettext_lazy("%(who)s gave the objective “%(what)s” another place"),
    "objective.archived": gettext_lazy("%(who)s put the objective “%(what)s” away"),
    "objective.restored": gettext_lazy("%(who)s brought the objective “%(what)s” back"),
    "objective.removed": gettext_lazy("%(who)s took the new objective “%(what)s” back"),
    "key_result.created": gettext_lazy("%(who)s wrote the Key Result “%(what)s”"),
    "key_result.edited": gettext_lazy("%(who)s changed the Key Result “%(what)s”"),
    "key_result.moved": gettext_lazy("%(who)s gave the Key Result “%(what)s” another place"),
    "key_result.archived": gettext_lazy("%(who)s put the Key Result “%(what)s” away"),
    "key_result.restored": gettext_lazy("%(who)s brought the Key Result “%(what)s” back"),
    "key_result.removed": gettext_lazy("%(who)s took the new Key Result “%(what)s” back"),
    "key_result.aligned": gettext_lazy("%(who)s aligned the Key Result “%(what)s” with one above"),
    "key_result.unaligned": gettext_lazy("%(who)s took the alignment of the Key Result “%(what)s” away"),
    "key_result.checked_in": gettext_lazy("%(who)s checked in on “%(what)s”: confidence %(confidence)s"),
    "check_in.withdrawn": gettext_lazy("%(who)s took the check-in on “%(what)s” back"),
    "measurement.recorded": gettext_lazy("%(who)s measured “%(what)s”: %(value)s on %(on)s"),
    "measurement.corrected": gettext_lazy("%(who)s corrected a measurement of “%(what)s”: %(value)s on %(on)s"),
    "measurement.withdrawn": gettext_lazy("%(who)s withdrew a measurement of “%(what)s”"),
    "okrs.imported": gettext_lazy("%(who)s imported OKRs from %(what)s"),
    "okrs.import_undone": gettext_lazy("%(who)s took the OKR import of %(what)s back"),
    # agreements
    "decision.recorded": gettext_lazy("%(who)s recorded the decision “%(what)s”"),
    "decision.reviewed": gettext_lazy("%(who)s reviewed the decision “%(what)s”"),
    "decision.withdrawn": gettext_lazy("%(who)s withdrew the decision “%(what)s”"),
    "impediment.raised": gettext_lazy("%(who)s raised the impediment “%(what)s”"),
    "impediment.owned": gettext_lazy("%(who)s changed who looks after the impediment “%(what)s”"),
    "impediment.resolved": gettext_lazy("%(who)s resolved the impediment “%(what)s”"),
    "impediment.withdrawn": gettext_lazy("%(who)s withdrew the impediment “%(what)s”"),
    # imports
    "import.finished": gettext_lazy("%(who)s imported %(what)s: %(created)s, %(changed)s"),
    "import.undone": gettext_lazy("%(who)s took the import of %(what)s back"),
    "conflict.decided": gettext_lazy("%(who)s decided between our text and the tracker’s for %(what)s"),
    "conflicts.decided": gettext_lazy("%(who)s decided between our texts and the tracker’s for several items"),
    "conflict.reopened": gettext_lazy("%(who)s opened the choice between our text and the tracker’s again: %(what)s"),
    # people
    "organisation.created": gettext_lazy("%(who)s created the organisation %(what)s"),
    "organisation.edited": gettext_lazy("%(who)s changed the settings of %(what)s"),
    "unit.created": gettext_lazy("%(who)s created the unit %(what)s"),
    "unit.edited": gettext_lazy("%(who)s changed the unit %(what)s"),
    "team.created": gettext_lazy("%(who)s created the team %(what)s"),
    "team.edited": gettext_lazy("%(who)s changed the settings of the team %(what)s"),
    "team.archived": gettext_lazy("%(who)s put the team %(what)s away"),
    "team.restored": gettext_lazy("%(who)s brought the team %(what)s back"),
    "roles.set": gettext_lazy("%(who)s changed the roles of %(what)s to: %(roles)s"),
    "member.added": gettext_lazy("%(who)s added %(what)s"),
    "member.edited": gettext_lazy("%(who)s changed whether %(what)s is an administrator"),
    "member.deactivated": gettext_lazy("%(who)s deactivated %(what)s"),
    "member.reactivated": gettext_lazy("%(who)s activated %(what)s again"),
    "person.edited": gettext_lazy("%(who)s changed the profile of %(what)s"),
    "person.placed": gettext_lazy("%(who)s changed language, region or time zone of %(what)s"),
    "holiday.added": gettext_lazy("%(who)s added the holiday %(what)s"),
    "holiday.edited": gettext_lazy("%(who)s changed the holiday %(what)s"),
    "holiday.removed": gettext_lazy("%(who)s removed the holiday %(what)s"),
    "holidays.added": gettext_lazy("%(who)s brought in holidays of %(what)s"),
    "holidays.removed": gettext_lazy("%(who)s took holidays of %(what)s back"),
    "unit.ordered": gettext_lazy("%(who)s gave the unit %(what)s another place"),
    "unit.deleted": gettext_lazy("%(who)s deleted the unit %(what)s"),
    "unit.restored": gettext_lazy("%(who)s brought the unit %(what)s back"),
    "role.handed_over": gettext_lazy("%(who)s handed a role over to %(what)s: %(role)s"),
    "members.imported": gettext_lazy("%(who)s brought members in from a table"),
    "members.import_undone": gettext_lazy("%(who)s took a table of members back"),
    "retention.set": gettext_lazy("%(who)s changed how long things are kept"),
    "retention.run": gettext_lazy("%(who)s removed what was over by the rules of keeping: %(count)s"),
    "person.anonymised": gettext_lazy("%(who)s anonymised %(what)s for good"),
    "person.exported": gettext_lazy("%(who)s downloaded the data held about %(what)s"),
    "member.joined": gettext_lazy("%(what)s joined by invitation"),
    "invitation.created": gettext_lazy("%(who)s invited %(what)s"),
    "invitation.revoked": gettext_lazy("%(who)s revoked the invitation of %(what)s"),
    "invitation.reopened": gettext_lazy("%(who)s opened the invitation of %(what)s again"),
    "token.made": gettext_lazy("%(who)s made the API token %(what)s"),
    "token.revoked": gettext_lazy("%(who)s revoked the API token %(what)s"),
    "authenticator_app.added": gettext_lazy("An authenticator app was set up for %(what)s"),
    "authenticator_app.removed": gettext_lazy("The authenticator app of %(what)s was taken away"),
    "passkey.added": gettext_lazy("A passkey was added: %(what)s"),
    "passkey.removed": gettext_lazy("A passkey was taken away: %(what)s"),
    "recovery_codes.made": gettext_lazy("New recovery codes were made for %(what)s"),
    "provider.linked": gettext_lazy("A provider was linked for signing in: %(what)s"),
    "provider.unlinked": gettext_lazy("A provider was unlinked from signing in: %(what)s"),
    "sessions.ended": gettext_lazy("%(who)s signed %(what)s out"),
    "sign_in.cleared": gettext_lazy("%(who)s removed every way to sign in of %(what)s"),
    "second_factor.reset": gettext_lazy("%(who)s took the second factor of %(what)s away"),
    "password.set": gettext_lazy("A password was set for %(what)s"),
    "password_link.issued": gettext_lazy("%(who)s made a password link for %(what)s"),
    "export.asked": gettext_lazy("%(who)s asked for an export of %(what)s"),
    "export.deleted": gettext_lazy("%(who)s deleted an export of %(what)s"),
    "daily_backup.switched": gettext_lazy("%(who)s switched the daily backup of %(what)s on or off"),
    "demonstration.loaded": gettext_lazy("The demonstration %(what)s was loaded"),
}
