"""Key Results: write, order, archive; a target that was agreed changes by a dated decision only."""

import datetime as dt
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.agreements import actions as agreements
from headway.agreements.models import Decision
from headway.lib import clock
from headway.live.edits import differences, edit, is_referred_to, put_back, subject_of
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people import access
from headway.people.actor import Actor
from headway.people.models import Membership, Organisation, Team

from ..models import KeyResult, KeyResultQuerySet, Objective
from ..values import is_finite, write_value
from .ordering import next_position, reorder

#: What was agreed: once measured, it changes only with a reason.
AGREED = ("baseline", "target", "lower", "upper", "direction", "unit")


@transaction.atomic
def create_key_result(objective: Objective, *, by: Actor, title: str, **fields: Any) -> KeyResult:
    """Write a Key Result after those that are there; an empty short name is proposed from the title.

    `fields`: short_name, unit, direction, baseline, target, lower, upper, type, klass, ebm_area, owner,
    measured_from, worth, source.
    """
    access.require(by, "write_okr", objective)
    if objective.archived_at is not None:
        raise ValidationError({"objective": _("This objective is archived. Restore it first.")})
    key_result = KeyResult(objective=objective, title=title, **fields)
    tidy(key_result)
    require_sound(key_result)
    key_result.position = next_position(KeyResult.objects.filter(objective=objective))
    key_result.save()
    record("key_result.created", by=by, subject=key_result, team_id=objective.team_id)
    return key_result


@transaction.atomic
def edit_key_result(
    key_result: KeyResult, *, by: Actor, reason: str = "", review_on: dt.date | None = None, **fields: Any
) -> KeyResult:
    """Change a Key Result.

    Where it was measured and what was agreed changes, `reason` is needed and kept as a Decision: never silently.
    """
    access.require(by, "write_okr", key_result)
    key_result = _locked(key_result.pk)
    wanted = _locked(key_result.pk)
    for name, value in fields.items():
        setattr(wanted, name, value)
    tidy(wanted)
    require_sound(wanted)
    values = {name: getattr(wanted, name) for name in {*fields, "short_name"}}
    before, after = differences(key_result, values)
    changed = [name for name in AGREED if name in after and before[name] not in (None, "")]
    note = {}
    if changed and key_result.measurements.current().exists():
        note["decision"] = _decide(key_result, wanted, changed, by=by, reason=reason, review_on=review_on).pk
    edit(key_result, values, name="key_result.edited", by=by, team_id=key_result.team_id, note=note)
    return key_result


@transaction.atomic
def move_key_result(key_result: KeyResult, *, by: Actor, to: int) -> KeyResult:
    """Put it at place `to` (0 = first) among the Key Results of its objective."""
    access.require(by, "write_okr", key_result)
    moved = reorder(key_result, list(_beside(key_result).select_for_update()), to)
    if moved:
        before, after = moved
        record(
            "key_result.moved",
            by=by,
            subject=key_result,
            team_id=key_result.team_id,
            before={"to": before},
            after={"to": after},
        )
    key_result.refresh_from_db()
    return key_result


@transaction.atomic
def archive_key_result(key_result: KeyResult, *, by: Actor) -> KeyResult:
    """Take a Key Result off the pages; measurements, bets and decisions stay."""
    return _set_archived(key_result, clock.now(), "key_result.archived", by)


@transaction.atomic
def restore_key_result(key_result: KeyResult, *, by: Actor) -> KeyResult:
    return _set_archived(key_result, None, "key_result.restored", by)


def propose_short_name(title: str) -> str:
    """Return two telling words of a title, for tags.

    >>> propose_short_name("Share of the repeat orders placed without a phone call")
    'Repeat orders'
    """
    words = re.findall(r"[^\W_](?:[\w'’.-]*\w)?", title)
    telling = [word for word in words if word.casefold() not in _SMALL_WORDS and not word[0].isdigit()]
    name = " ".join((telling or words)[:2])
    return (name[:1].upper() + name[1:])[:40].strip()


