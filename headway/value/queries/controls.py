"""Control series of a verdict: other Key Results, measured in the same weeks, that the launch cannot have touched."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.engine.impact import AFTER_NEEDED, BEFORE_NEEDED
from headway.okr.models import KeyResult, Measurement
from headway.scrum.models import Category

from ..models import Bet, Serves
from .impact import WINDOW_DAYS, Week, comparable, measured_of, weeks_around

MOST_CONTROLS = 5
"""The mean of more series says no more, and each takes away the weeks in which it was not measured."""
MOST_CHOICES = 40
"""So many Key Results are offered, those measured most often first."""


@dataclass(frozen=True)
class ControlChoice:
    """A Key Result that may be a control. `refused` says why it cannot; `weeks_before` and `_after` are measured ones.

    `group` is whose it is; `is_near` says that it belongs to the same objective, so that the launch may have touched it
    all the same.
    """

    id: int
    name: str
    title: str
    unit: str
    group: str
    is_near: bool
    weeks_before: int
    weeks_after: int
    refused: str


def control_choices(bet: Bet, *, today: dt.date) -> tuple[ControlChoice, ...]:
    """Return the Key Results of the organisation to compare a delivered bet's with: those that can be, then the others.

    Three queries; none before it is delivered. What was hardly measured around the launch is left out.
    """
    item, key_result = bet.serves.item, bet.serves.key_result
    assert key_result is not None  # a bet is on a Key Result
    if item.category != Category.DONE or item.done_at is None:
        return ()
    launched_on = timezone.localdate(item.done_at)
    counts = Measurement.objects.current().filter(
        key_result__objective__organisation=item.team.organisation_id, measured_on__lte=today
    )
    often = (
        counts.exclude(key_result=key_result.pk)
        .values("key_result")
        .annotate(
            before=Count("measured_on", filter=Q(measured_on__lte=launched_on), distinct=True),
            after=Count("measured_on", filter=Q(measured_on__gt=launched_on), distinct=True),
        )
        .filter(before__gt=0, after__gt=0)
        .order_by("-before", "-after", "key_result")
        .values_list("key_result", flat=True)
    )
    found = list(
        KeyResult.objects.filter(pk__in=list(often[:MOST_CHOICES])).select_related("objective__team__organisation")
    )
    known = measured_of([key_result, *found], today)
    own, _at = weeks_around(known[key_result.pk], launched_on=launched_on, today=today)
    touched = _touched(bet, [one.pk for one in found], launched_on)
    choices = [
        _choice(one, key_result, own, known[one.pk], launched_on, today, touched.get(one.pk, "")) for one in found
    ]
    return tuple(sorted(choices, key=lambda one: (bool(one.refused), -one.weeks_before, one.name.casefold(), one.id)))


def why_no_control(bet: Bet, controls: Sequence[KeyResult], *, today: dt.date) -> str:
    """Say why these Key Results cannot be the controls of a delivered bet; nothing where they can. Two queries."""
    item, key_result = bet.serves.item, bet.serves.key_result
    assert key_result is not None
    if item.done_at is None:
        return _("It is not done yet: nothing can have moved.")
    if len(controls) > MOST_CONTROLS:
        return ngettext("Choose at most %(most)s control.", "Choose at most %(most)s controls.", MOST_CONTROLS) % {
            "most": MOST_CONTROLS
        }
    if any(one.pk == key_result.pk for one in controls):
        return _("A Key Result cannot be compared with itself.")
    launched_on = timezone.localdate(item.done_at)
    known = measured_of([key_result, *controls], today)
    own, _at = weeks_around(known[key_result.pk], launched_on=launched_on, today=today)
    touched = _touched(bet, [one.pk for one in controls], launched_on)
    for one in controls:
        choice = _choice(one, key_result, own, known[one.pk], launched_on, today, touched.get(one.pk, ""))
        if choice.refused:
            return _("“%(name)s” cannot be a control: %(why)s") % {"name": one.short_name, "why": choice.refused}
    return ""


def _choice(
    control: KeyResult,
    key_result: KeyResult,
    own: Sequence[Week],
    measured: Iterable[tuple[dt.date, float]],
    launched_on: dt.date,
    today: dt.date,
    touched: str,
) -> ControlChoice:
    first = own[0].from_on if own else launched_on
    weeks, at = weeks_around(measured, launched_on=launched_on, today=today, first=first)
    common = [week.value is not None and mine.value is not None for week, mine in zip(weeks, own, strict=False)]
    before, after = sum(common[:at]), sum(common[at:])
    refused = touched
    if not refused and not comparable(key_result, control, own, weeks):
        refused = _("it is counted otherwise; shares compare with shares, amounts over 0 with amounts over 0.")
    if not refused and (before < BEFORE_NEEDED or after < AFTER_NEEDED):
        refused = _(
            "both were measured in %(before)s weeks before the launch and in %(after)s after it; "
            "it takes %(least_before)s and %(least_after)s."
        ) % {"before": before, "after": after, "least_before": BEFORE_NEEDED, "least_after": AFTER_NEEDED}
    owner = control.objective.team
    return ControlChoice(
        id=control.pk,
        name=control.short_name,
        title=control.title,
        unit=control.unit,
        group=owner.name if owner else control.objective.title,
        is_near=control.objective_id == key_result.objective_id,
        weeks_before=before,
        weeks_after=after,
        refused=refused,
    )


def _touched(bet: Bet, key_result_ids: Sequence[int], launched_on: dt.date) -> dict[int, str]:
    """Say of Key Results what touched them: the item itself, or another launch in the same weeks. One query."""
    lands_on = launched_on + dt.timedelta(weeks=bet.lag_weeks)
    window = dt.timedelta(days=WINDOW_DAYS)
    rows = Serves.objects.filter(
        Q(item=bet.serves.item_id) | Q(bet__isnull=False, item__category=Category.DONE, item__done_at__isnull=False),
        key_result__in=key_result_ids,
        item__removed_at=None,
    ).values_list("key_result_id", "item_id", "item__team__key", "item__number", "item__done_at", F("bet__lag_weeks"))
    found: dict[int, str] = {}
    for key_result_id, item_id, team_key, number, done_at, lag in rows.order_by("item__done_at", "pk"):
        if item_id == bet.serves.item_id:
            found[key_result_id] = _("this item serves it too.")
        elif abs(timezone.localdate(done_at) + dt.timedelta(weeks=lag or 0) - lands_on) <= window:
            text = _("%(item)s landed on it in the same four weeks.") % {"item": f"{team_key}-{number}"}
            found.setdefault(key_result_id, text)
    return found
