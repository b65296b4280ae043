"""A team that hopes too much of one kind of work, played by actions over weeks of a moved clock.

What an item really brings is known here alone (`Piece.brings`). The programme sees it only as people do: as weekly
measurements of Key Results that also wobble by themselves.
"""

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from headway.lib import clock
from headway.okr.actions import create_key_result, measure
from headway.okr.models import KeyResult
from headway.people.models import Team
from headway.scrum.actions import add_items_to_sprint, close_sprint, create_item, create_sprint, move_item, start_sprint
from headway.scrum.models import Category, Column, Item, Sprint
from headway.value.actions import enter_verdict, link_item, place_bet
from headway.value.models import Bet
from headway.value.queries.found import found_of
from headway.value.queries.impact import impact_of
from tests.world import World, make_world

BEGINS_AT = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
"""A Monday."""
WEEKS_BEFORE = 14
SPRINT_WEEKS = 2
HORIZON_WEEKS = 26


@dataclass(frozen=True)
class Piece:
    """An item with its promise, and what it really brings, in the Key Result's unit towards better."""

    title: str
    on: str
    low: float
    likely: float
    high: float
    chance: float
    brings: float


@dataclass(frozen=True)
class Aim:
    """A Key Result: from, to, its value area and how much it wobbles from week to week."""

    unit: str
    baseline: float
    target: float
    area: str
    wobble: float

    @property
    def way(self) -> float:
        return abs(self.target - self.baseline)

    def after(self, moved: float) -> float:
        """Return its value once it has moved so far towards better."""
        return self.baseline + (moved if self.target > self.baseline else -moved)


HOPED, KNOWN = "CV", "T2M"
"""Of the first kind the team promises about four times what comes; of the second it knows what it does."""

AIMS = {
    "Repeat orders": Aim("%", 30, 60, HOPED, 0.1),
    "Basket": Aim("€", 40, 60, HOPED, 0.08),
    "Minutes to order": Aim("min", 24, 12, KNOWN, 0.05),
    "Calls": Aim("calls a week", 140, 80, KNOWN, 0.25),
}

PAST = (
    Piece("Badges for regulars", "Repeat orders", 4, 6, 9, 0.7, brings=1.5),
    Piece("Fewer fields in the order", "Minutes to order", 1, 1.5, 2, 0.7, brings=1.5),
    Piece("Offers beside the basket", "Basket", 3, 4, 6, 0.7, brings=1.1),
    Piece("Say when it is delivered", "Calls", 5, 8, 10, 0.7, brings=7),
    Piece("A greeting by name", "Repeat orders", 4, 7, 10, 0.7, brings=1.6),
    Piece("Remember the address", "Minutes to order", 1, 1.4, 2, 0.7, brings=1.3),
    Piece("Wrap as a present", "Basket", 2, 4, 5, 0.7, brings=0.9),
    Piece("Answer by text message", "Calls", 6, 9, 12, 0.7, brings=9),
)

NEXT = (
    Piece("Points for each order", "Repeat orders", 5, 7, 9, 0.7, brings=1.8),
    Piece("Recipes beside the basket", "Basket", 3, 4.5, 6, 0.7, brings=1.1),
    Piece("A birthday present", "Repeat orders", 4, 6.5, 9, 0.7, brings=1.6),
    Piece("Order again in one tap", "Minutes to order", 1.6, 2.2, 2.8, 0.7, brings=2.2),
    Piece("Show where the parcel is", "Calls", 8, 11, 14, 0.7, brings=10.5),
    Piece("Pay without a card", "Minutes to order", 1.5, 2.1, 2.7, 0.7, brings=2),
)
"""In the order in which the Product Owner has them: by what is promised."""


def brought(pieces: Iterable[Piece], *, weeks_each: float = SPRINT_WEEKS) -> float:
    """Return what work in this order really brings over the horizon [points]: the truth, without the programme.

    One piece lands after the other, and counts for the share of the horizon that is left.
    """
    points, moved = 0.0, dict.fromkeys(AIMS, 0.0)
    for place, piece in enumerate(pieces, start=1):
        left = max(1 - place * weeks_each / HORIZON_WEEKS, 0.0)
        gain = min(piece.brings, AIMS[piece.on].way - moved[piece.on])
        moved[piece.on] += gain
        points += 100 * gain / AIMS[piece.on].way * left
    return points


