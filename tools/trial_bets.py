"""Give a team of the trial Key Results, bets and verdicts, by the browser's actions: no export holds any.

    HEADWAY_DATA=… python tools/trial_bets.py TEAM [--all]

The day is the one after the last on which anything is known of the team. Work that it finished is given promises that
it could have had and is judged by measurements; then its open work is bet on: the first 40 items, or all. Prints one
JSON document: what it did, and what the plan made of it, computed and timed in this process. Promises and measurements
are made up and always the same; they exercise the value sheet and say nothing about the team.
"""

import datetime as dt
import json
import random
import sys
import time
from typing import Any

import django

BETS = 40
JUDGED = 16
APART = dt.timedelta(days=35)
"""So far the launches lie apart that are judged: nearer ones would share what was moved."""
WEEKS = 104
"""Weekly measurements are made up for so long before today."""
UNITS = [("%", 20.0, 60.0), ("EUR", 1000.0, 4000.0), ("min", 30.0, 10.0), ("calls", 400.0, 150.0)]


def main(team_key: str, *, bets: int | None) -> int:
    """Judge what is done, bet on what is open, plan; print what came of it."""
    django.setup()

    from django.conf import settings

    from headway.people.models import Team
    from headway.value.queries.effort import last_sign

    team = Team.objects.select_related("organisation").get(key=team_key)
    if known := last_sign(team):
        settings.TEST_NOW = f"{known + dt.timedelta(days=1)}T09:00:00+00:00"
    made = MadeUp(team)
    made.judge_the_past()
    made.bet_on_open(bets)
    print(json.dumps({"now": settings.TEST_NOW} | made.told | planned(team)))
    return 0


class MadeUp:
    """Promises and measurements for a team, drawn from its key."""

    def __init__(self, team: Any) -> None:
        from headway.lib import clock
        from headway.people.actor import system_actor

        self.team, self.by, self.today = team, system_actor(team), clock.today()
        self.draws = random.Random(team.key)
        self.key_results = self._key_results()
        self.told: dict[str, Any] = {"judged": 0, "moved": 0, "did_not": 0, "cannot_tell": 0, "bets": 0, "refused": []}

    def _key_results(self) -> list[Any]:
        from headway.okr.actions import create_cycle, create_key_result, create_objective
        from headway.okr.models import KeyResult

        first, last = self.today - dt.timedelta(days=14), self.today + dt.timedelta(days=77)
        cycle = create_cycle(
            self.team.organisation, by=self.by, name=f"Trial of {self.team.key}", starts_on=first, ends_on=last
        )
        objective = create_objective(cycle, by=self.by, title="The trial has numbers to move", team=self.team)
        direction = KeyResult.Direction
        return [
            create_key_result(
                objective,
                by=self.by,
                title=f"Number {place} from {start:g} to {target:g} {unit}",
                unit=unit,
                baseline=start,
                target=target,
                direction=direction.INCREASE if target > start else direction.DECREASE,
                ebm_area="CV" if place % 2 else "T2M",
            )
            for place, (unit, start, target) in enumerate(UNITS)
        ]

    def judge_the_past(self) -> None:
        """Give done work promises, let it move the Key Results by about half of them, measure, and judge."""
        from headway.lib import clock
        from headway.okr.models import Measurement
        from headway.value.models import Bet, Serves

        landed: dict[int, list[tuple[dt.date, float]]] = {row.pk: [] for row in self.key_results}
        bets = []
        for place, item in enumerate(self._launches()):
            row = self.key_results[place % len(self.key_results)]
            low, likely, high, chance = self._promise(row)
            serves = Serves.objects.create(item=item, key_result=row, at=item.created_at)
            bets.append(
                Bet.objects.create(serves=serves, low=low, likely=likely, high=high, chance=chance, at=item.created_at)
            )
            moves = self.draws.random() < 0.6
            landed[row.pk].append((_day(item), likely * self.draws.uniform(0.2, 0.8) if moves else 0.0))
        for row in self.key_results:
            way, better = abs(row.target - row.baseline), 1 if row.target > row.baseline else -1
            Measurement.objects.bulk_create(
                Measurement(
                    key_result=row,
                    measured_on=on,
                    entered_at=clock.now(),
                    value=row.baseline
                    + better * sum(moved for day, moved in landed[row.pk] if day < on)
                    + self.draws.gauss(0, 0.01 * way),
                )
                for on in (self.today - dt.timedelta(weeks=week) for week in range(WEEKS, -1, -1))
            )
        for bet in bets:
            self._judge(bet)

    def _launches(self) -> list[Any]:
        """Return done items, the latest of its time each, that lie apart on each Key Result."""
        from headway.scrum.models import Category, Item

        apart = APART / len(UNITS)
        chosen: list[Any] = []
        first = self.today - dt.timedelta(weeks=WEEKS - 12)
        done = Item.objects.active().filter(team=self.team, category=Category.DONE, done_at__date__gte=first)
        latest = self.today - dt.timedelta(days=21) + apart
        for item in done.order_by("-done_at", "-pk").select_related("team"):
            if latest - _day(item) >= apart:
                chosen.append(item)
                latest = _day(item)
        return chosen[:JUDGED][::-1]

    def _promise(self, row: Any) -> tuple[float, float, float, float]:
        likely = abs(row.target - row.baseline) * self.draws.uniform(0.05, 0.2)
        return likely / 2, likely, likely * 1.8, self.draws.choice([0.2, 0.4, 0.6, 0.8])

    def _judge(self, bet: Any) -> None:
        from headway.value.actions import enter_verdict
        from headway.value.queries.found import found_of
        from headway.value.queries.impact import impact_of

        found = found_of(impact_of(bet, today=self.today), on=self.today)
        if found is None:
            self.told["refused"].append(f"{bet.serves.item.key}: too little is measured")
            return
        verdict = enter_verdict(bet, by=self.by, outcome=found.outcome, scale=found.scale)
        self.told["judged"] += 1
        self.told[verdict.outcome] += 1

    def bet_on_open(self, bets: int | None) -> None:
        from django.core.exceptions import ValidationError

        from headway.scrum.models import Item
        from headway.value.actions import place_bet

        for place, item in enumerate(Item.objects.open().filter(team=self.team).in_order()[:bets]):
            for row in self.draws.sample(self.key_results, 2 if place % 7 == 0 else 1):
                low, likely, high, chance = self._promise(row)
                try:
                    place_bet(
                        item,
                        by=self.by,
                        key_result=row,
                        low=low,
                        likely=likely,
                        high=high,
                        chance=chance,
                        lag_weeks=place % 5,
                        reason="A trial",
                    )
                except ValidationError as error:
                    self.told["refused"].append(f"{item.key}: {' '.join(error.messages)}")
                else:
                    self.told["bets"] += 1


