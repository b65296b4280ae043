"""The orders that were proposed in the demonstration: one long accepted, whose work is judged by now, and one open."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from headway.agreements.actions import write_decision
from headway.engine.portfolio import BetInput, Portfolio, bet_mean
from headway.live.history import record
from headway.live.models import Change
from headway.okr.models import Cycle
from headway.people.actor import Actor, actor_for
from headway.people.models import Team
from headway.scrum.models import Item, Sprint
from headway.value.actions import propose_order
from headway.value.models import Bet, FocusProposal
from headway.value.queries import value_sheet
from headway.value.queries.effort import pace_of
from headway.value.queries.focus import CheapTest, Figures, KeptBet, KeptItem, flips_of, order_of, with_followed
from headway.value.queries.mind import DAY_WEEKS
from headway.value.queries.plan import Asked, Plan

from .calendar import Calendar
from .people import Cast

POINTS = 100.0


def proposals_of(
    story: dict[str, Any], cast: Cast, calendar: Calendar
) -> Iterator[tuple[dt.datetime, Callable[[], None]]]:
    """Return what proposes each order of a team, and the moment when that was."""
    for told in story.get("proposals", ()):
        act = _accepted if "until_then" in told else _open
        yield calendar.moment(told["on"], 10), partial(act, told, story, cast, calendar)


def _open(told: dict[str, Any], story: dict[str, Any], cast: Cast, calendar: Calendar) -> None:
    """Propose an order by the action of every day: these items first, those last, the rest as it stands."""
    team, by, _owner = _who(story, cast)
    moment = calendar.moment(told["on"], 10)
    known = Change.objects.filter(organisation_id=cast.organisation.pk).latest("pk").pk
    sheet = value_sheet(team, by)
    ids = {row.number: row.item_id for row in sheet.rows}
    first, last = ([ids[number] for number in told[name]] for name in ("first", "last"))
    rest = [pk for pk in order_of(sheet) if pk not in first and pk not in last]
    made = propose_order(team, by=by, order=[*first, *rest, *last], reason=told["reason"])
    FocusProposal.objects.filter(pk=made.pk).update(at=moment)
    Change.objects.filter(organisation_id=cast.organisation.pk, pk__gt=known).update(at=moment)


def _accepted(told: dict[str, Any], story: dict[str, Any], cast: Cast, calendar: Calendar) -> None:
    """Write a proposal of a time of which the backlog is done by now, with the figures that it would have had."""
    team, by, owner = _who(story, cast)
    made_at, decided_at = calendar.moment(told["on"], 10), calendar.moment(told["on"], 15)
    items = {item.number: item for item in Item.objects.filter(team=team).select_related("team")}
    order, present = ([items[number].pk for number in told[name]] for name in ("order", "until_then"))
    figures = _figures(team, [items[number] for number in told["until_then"]], order, on=made_at.date())
    row = FocusProposal.objects.create(
        team=team,
        sprint=Sprint.objects.get(team=team, number=told["for_sprint"]),
        cycle=Cycle.objects.filter(organisation=cast.organisation, starts_on__lte=made_at.date())
        .order_by("-starts_on")
        .first(),
        order=order,
        present=present,
        reason=told["reason"],
        facts=with_followed(figures.as_json(), figures),
        by_id=by.person_id,
        at=made_at,
        status=FocusProposal.Status.ACCEPTED,
        followed=order,
        because=told["because"],
        decided_by_id=owner.person_id,
        decided_at=decided_at,
    )
    row.decision = write_decision(
        team,
        by=owner,
        title=told["decision"],
        because=told["because"],
        subject=row,
        decided_on=made_at.date(),
        review_on=row.cycle.ends_on if row.cycle else None,
    )
    row.save(update_fields=["decision"])
    after: dict[str, Any] = {"ranks": {}, "order": order, "because": row.because, "decision": row.decision_id}
    told_of = partial(record, subject=row, team_id=team.pk, label=team.name)
    told_of("focus_proposal.made", by=by, after={"order": order, "reason": row.reason}, at=made_at)
    told_of("focus_proposal.accepted", by=owner, before={"ranks": {}}, after=after, at=decided_at)


def _who(story: dict[str, Any], cast: Cast) -> tuple[Team, Actor, Actor]:
    """Return the team, its Scrum Master and its Product Owner."""
    roles = (story["roles"]["scrum_master"], story["roles"]["product_owner"])
    master, owner = (actor_for(cast.people[who], cast.organisation) for who in roles)
    assert master is not None
    assert owner is not None
    return cast.teams[story["id"]], master, owner


def _figures(team: Team, present: Sequence[Item], order: Sequence[int], *, on: dt.date) -> Figures:
    """Return what the plan says of items as they were promised, each Key Result with its whole way before it."""
    items = {item.number: item for item in present}
    bets = list(
        Bet.objects.filter(serves__item__in=present)
        .select_related("serves__key_result", "serves__item")
        .order_by("serves__item__number")
    )
    ways: dict[int, float] = {}
    worths: dict[int, float] = {}
    for bet in bets:
        key_result = bet.serves.key_result
        if key_result is not None and key_result.target is not None and key_result.baseline is not None:
            ways[key_result.pk] = abs(key_result.target - key_result.baseline)
            worths[key_result.pk] = key_result.worth or POINTS
    is_money = all(bet.serves.key_result and bet.serves.key_result.worth for bet in bets)
    plan = _plan(team, items, bets, ways, worths, [item.number for item in present], on=on)
    numbers = {item.pk: item.number for item in present}
    proposed, low_high = plan.of([numbers[pk] for pk in order]), plan.difference([numbers[pk] for pk in order])
    weeks = {number: plan.asked.portfolio.effort[place] for number, place in plan.asked.place.items()}
    return Figures(
        currency=team.organisation.currency if is_money else None,
        horizon_weeks=int(plan.asked.portfolio.horizon_weeks),
        sprint_weeks=plan.asked.portfolio.sprint_weeks,
        present=plan.now.value,
        proposed=proposed.value,
        gain=proposed.value - plan.now.value,
        low=low_high[0],
        high=low_high[1],
        chance=low_high[2],
        flips=flips_of(plan, [numbers[pk] for pk in order], {number: pk for pk, number in numbers.items()}),
        test=_test(plan, [numbers[pk] for pk in order], items),
        verdicts=0,
        items={
            item.pk: KeptItem(
                key=item.key,
                title=item.title,
                weeks=weeks[item.number],
                present=plan.now.standing[item.number].adds,
                proposed=proposed.standing[item.number].adds,
                waiting=proposed.standing[item.number].waiting,
                lands_present=plan.now.standing[item.number].lands[1],
                lands_proposed=proposed.standing[item.number].lands[1],
                bets=tuple(_kept(bet, ways, worths) for bet in bets if bet.serves.item_id == item.pk),
            )
            for item in present
        },
    )


def _test(plan: Plan, order: Sequence[int], items: Mapping[int, Item]) -> CheapTest | None:
    found = [test for test in plan.tests(dict.fromkeys(order, DAY_WEEKS), order) if test.worth > 0]
    return CheapTest(items[found[0].number].pk, None, found[0].cost_weeks, found[0].worth) if found else None


def _plan(
    team: Team,
    items: Mapping[int, Item],
    bets: Sequence[Bet],
    ways: Mapping[int, float],
    worths: Mapping[int, float],
    present: Sequence[int],
    *,
    on: dt.date,
) -> Plan:
    pace = pace_of(team, on)
    numbers = tuple(sorted(items))
    key_results = sorted(ways)
    portfolio = Portfolio(
        effort=[pace.weeks_of(items[number].size) or 1.0 for number in numbers],
        capacity=[team.sprint_days / 7 * (1 - team.reserve)],
        bets=[
            BetInput(
                item=numbers.index(bet.serves.item.number),
                kr=key_results.index(bet.serves.key_result_id or 0),
                low=bet.low,
                likely=bet.likely,
                high=bet.high,
                chance=bet.chance,
                lag_weeks=float(bet.lag_weeks),
            )
            for bet in bets
        ],
        gap=[ways[pk] for pk in key_results],
        worth=[worths[pk] for pk in key_results],
        horizon_weeks=float(team.organisation.horizon_weeks),
        sprint_weeks=team.sprint_days / 7,
    )
    return Plan(Asked(team.key, numbers, portfolio, frozenset(numbers)), present)


def _kept(bet: Bet, ways: Mapping[int, float], worths: Mapping[int, float]) -> KeptBet:
    key_result = bet.serves.key_result
    assert key_result is not None  # without one there is no bet
    per_unit = worths[key_result.pk] / ways[key_result.pk]
    mean = float(bet_mean(bet.low, bet.likely, bet.high))
    return KeptBet(bet=bet.pk, name=key_result.short_name, expected=bet.chance * mean * per_unit, per_unit=per_unit)