def tidy(key_result: KeyResult) -> None:
    """Strip the texts, and propose what may be left empty."""
    for name in ("title", "short_name", "unit", "measured_from"):
        setattr(key_result, name, (getattr(key_result, name) or "").strip())
    key_result.source = key_result.source[:300]
    if not key_result.short_name:
        key_result.short_name = propose_short_name(key_result.title)


def require_sound(key_result: KeyResult) -> None:
    """Raise ValidationError, by field, with what to do about it."""
    errors = _faults_of_numbers(key_result) | _faults_of_words(key_result)
    if errors:
        raise ValidationError(errors)
    key_result.full_clean(exclude=["objective", "owner"], validate_unique=False, validate_constraints=False)


def _faults_of_words(key_result: KeyResult) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    if not key_result.title:
        errors["title"] = _("Say who does what differently, in one line.")
    elif len(key_result.title) > 500:
        errors["title"] = _("One line of up to 500 characters.")
    if len(key_result.short_name) > 40:
        errors["short_name"] = _("Two words, up to 40 characters: it stands on tags.")
    if len(key_result.unit) > 20:
        errors["unit"] = _("Up to 20 characters, for example %, h or orders.")
    if key_result.owner_id and not _is_member(key_result.owner_id, key_result.organisation_id):
        errors["owner"] = _("Choose somebody of this organisation.")
    return errors


def _faults_of_numbers(key_result: KeyResult) -> dict[str, Any]:
    kr = key_result
    errors: dict[str, Any] = {}
    for name in ("baseline", "target", "lower", "upper", "worth"):
        if not is_finite(getattr(kr, name)):
            errors[name] = _("Write a number.")
    if kr.worth is not None and kr.worth < 0:
        errors["worth"] = _("The worth of closing the gap is an amount of money, 0 or more.")
    if errors:
        return errors
    if kr.is_guardrail and kr.direction != KeyResult.Direction.STAY_WITHIN:
        errors["direction"] = _("A guardrail stays within limits: choose “stay within”.")
    elif kr.direction == KeyResult.Direction.STAY_WITHIN:
        return _faults_of_limits(kr)
    for name in ("lower", "upper"):
        if getattr(kr, name) is not None:
            errors[name] = _("Only “stay within” has limits. Empty this, or choose that direction.")
    if kr.baseline is not None and kr.target is not None:
        errors |= _faults_of_gap(kr, kr.baseline, kr.target)
    return errors


def _faults_of_limits(kr: KeyResult) -> dict[str, Any]:
    if kr.target is not None:
        return {"target": _("“Stay within” has limits in place of a target: write “at least” or “at most”.")}
    if kr.lower is None and kr.upper is None:
        return {"upper": _("Write at least one limit: “at least”, “at most”, or both.")}
    if kr.lower is not None and kr.upper is not None and kr.lower >= kr.upper:
        return {"upper": _("“At most” lies under “at least”: turn them round.")}
    return {}


def _faults_of_gap(kr: KeyResult, baseline: float, target: float) -> dict[str, Any]:
    if baseline == target:
        return {"target": _("From and to are the same: nothing would have to move. Write where it shall get to.")}
    if kr.direction == KeyResult.Direction.INCREASE and target < baseline:
        return {
            "direction": _("It goes down from %(from)s to %(to)s: choose “decrease”, or turn the two round.")
            % {"from": write_value(baseline), "to": write_value(target)}
        }
    if kr.direction == KeyResult.Direction.DECREASE and target > baseline:
        return {
            "direction": _("It goes up from %(from)s to %(to)s: choose “increase”, or turn the two round.")
            % {"from": write_value(baseline), "to": write_value(target)}
        }
    return {}


def _decide(
    old: KeyResult, new: KeyResult, changed: list[str], *, by: Actor, reason: str, review_on: dt.date | None
) -> Decision:
    if not reason.strip():
        raise ValidationError(
            {"reason": _("It was measured against this already. Say why it changes: the reason is kept as a decision.")}
        )
    parts = [
        _("%(what)s from %(old)s to %(new)s")
        % {
            "what": KeyResult._meta.get_field(name).verbose_name,  # type: ignore[union-attr]
            "old": _shown(old, name),
            "new": _shown(new, name),
        }
        for name in changed
    ]
    title = _("%(kr)s: %(changes)s") % {"kr": old.short_name, "changes": ", ".join(parts)}
    of: Organisation | Team = old.objective.team or old.objective.organisation
    return agreements.write_decision(of, by=by, title=title[:300], because=reason, subject=old, review_on=review_on)


