"""Sprints, items and what they promise, as the demonstration tells them."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from headway.agreements.models import Decision, Impediment
from headway.lib import ranks
from headway.okr.models import KeyResult
from headway.people.models import Person, Team
from headway.scrum.models import Category, Column, Item, Sprint, SprintStay, Transition
from headway.value.models import Bet, Estimate, MustHave, NotNow, Prerequisite, Serves, SprintAim, Verdict
from headway.value.queries.found import find

from .calendar import Calendar, at, working_days_before
from .people import Cast

#: Working days from start to done of items that the data gives no days: most are short, a few are not.
DAYS_OF_WORK = (2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 8, 9, 10, 12)
SIZES = (1, 2, 2, 3, 3, 3, 4, 5, 5, 8)


@dataclass
class Rows:
    """The rows of one team's work, gathered first and written in bulk."""

    items: list[Item] = field(default_factory=list)
    assignees: list[tuple[Item, Person]] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    stays: list[SprintStay] = field(default_factory=list)
    serves: list[Serves] = field(default_factory=list)
    bets: list[Bet] = field(default_factory=list)
    said: list[tuple[Serves, dict[str, Any]]] = field(default_factory=list)
    judged: list[tuple[Bet, dict[str, Any]]] = field(default_factory=list)
    shelf: list[NotNow] = field(default_factory=list)