def _day(item: Any) -> dt.date:
    day: dt.date = item.done_at.date()
    return day


def planned(team: Any) -> dict[str, Any]:
    """Plan once from nothing and once more, and return what it found, what is wrong with it, and the time it took."""
    from headway.people.actor import system_actor
    from headway.value.queries import value_sheet

    started = time.process_time()
    sheet = value_sheet(team, system_actor(team))
    drawn = time.process_time()
    best = sheet.plan.best if sheet.plan else None
    found = time.process_time()
    value_sheet(team, system_actor(team))
    again = time.process_time()
    areas = sheet.record.areas.values()
    return {
        "items": len(sheet.rows),
        "missing": sheet.pace.missing,
        "sizes": {area.name: round(area.record.size, 2) for area in areas},
        "hit_rate": round(sheet.record.team.hit_rate, 2),
        "ties": len(sheet.figures.ties) if sheet.figures else 0,
        "present": sheet.value_present,
        "best": sheet.value_best,
        "gap": best.gap if best else None,
        "seconds": [drawn - started, found - drawn, again - found],
        "faults": faults_of(sheet),
    }


def faults_of(sheet: Any) -> list[str]:
    """Return what no sheet may show: figures that are no numbers, an order that is none, a best one that is worse."""
    import math

    faults = []
    for row in sheet.rows:
        figures = (row.value, row.value_per_week, row.adds, row.cost_of_waiting, row.pays, *(row.lands or ()))
        if not all(figure is None or math.isfinite(figure) for figure in figures):
            faults.append(f"{row.key} has {figures}")
        if row.pays is not None and not 0 <= row.pays <= 1:
            faults.append(f"{row.key} pays with a chance of {row.pays}")
    if sheet.plan is None:
        return faults
    if sorted(sheet.plan.best.order) != sorted(sheet.plan.present):
        faults.append("the best order is of other items")
    if sheet.value_best is not None and sheet.value_best < sheet.value_present:
        faults.append(f"the best order is worth {sheet.value_best}, the present one {sheet.value_present}")
    adds = math.fsum(row.adds for row in sheet.rows if row.adds is not None)
    if sheet.value_present is not None and not math.isclose(adds, sheet.value_present, rel_tol=1e-4, abs_tol=1e-4):
        faults.append(f"what the items add is {adds}, the order's value {sheet.value_present}")
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], bets=None if "--all" in sys.argv else BETS))