def _shown(key_result: KeyResult, name: str) -> str:
    value = getattr(key_result, name)
    if name == "direction":
        return str(key_result.get_direction_display())
    if value is None or value == "":
        return _("nothing")
    return write_value(value, key_result.unit) if isinstance(value, float | int) else str(value)


def _set_archived(key_result: KeyResult, at: dt.datetime | None, name: str, by: Actor) -> KeyResult:
    access.require(by, "write_okr", key_result)
    key_result = _locked(key_result.pk)
    if (key_result.archived_at is None) != (at is None):
        edit(key_result, {"archived_at": at}, name=name, by=by, team_id=key_result.team_id)
    return key_result


def _beside(key_result: KeyResult) -> KeyResultQuerySet:
    return KeyResult.objects.filter(objective_id=key_result.objective_id, archived_at=None)


def _locked(pk: int) -> KeyResult:
    return KeyResult.objects.select_for_update(of=("self",)).select_related("objective__team").get(pk=pk)


def _is_member(person_id: int, organisation_id: int) -> bool:
    return Membership.objects.filter(organisation_id=organisation_id, person_id=person_id, deactivated_at=None).exists()


_SMALL = (
    "a an the of for to in on at by with without from and or our we is are be all per each every their its this that "
    "these those who which share number rate increase decrease reduce improve raise lower get achieve reach have do "
    "der die das des dem den ein eine einer von für zu im am mit ohne und oder unser unsere "
    "el la los las un una de del para en con sin y o nuestro nuestra"
)
_SMALL_WORDS = frozenset(_SMALL.split())


@inverse("key_result.created")
def _uncreate(change: Change, by: Actor) -> Change:
    key_result = subject_of(change, KeyResult)
    access.require(by, "write_okr", key_result)
    if is_referred_to(key_result):
        raise CannotUndo(_("It was measured, or work was linked to it since. Archive it instead."))
    if Change.objects.filter(name="key_result.edited", subject_id=key_result.pk).exists():
        raise CannotUndo(_("Somebody edited it since. Archive it instead."))
    done = record("key_result.removed", by=by, subject=key_result, team_id=key_result.team_id)
    key_result.delete()
    return done


@inverse("key_result.edited")
def _unedit(change: Change, by: Actor) -> Change:
    """Put the fields back; the Decision that a changed target wrote goes with it, unless it was looked back at."""
    key_result = subject_of(change, KeyResult)
    access.require(by, "write_okr", key_result)
    decision = Decision.objects.filter(pk=change.after.get("note", {}).get("decision")).first()
    if decision and (decision.held is not None or decision.outcome):
        raise CannotUndo(_("The outcome of this decision was recorded since."))
    agreed = [name for name in AGREED if change.before.get(name) not in (None, "")]
    measured = key_result.measurements.current()
    if agreed and (measured.filter(entered_at__gt=change.at) if decision else measured).exists():
        raise CannotUndo(_("It was measured since. Change it again on its page, with the reason."))
    done = put_back(key_result, change, by=by, team_id=key_result.team_id)
    if decision:
        decision.delete()
    return done


@inverse("key_result.archived")
@inverse("key_result.restored")
def _put_back(change: Change, by: Actor) -> Change:
    key_result = subject_of(change, KeyResult)
    access.require(by, "write_okr", key_result)
    return put_back(key_result, change, by=by, team_id=key_result.team_id)


@inverse("key_result.moved")
def _move_back(change: Change, by: Actor) -> Change | None:
    key_result = subject_of(change, KeyResult)
    access.require(by, "write_okr", key_result)
    moved = reorder(
        key_result,
        list(_beside(key_result).select_for_update()),
        change.before["to"],
        expected=change.after["to"],
    )
    if moved is None:
        return None
    return record(
        change.name,
        by=by,
        subject=key_result,
        team_id=key_result.team_id,
        before=change.after,
        after=change.before,
        undoes=change,
    )