class TeamWork:
    """Writes the work of one team: first its past, then its Sprints, then what is still to come."""

    def __init__(
        self, story: dict[str, Any], cast: Cast, calendar: Calendar, key_results: dict[str, KeyResult]
    ) -> None:
        self.story = story
        self.cast = cast
        self.calendar = calendar
        self.key_results = key_results
        self.team: Team = cast.teams[story["id"]]
        self.columns: dict[str, Column] = cast.columns[story["id"]]
        self.chance = random.Random(f"wrenfield {story['id']}")
        self.product_owner = cast.people[story["roles"]["product_owner"]]
        self.scrum_master = cast.people[story["roles"]["scrum_master"]]
        self.rows = Rows()
        self.by_number: dict[int, Item] = {}

    def write(self) -> None:
        self.sprints = {row["n"]: self._sprint(row) for row in self.story["sprints"]}
        self._past()
        for row in self.story["items"]:
            self._item(row)
        self._save()
        self._agreements()

    # Sprints

    def _sprint(self, row: dict[str, Any]) -> Sprint:
        starts_on, ends_on = self.calendar.day(row["starts"]), self.calendar.day(row["ends"])
        sprint = Sprint.objects.create(
            team=self.team,
            number=row["n"],
            name=f"Sprint {row['n']}",
            goal=row["goal"],
            starts_on=starts_on,
            ends_on=ends_on,
            started_at=at(starts_on, 11) if dt.date.fromisoformat(row["starts"]) <= self.calendar.written else None,
            closed_at=at(ends_on, 16) if dt.date.fromisoformat(row["ends"]) < self.calendar.written else None,
        )
        if row["aim"]:
            SprintAim.objects.create(sprint=sprint, key_result=self.key_results[row["aim"]])
        return sprint

    # Items

    def _past(self) -> None:
        """Write the items of the months before the cycle, a few a week, as the data counts them."""
        history = self.story["history"]
        before = self.calendar.day(self.story["sprints"][0]["starts"])
        number, titles = history["first"], iter(history["titles"])
        weeks = len(history["weekly"])
        for week, count in enumerate(history["weekly"]):
            days = sorted(self.chance.choices(range(5), k=count))
            for weekday in days:
                title, serves = next(titles)
                done_on = working_days_before(before, 5 * (weeks - week) - weekday)
                self._item(
                    {
                        "n": number,
                        "title": title,
                        "serves": serves,
                        "why": "" if serves in self.key_results else "Before we wrote reasons down",
                        "size": self.chance.choice(SIZES),
                        "state": "done",
                        "who": [self.chance.choice(history["who"])],
                    },
                    done_on=done_on,
                    started_on=working_days_before(done_on, self.chance.choice(DAYS_OF_WORK) - 1),
                )
                number += 1

    def _item(self, row: dict[str, Any], *, started_on: dt.date | None = None, done_on: dt.date | None = None) -> None:
        started_on = self.calendar.day(row["started"]) if "started" in row else started_on
        done_on = self.calendar.day(row["done"]) if "done" in row else done_on
        category = Category(row.get("state", "todo"))
        created_at = self._created_at(row, started_on)
        started_at = at(started_on, 9, self.chance.randrange(20, 60)) if started_on else None
        done_at = at(done_on, self.chance.randrange(13, 16), self.chance.randrange(60)) if done_on else None
        blocked = row.get("blocked")
        item = Item(
            team=self.team,
            number=row["n"],
            title=row["title"],
            kind=row.get("kind", Item.Kind.STORY),
            column=self.columns[category],
            category=category,
            size=row.get("size"),
            sprint=self.sprints.get(row.get("sprint", 0)),
            due_on=self.calendar.day(row["due"]) if "due" in row else None,
            blocked_since=self.calendar.day(blocked["since"]) if blocked else None,
            blocked_because=blocked["because"] if blocked else "",
            created_at=created_at,
            started_at=started_at,
            done_at=done_at,
            updated_at=done_at or started_at or created_at,
        )
        self.rows.items.append(item)
        self.by_number[item.number] = item
        people = [self.cast.people[who] for who in row.get("who", ())]
        self.rows.assignees += [(item, person) for person in people]
        self._transitions(item, by=people[0] if people else self.product_owner)
        self._stays(item, row)
        self._serves(item, row)
        if "shelved" in row:
            self._shelve(item, row["shelved"])

    def _created_at(self, row: dict[str, Any], started_on: dt.date | None) -> dt.datetime:
        if "age" in row:
            return at(self.calendar.today - dt.timedelta(days=row["age"]), 10)
        if "shelved" in row:
            return at(working_days_before(self.calendar.day(row["shelved"]["on"]), 20), 10)
        sprint = self.sprints.get(row.get("sprint", 0))
        start = started_on or (sprint.starts_on if sprint else None) or self.calendar.today
        return at(working_days_before(start, self.chance.randrange(6, 40)), 10)

    def _transitions(self, item: Item, *, by: Person) -> None:
        entered = [
            (Category.TODO, item.created_at, self.product_owner),
            (Category.DOING, item.started_at, by),
            (Category.DONE, item.done_at, by),
        ]
        self.rows.transitions += [
            Transition(item=item, status=self.columns[category].name, category=category, at=moment, by=who)
            for category, moment, who in entered
            if moment is not None
        ]

    def _stays(self, item: Item, row: dict[str, Any]) -> None:
        """Write in which Sprints an item was: planned on the first day, added later, or carried over."""
        if item.sprint is None:
            return
        stays = [(sprint, sprint.started_at, sprint.closed_at) for sprint in self._carried_through(row)]
        entered_at = stays[-1][2] if stays else item.sprint.started_at
        if "added" in row:
            entered_at = self.calendar.moment(row["added"], 10)
        stays.append((item.sprint, entered_at, None))
        self.rows.stays += [
            SprintStay(item=item, sprint=sprint, added_at=added_at or item.created_at, removed_at=removed_at)
            for sprint, added_at, removed_at in stays
        ]

    def _carried_through(self, row: dict[str, Any]) -> list[Sprint]:
        return [self.sprints[number] for number in row.get("also_in", ())]

    def _serves(self, item: Item, row: dict[str, Any]) -> None:
        if "serves" not in row:
            return
        moment = item.created_at + dt.timedelta(hours=2)
        key_result = self.key_results.get(row["serves"])
        kind = row.get("also_kind") if key_result else row["serves"]
        if key_result:
            serves = Serves(item=item, key_result=key_result, by=self.product_owner, at=moment)
            self.rows.serves.append(serves)
            self._bet(serves, row, moment)
        if kind:
            reason = self.calendar.fill(row["why"])
            self.rows.serves.append(Serves(item=item, kind=kind, reason=reason, by=self.product_owner, at=moment))

    def _bet(self, serves: Serves, row: dict[str, Any], moment: dt.datetime) -> None:
        if "bet" not in row:
            return
        told = row["bet"]
        low, likely, high = told["range"]
        bet = Bet(
            serves=serves,
            low=low,
            likely=likely,
            high=high,
            chance=told["chance"],
            judge_on=self.calendar.day(told["judge_on"]) if "judge_on" in told else None,
            hypothesis=told.get("hypothesis", ""),
            lag_weeks=told.get("lag", 0),
            champion=self.cast.people[told["champion"]] if "champion" in told else None,
            champion_asked=self.cast.people[told["asked"]] if "asked" in told else None,
            by=self.product_owner,
            at=moment,
        )
        self.rows.bets.append(bet)
        if "said" in row:
            self.rows.said.append((serves, row["said"]))
        if "verdict" in row:
            self.rows.judged.append((bet, row["verdict"]))

    def _estimates(self, serves: Serves, told: dict[str, Any]) -> Iterator[Estimate]:
        """Return private estimates; open ones can be found again by whoever gave them."""
        closed_at = self.calendar.moment(told["closed"], 15) if "closed" in told else None
        key_result = serves.key_result
        assert key_result is not None
        for (low, likely, high, chance), who in zip_longest(told["answers"], told.get("by", ())):
            giver = Estimate.giver_of(serves.item_id, key_result.pk, self.cast.people[who].pk) if who else ""
            yield Estimate(
                item_id=serves.item_id,
                key_result=key_result,
                low=low,
                likely=likely,
                high=high,
                chance=chance,
                giver=giver,
                closed_at=closed_at,
            )

    def _shelve(self, item: Item, told: dict[str, Any]) -> None:
        self.rows.shelf.append(
            NotNow(
                item=item,
                reason=self.calendar.fill(told["why"]),
                asked_by=told["asked"],
                told_on=self.calendar.day(told["told"]) if "told" in told else None,
                by=self.product_owner,
                at=self.calendar.moment(told["on"], 11),
            )
        )

    def _judge(self, bet: Bet, told: dict[str, Any]) -> None:
        """Judge a bet as its Key Result's figures of that day say, unless it is told why the team knew better."""
        judged_on, arms = self.calendar.day(told["on"]), told.get("experiment")
        controls = [self.key_results[name] for name in told.get("beside", ())]
        found, _missing = find(
            bet, today=judged_on, experiment=tuple(arms.values()) if arms else None, controls=controls
        )
        if found is None:
            raise ValueError(f"the figures say nothing of “{bet.serves.item.title}”")
        verdict = Verdict(
            bet=bet,
            outcome=found.outcome,
            measured=found.measured,
            low=found.low,
            high=found.high,
            chance_moved=found.chance_moved,
            method=found.method,
            scale=found.scale,
            evidence=found.quality,
            learned=told["learned"],
            follow_up=told.get("then", ""),
            follow_item=self.by_number[told["next"]] if "next" in told else None,
            experiment=arms,
            facts=found.as_json(),
            judged_on=judged_on,
            by=self.scrum_master,
        )
        if "because" in told:
            verdict.overruled_because, verdict.method = told["because"], Verdict.Method.WORDS
            verdict.outcome, verdict.scale, verdict.measured = told["outcome"], told["scale"], told.get("measured")
            verdict.low = verdict.high = verdict.chance_moved = None
        verdict.save()

    # Written at once

    def _save(self) -> None:
        rows = self.rows
        rows.items.sort(key=_place)
        for item, rank in zip(rows.items, ranks.many_between(None, None, len(rows.items)), strict=True):
            item.rank = rank
        Item.objects.bulk_create(rows.items)
        self.team.next_item_number = max(self.by_number) + 1
        self.team.save(update_fields=["next_item_number"])
        through = Item.assignees.through
        through.objects.bulk_create(through(item_id=item.pk, person_id=person.pk) for item, person in rows.assignees)
        Transition.objects.bulk_create(rows.transitions)
        SprintStay.objects.bulk_create(rows.stays)
        Serves.objects.bulk_create(rows.serves)
        Bet.objects.bulk_create(rows.bets)
        Estimate.objects.bulk_create(
            estimate for serves, told in rows.said for estimate in self._estimates(serves, told)
        )
        for bet, told in sorted(rows.judged, key=lambda one: one[1]["on"]):
            self._judge(bet, told)
        NotNow.objects.bulk_create(rows.shelf)
        self._bindings()

    def _bindings(self) -> None:
        """Write what items need first, and what has to be done by its day: said a working day after it was made."""
        told = [row for row in self.story["items"] if "needs" in row or "must" in row]
        for row in told:
            item = self.by_number[row["n"]]
            said = {"item": item, "by": self.product_owner, "at": item.created_at + dt.timedelta(hours=3)}
            for number in row.get("needs", ()):
                Prerequisite.objects.create(needs=self.by_number[number], **said)
            if "must" in row:
                MustHave.objects.create(by_on=item.due_on, reason=row["must"], **said)

    def _agreements(self) -> None:
        Impediment.objects.bulk_create(
            Impediment(
                team=self.team,
                title=row["title"],
                item_id=self.by_number[row["item"]].pk,
                owner=self.cast.people[row["owner"]] if "owner" in row else None,
                asked=row["asked"],
                raised_on=self.calendar.day(row["since"]),
            )
            for row in self.story["impediments"]
        )
        Decision.objects.bulk_create(self._decision(row) for row in self.story["decisions"])

    def _decision(self, row: dict[str, Any]) -> Decision:
        about = row["about"]
        subject: Item | KeyResult = self.by_number[about] if isinstance(about, int) else self.key_results[about]
        return Decision(
            organisation=self.cast.organisation,
            team=self.team,
            title=row["title"],
            because=row["because"],
            subject_type=subject._meta.label_lower,
            subject_id=subject.pk,
            by=self.cast.people[row["by"]],
            decided_on=self.calendar.day(row["on"]),
            review_on=self.calendar.day(row["review"]),
            held=row.get("held"),
            outcome=row.get("outcome", ""),
        )


def _place(item: Item) -> tuple[int, float]:
    """Order: what is done by date, then the running Sprint, then the backlog in the order of the data."""
    if item.done_at:
        return 0, item.done_at.timestamp()
    return (1 if item.sprint else 2), 0.0
