"""Holidays of an organisation or a team: added, changed, taken away, brought in from a file.

Each team keeps a copy of those that hold for it (Team.days_off), written here and nowhere else.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change

from ..access import require
from ..actor import Actor
from ..models import Holiday, Organisation, Team
from ..queries import days_kept, days_off_of
from .rows import edit_row, lock, undo_edit

LONGEST_HOLIDAY_DAYS = 92
MOST_HOLIDAYS = 1_000
FIRST_YEAR, LAST_YEAR = 1900, 2199

#: A holiday before it is kept: name, first day, last day.
Given = tuple[str, dt.date, dt.date]


@transaction.atomic
def add_holiday(
    of: Organisation | Team, *, by: Actor, name: str, first_on: dt.date, last_on: dt.date, is_yearly: bool = False
) -> Holiday:
    """Add days on which nobody works: of everybody, or of one team."""
    _require(by, of)
    lock(by.organisation_id or 0)
    (holiday,) = _keep(of, [(name, first_on, last_on)], is_yearly=is_yearly)
    record("holiday.added", by=by, subject=holiday, team_id=holiday.team_id)
    return holiday


@transaction.atomic
def add_holidays(of: Organisation | Team, given: Iterable[Given], *, by: Actor) -> tuple[int, int]:
    """Add many at once, leaving out those on whose days nobody works anyway by a holiday that is there already.

    Returns how many were added, how many left out.
    """
    _require(by, of)
    lock(by.organisation_id or 0)
    kept = days_kept(of)
    wanted = list(dict.fromkeys(given))
    for _name, first_on, last_on in wanted:
        _check(first_on, last_on)
    new = [one for one in wanted if kept.count(one[1], one[2])]
    if new:
        added = _keep(of, new, is_yearly=False)
        team = of if isinstance(of, Team) else None
        record(
            "holidays.added",
            by=by,
            subject=of,
            team_id=team.pk if team else None,
            after={"ids": [holiday.pk for holiday in added]},
        )
    return len(new), len(wanted) - len(new)


@transaction.atomic
def edit_holiday(holiday: Holiday, *, by: Actor, **fields: Any) -> Holiday:
    _require(by, holiday.team or holiday.organisation)
    lock(holiday.organisation_id)
    _check(fields.get("first_on", holiday.first_on), fields.get("last_on", holiday.last_on))
    edit_row(holiday, "holiday.edited", fields, by=by, team_id=holiday.team_id)
    _tell_teams(holiday.organisation_id)
    return holiday


@transaction.atomic
def remove_holiday(holiday: Holiday, *, by: Actor) -> Change:
    _require(by, holiday.team or holiday.organisation)
    lock(holiday.organisation_id)
    before = {
        "team": holiday.team_id,
        "name": holiday.name,
        "first_on": holiday.first_on.isoformat(),
        "last_on": holiday.last_on.isoformat(),
        "is_yearly": holiday.is_yearly,
    }
    change = record("holiday.removed", by=by, subject=holiday, team_id=holiday.team_id, before=before)
    organisation_id = holiday.organisation_id
    holiday.delete()
    _tell_teams(organisation_id)
    return change


def _keep(of: Organisation | Team, given: Iterable[Given], *, is_yearly: bool) -> list[Holiday]:
    team = of if isinstance(of, Team) else None
    organisation_id = team.organisation_id if team else of.pk
    kept = []
    for name, first_on, last_on in given:
        _check(first_on, last_on)
        holiday = Holiday(
            organisation_id=organisation_id,
            team=team,
            name=name.strip(),
            first_on=first_on,
            last_on=last_on,
            is_yearly=is_yearly,
        )
        holiday.full_clean()
        holiday.save()
        kept.append(holiday)
    if Holiday.objects.filter(organisation_id=organisation_id).count() > MOST_HOLIDAYS:
        raise ValidationError(_("That would be more than %(most)s holidays.") % {"most": MOST_HOLIDAYS})
    _tell_teams(organisation_id)
    return kept


def _check(first_on: dt.date, last_on: dt.date) -> None:
    if not all(FIRST_YEAR <= day.year <= LAST_YEAR for day in (first_on, last_on)):
        years = {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise ValidationError({"first_on": _("A holiday lies between %(first)s and %(last)s.") % years})
    if last_on < first_on:
        raise ValidationError({"last_on": _("The last day lies before the first.")})
    if (last_on - first_on).days >= LONGEST_HOLIDAY_DAYS:
        raise ValidationError(
            {"last_on": _("A holiday lasts at most %(count)s days.") % {"count": LONGEST_HOLIDAY_DAYS}}
        )


def _tell_teams(organisation_id: int) -> None:
    teams = list(Team.objects.filter(organisation_id=organisation_id).only("pk", "days_off"))
    for team in teams:
        team.days_off = days_off_of(organisation_id, team.pk)
    Team.objects.bulk_update(teams, ["days_off"])


def _own(of: Organisation | Team) -> Any:
    if isinstance(of, Team):
        return Holiday.objects.filter(team=of)
    return Holiday.objects.filter(organisation=of, team=None)


def _require(by: Actor, of: Organisation | Team) -> None:
    require(by, "manage_team" if isinstance(of, Team) else "manage_organisation", of)


@inverse("holiday.added")
def _take_away(change: Change, by: Actor) -> Change:
    holiday = Holiday.objects.filter(pk=change.subject_id).first()
    if holiday is None:
        raise CannotUndo(_("It is gone."))
    return remove_holiday(holiday, by=by)


@inverse("holidays.added")
def _take_all_away(change: Change, by: Actor) -> Change:
    of: Organisation | Team = (
        Team.objects.get(pk=change.team_id) if change.team_id else Organisation.objects.get(pk=change.subject_id)
    )
    _require(by, of)
    lock(by.organisation_id or 0)
    _own(of).filter(pk__in=change.after["ids"]).delete()
    _tell_teams(by.organisation_id or 0)
    return record("holidays.removed", by=by, subject=of, team_id=change.team_id, undoes=change)


@inverse("holiday.removed")
def _bring_back(change: Change, by: Actor) -> Change:
    kept = change.before
    of: Organisation | Team = (
        Team.objects.get(pk=kept["team"]) if kept["team"] else Organisation.objects.get(pk=change.organisation_id or 0)
    )
    day = dt.date.fromisoformat
    holiday = add_holiday(
        of,
        by=by,
        name=kept["name"],
        first_on=day(kept["first_on"]),
        last_on=day(kept["last_on"]),
        is_yearly=kept["is_yearly"],
    )
    return Change.objects.filter(name="holiday.added", subject_id=holiday.pk).latest("pk")


_put_back = undo_edit(Holiday, "read")


@inverse("holiday.edited")
def _unedit(change: Change, by: Actor) -> Change:
    holiday = Holiday.objects.filter(pk=change.subject_id).first()
    if holiday is None:
        raise CannotUndo(_("It is gone."))
    _require(by, holiday.team or holiday.organisation)
    done: Change = _put_back(change, by)
    _tell_teams(holiday.organisation_id)
    return done