@dataclass
class Story:
    """The team as it stands; `settings` moves the clock."""

    settings: Any
    world: World
    key_results: dict[str, KeyResult] = field(default_factory=dict)
    landed: list[Piece] = field(default_factory=list)
    bets: dict[str, Bet] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(4))

    @property
    def team(self) -> Team:
        return self.world.team

    def at(self, moment: dt.datetime) -> None:
        self.settings.TEST_NOW = moment.isoformat()

    def pass_week(self) -> None:
        """Let a week go by, and measure every Key Result at its end."""
        self.at(clock.now() + dt.timedelta(weeks=1))
        for name, aim in AIMS.items():
            moved = sum(piece.brings for piece in self.landed if piece.on == name)
            value = round(aim.after(moved) + self.chance.gauss(0, aim.wobble), 2)
            measure(self.key_results[name], by=self.world.cy, value=value)

    def bet_on(self, pieces: Sequence[Piece]) -> list[Item]:
        return [self._bet_on(piece) for piece in pieces]

    def _bet_on(self, piece: Piece) -> Item:
        item = create_item(self.team, by=self.world.bo, title=piece.title, size=3)
        self.bets[piece.title] = place_bet(
            item,
            by=self.world.cy,
            key_result=self.key_results[piece.on],
            low=piece.low,
            likely=piece.likely,
            high=piece.high,
            chance=piece.chance,
        )
        return item

    def work_a_sprint(self, piece: Piece) -> None:
        """Plan, do and finish one piece and two small things beside it, and close the Sprint."""
        item = self.bets[piece.title].serves.item
        small = [create_item(self.team, by=self.world.cy, title=f"Beside {piece.title} {n}", size=3) for n in (1, 2)]
        for one in small:
            link_item(one, by=self.world.cy, kind="health", reason="It keeps the shop running")
        sprint = start_sprint(create_sprint(self.team, by=self.world.ana, goal=piece.title), by=self.world.ana)
        add_items_to_sprint([item, *small], sprint, by=self.world.bo)
        self._move(small[0], Category.DONE)
        self._move(item, Category.DOING)
        self.pass_week()
        self._move(small[1], Category.DONE)
        self.at(clock.now() + dt.timedelta(days=6))
        self._move(item, Category.DONE)
        self.at(clock.now() - dt.timedelta(days=6))
        self.landed.append(piece)
        self.pass_week()
        close_sprint(Sprint.objects.get(pk=sprint.pk), by=self.world.ana)

    def _move(self, item: Item, category: str) -> None:
        column = Column.objects.get(team=self.team, category=category)
        move_item(Item.objects.get(pk=item.pk), to=column, by=self.world.cy)

    def judge_as_computed(self, piece: Piece) -> None:
        """Enter the verdict that the programme's figures propose."""
        bet = Bet.objects.select_related("serves__item", "serves__key_result").get(pk=self.bets[piece.title].pk)
        found = found_of(impact_of(bet, today=clock.today()), on=clock.today())
        assert found is not None
        enter_verdict(bet, by=self.world.bo, outcome=found.outcome, scale=found.scale, learned="As the figures say")


def begin(settings: Any) -> Story:
    """Make the company on the first day, its Key Results, and measure them until the team begins."""
    settings.TEST_NOW = BEGINS_AT.isoformat()
    world = make_world()
    world.team.organisation.horizon_weeks = HORIZON_WEEKS
    world.team.organisation.save()
    world.cycle.starts_on, world.cycle.ends_on = clock.today(), clock.today() + dt.timedelta(weeks=52)
    world.cycle.save()
    story = Story(settings, world)
    for name, aim in AIMS.items():
        story.key_results[name] = create_key_result(
            world.objective,
            by=world.bo,
            title=f"{name} from {aim.baseline:g} to {aim.target:g} {aim.unit}",
            short_name=name,
            unit=aim.unit,
            baseline=aim.baseline,
            target=aim.target,
            direction=KeyResult.Direction.INCREASE if aim.target > aim.baseline else KeyResult.Direction.DECREASE,
            ebm_area=aim.area,
        )
    for _ in range(WEEKS_BEFORE):
        story.pass_week()
    return story
