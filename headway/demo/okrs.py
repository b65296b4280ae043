"""Cycles, objectives, Key Results and their weeks, as the demonstration tells them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from headway.okr.models import Alignment, CheckIn, Cycle, KeyResult, Measurement, Objective
from headway.people.models import Team

from .calendar import Calendar, at, working_days_before
from .people import Cast

WEEK = 5  # working days


def write_okrs(data: dict[str, Any], cast: Cast, calendar: Calendar) -> dict[str, KeyResult]:
    """Write every cycle with its OKRs, measurements and check-ins; return the Key Results by their short names."""
    cycles = {row["id"]: _cycle(row, cast, calendar) for row in data["cycles"]}
    previous, current = cycles["previous"], cycles["current"]
    key_results: dict[str, KeyResult] = {}
    for position, row in enumerate(data["objectives"]):
        key_results |= _objective(row, current, cast, calendar, position=position)
    for story in data["teams"]:
        team = cast.teams[story["id"]]
        key_results |= _objective(story["previous"], previous, cast, calendar, team=team)
        key_results |= _objective(story["objective"], current, cast, calendar, team=team)
    for row in _key_result_rows(data):
        if "parent" in row:
            Alignment.objects.create(key_result=key_results[row["id"]], upper=key_results[row["parent"]])
    _measure_and_check_in(data, cast, calendar, key_results)
    return key_results


def _cycle(row: dict[str, Any], cast: Cast, calendar: Calendar) -> Cycle:
    starts_on, ends_on = calendar.day(row["starts"]), calendar.day(row["ends"])
    middle = starts_on + (ends_on - starts_on) / 2
    return Cycle.objects.create(
        organisation=cast.organisation,
        name=f"Q{(middle.month + 2) // 3} {middle.year}",
        starts_on=starts_on,
        ends_on=ends_on,
    )


def _objective(
    row: dict[str, Any], cycle: Cycle, cast: Cast, calendar: Calendar, *, team: Team | None = None, position: int = 0
) -> dict[str, KeyResult]:
    objective = Objective.objects.create(
        cycle=cycle,
        organisation=cast.organisation,
        team=team,
        title=row["title"],
        why=row.get("why", ""),
        position=position,
    )
    return {
        of["id"]: KeyResult.objects.create(
            objective=objective,
            title=of["title"],
            short_name=of["short"],
            unit=of["unit"],
            direction=of["direction"],
            baseline=of.get("from"),
            target=of.get("to"),
            upper=of.get("upper"),
            type=of.get("type", KeyResult.Type.ASPIRATIONAL),
            klass=of.get("class", KeyResult.Class.LEADING),
            ebm_area=of.get("ebm", ""),
            owner=cast.people[of["owner"]],
            measured_from=of["source"],
            worth=of.get("worth"),
            position=place,
        )
        for place, of in enumerate(row["key_results"])
    }


def _key_result_rows(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for objective in data["objectives"]:
        yield from objective["key_results"]
    for story in data["teams"]:
        yield from story["previous"]["key_results"]
        yield from story["objective"]["key_results"]


def _measure_and_check_in(
    data: dict[str, Any], cast: Cast, calendar: Calendar, key_results: dict[str, KeyResult]
) -> None:
    told = {(row["kr"], calendar.day(row["on"])): row for story in data["teams"] for row in story["check_ins"]}
    measurements, check_ins = [], []
    for row in _key_result_rows(data):
        key_result, owner = key_results[row["id"]], cast.people[row["owner"]]
        days, before = _days(row, calendar), row.get("before", [])
        confidence = dict(zip(days[len(before) :], row.get("confidence", ()), strict=False))
        for on, value in zip(days, before + row["series"], strict=True):
            measurement = Measurement(
                key_result=key_result, measured_on=on, value=value, source=row["source"], by=owner, entered_at=at(on, 9)
            )
            measurements.append(measurement)
            note = told.get((row["id"], on), {})
            if on in confidence:
                check_ins.append(
                    CheckIn(
                        key_result=key_result,
                        measurement=measurement,
                        on=on,
                        confidence=confidence[on],
                        text=note.get("text", ""),
                        next_step=note.get("next", ""),
                        by=cast.people[note["by"]] if note else owner,
                    )
                )
    Measurement.objects.bulk_create(measurements)
    CheckIn.objects.bulk_create(check_ins)


def _days(row: dict[str, Any], calendar: Calendar) -> list[dt.date]:
    """Return the days on which a Key Result was measured: its last day and back in equal steps, oldest first.

    What was measured `before` its cycle says how it moves by itself, so that launches can be judged.
    """
    last, step = calendar.day(row["last"]), row.get("weeks_between", 1) * WEEK
    count = len(row.get("before", [])) + len(row["series"])
    return [working_days_before(last, step * back) for back in range(count - 1, -1, -1)]
