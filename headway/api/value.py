"""What items promise: links, bets, verdicts, the Not now shelf, and the value sheet made of them."""

import datetime as dt
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.engine.track_record import Pooled
from headway.lib import clock
from headway.okr.models import Cycle, KeyResult
from headway.okr.queries import current_cycle
from headway.people.models import Person
from headway.scrum import models as scrum
from headway.value import actions
from headway.value import models as value
from headway.value.documents import plan_document
from headway.value.queries import (
    Found,
    KeyResultLedger,
    RankedKeyResult,
    Said,
    estimates_of,
    impact_ledger,
    rest_of_backlog,
    value_sheet,
    verdict_screen,
)

from .items import Item, Items, Numbers, item_of, items_now, items_of, represent_all
from .platform.asking import ApiRequest
from .platform.finding import chosen, found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.routes import Area
from .platform.schemas import Day, Edit, Filters, Id, In, Line, Moment, Number, Out, QueryId, Text

area = Area("Value")
LINK, BET, ORDER, JUDGE = "write:value", "write:value", "write:scrum", "write:value"
MOST_ROWS = 1000

Kind = Literal["enabler", "health", "compliance", "learning"]
Outcome = Literal["moved", "did_not", "cannot_tell"]
Method = Literal["experiment", "control", "placebo", "words"]
FollowUp = Literal["keep", "tweak", "stop", "revert"]
Chance = Annotated[float, Field(strict=True, ge=0, le=1, examples=[0.65])]
Grade = Annotated[int, Field(strict=True, ge=1, le=5)]
Lag = Annotated[int, Field(strict=True, ge=0, le=value.LONGEST_LAG_WEEKS)]


class Link(In):
    """What an item serves: a Key Result, or a kind of work with its reason."""

    key_result_id: Id | None = None
    kind: Kind | Literal[""] = ""
    reason: Annotated[Line, Field(max_length=300, description="Why it is done, for a kind of work.")] = ""


class LinkMany(Link):
    """Several items of the team, and what they serve."""

    numbers: Numbers


class Computed(Out):
    """What the figures say of a bet. Effects are its part, in the Key Result's unit and towards better."""

    on: Day
    method: Method
    outcome: Outcome
    scale: int | None
    evidence: int
    measured: float
    low: float
    high: float
    chance_moved: float
    smallest_visible: Annotated[float, Field(description="Of the Key Result; a smaller effect cannot be seen.")]
    level_before: float | None
    level_after: float | None
    share: Annotated[float, Field(description="Of the effect, 0–1; the rest falls to bets that landed with it.")]
    weeks_before: int
    weeks_after: int


class BetImpact(Out):
    """What is known of a bet today; `found` null where `too_little` says why."""

    found: Computed | None
    too_little: str
    see_from: Annotated[Day | None, Field(description="Nothing can be seen before this day.")]


class Verdict(Out):
    """What a bet moved, as it was judged: by the figures of that day, or in people's words."""

    outcome: Outcome
    measured: Annotated[float | None, Field(description="In the Key Result's unit, towards better.")]
    low: Annotated[float | None, Field(description="The measured range holds the truth 9 times in 10.")]
    high: float | None
    chance_moved: float | None
    method: Annotated[Method, Field(description="How it is known; `words` where nothing was computed or agreed to.")]
    overruled_because: Annotated[str, Field(description="Why people overruled the computed verdict.")]
    follow_up: FollowUp | Literal[""]
    follow_item_number: int | None
    found: Annotated[Computed | None, Field(description="What was computed on the day; it does not change.")]
    scale: Annotated[int | None, Field(description="1 harm, 2 none, 3 some, 4 within the range, 5 above it.")]
    evidence: int
    learned: str
    judged_on: Day


class Bet(Out):
    """How far an item is expected to move a Key Result: 10th, 50th and 90th percentile, towards better."""

    id: Id
    item_key: str
    item_number: Id
    team_key: str
    key_result_id: Id
    low: float
    likely: float
    high: float
    chance: float
    lag_weeks: Annotated[int, Field(description="Weeks after it lands until the effect shows.")]
    judge_on: Day | None
    hypothesis: str
    champion_id: Annotated[Id | None, Field(description="Who volunteered to see it through.")]
    champion_asked_id: Annotated[Id | None, Field(description="Whom a Scrum Master asked to.")]
    placed_at: Moment
    warnings: Annotated[list[str], Field(description="What is odd about it, though it is allowed.")]
    verdict: Verdict | None


class NewBet(In):
    """A promise. Once work has started it needs a `reason`, kept as a decision."""

    key_result_id: Id
    low: Number
    likely: Number
    high: Number
    chance: Chance
    lag_weeks: Lag = 0
    judge_on: Day | None = None
    hypothesis: Text = ""
    reason: Text = ""


class BetEdit(Edit):
    """What shall be different of a promise. Once work has started it needs a `reason`, kept as a decision."""

    low: Number = 0
    likely: Number = 0
    high: Number = 0
    chance: Chance = 0
    lag_weeks: Lag = 0
    judge_on: Day | None = None
    hypothesis: Text = ""
    reason: Text = ""


class AskedChampion(In):
    """Whom a Scrum Master asks to champion a bet; null takes the asking back."""

    person_id: Id | None


class Estimate(Out):
    """What one person thinks: low, likely, high in the Key Result's unit, towards better, and the chance."""

    low: float
    likely: float
    high: float
    chance: float


class NewEstimate(In):
    """What the token's person thinks, in place of what they said before."""

    low: Number
    likely: Number
    high: Number
    chance: Chance


class Estimates(Out):
    """Private estimates, as the token's person may see them. Nothing says whose one is."""

    item_key: str
    key_result_id: Id
    count: int
    needed: Annotated[int, Field(description="From so many on they are shown and can be pooled.")]
    is_closed: bool
    own: Estimate | None
    answers: Annotated[
        list[Estimate] | None,
        Field(description="Sorted; null under three, and for whoever is asked and has not given the own."),
    ]
    pooled: Annotated[Estimate | None, Field(description="Medians; of the chances in log odds.")]
    disagreement: Annotated[
        float | None, Field(description="How far the likely figures lie apart, over the pooled range's width.")
    ]


class Pooling(In):
    """When the promise is judged (null keeps the day that there is). Once work has started it needs a `reason`."""

    judge_on: Day | None = None
    reason: Text = ""


class Reason(In):
    """Why; needed once work has started."""

    reason: Text = ""


class Group(In):
    """One side of an experiment, in the Key Result's unit."""

    size: Number
    mean: Number
    variance: Number


class Groups(In):
    """The figures of an experiment: two groups at the same time, put together by chance."""

    control: Group
    treatment: Group


class NewVerdict(In):
    """What was found. What cannot be told has no grade.

    Where the figures give a verdict, one that agrees with it takes its figures; one that does not needs
    `overruled_because`, and counts as people's words.
    """

    outcome: Outcome
    measured: Annotated[Number | None, Field(description="In the Key Result's unit, towards better.")] = None
    low: Number | None = None
    high: Number | None = None
    scale: Grade | None = None
    evidence: Annotated[
        Grade | None,
        Field(description="How well it is known: 1 a guess, 5 a controlled test; computed if left out."),
    ] = None
    learned: Text = ""
    judged_on: Day | None = None
    follow_up: FollowUp | Literal[""] = ""
    follow_item_number: Annotated[Id | None, Field(description="An item of the team that follows from it.")] = None
    overruled_because: Text = ""
    experiment: Groups | None = None


class Shelving(In):
    """Why an item is not done now, and who asked for it."""

    reason: Annotated[Line, Field(min_length=1, max_length=300)]
    asked_by: Annotated[Line, Field(max_length=120)] = ""


class Shelved(Out):
    """An item on the Not now shelf, with its reason."""

    item_key: str
    item_number: Id
    team_key: str
    reason: str
    asked_by: str
    told_on: Day | None
    put_aside_at: Moment
    ended_at: Moment | None


class Telling(In):
    """The day on which whoever asked for it was told; null is today."""

    told_on: Day | None = None


class CorrectedBet(Out):
    """A bet as the team's track record reads it; `size` and `width` are the factors, after so many verdicts."""

    low: float
    likely: float
    high: float
    chance: float
    size: float
    width: float
    verdicts: int


class BetOnSheet(Out):
    """A further bet of an item."""

    kr: str
    low: float
    likely: float
    high: float
    chance: float
    corrected: CorrectedBet | None


class SheetRow(Out):
    """An item of the value sheet. What cannot be told is null; items of one `tie` cannot be told apart."""

    key: str
    title: str
    kr: str | None
    kind: str | None
    low: float | None
    likely: float | None
    high: float | None
    chance: float | None
    corrected: Annotated[CorrectedBet | None, Field(description="What it is priced by; null where as promised.")]
    weeks: float | None
    value: float | None
    value_per_week: float | None
    cost_of_waiting: float | None
    tie: int | None
    more_bets: list[BetOnSheet]


class SheetCapacity(Out):
    """What the next Sprint holds."""

    sprint: str
    weeks: float
    items_that_fit: int


class ShelfRow(Out):
    """An item on the shelf and what each week without it costs."""

    key: str
    title: str
    reason: str
    asked_by: str | None
    told_on: Day | None
    cost_of_waiting: float | None


class ValueSheet(Out):
    """The backlog as bets, in the Product Owner's order; values in `unit` over the horizon."""

    team: str
    unit: str
    horizon_weeks: int
    items: list[SheetRow]
    value_present: float | None
    value_best: float | None
    not_now: list[ShelfRow]
    capacity: SheetCapacity | None
    missing: Annotated[str | None, Field(description="What is needed before values can be told.")]


class LedgerOfKeyResult(Out):
    """What judged bets brought to one Key Result, in its unit and towards better."""

    key_result_id: Id
    promised: float
    measured: float
    moved: float | None
    explained: Annotated[float | None, Field(description="Credited to judged bets; never more than it moved.")]
    verdicts: int
    not_judged: int
    delivered_share: float | None
    moved_share: float | None
    parts: Annotated[bool, Field(description="Much is delivered and little has moved.")]
    rank: Annotated[int | None, Field(description="By what a week of work brought; equal ranks are ties.")]
    points_per_week: Annotated[float | None, Field(description="100 points are the Key Result's whole way.")]


class Ledger(Out):
    """What bets promised and brought in a cycle."""

    cycle_id: Id | None
    verdicts: int
    moved: int
    key_results: list[LedgerOfKeyResult]


class LedgerFilters(In):
    cycle_id: QueryId | None = None


class BetFilters(Paging):
    key_result_id: QueryId | None = None
    judged: Annotated[bool | None, Field(description="With a verdict, or without.")] = None


class SheetFilters(Filters):
    raw: Annotated[bool, Field(description="Price promises as they were made.")] = False


class ShelfFilters(Paging):
    ended: Annotated[bool, Field(description="Those brought back, in place of the others.")] = False


# Links


@area.act("/teams/{team_key}/items/{int:number}/links", scope=LINK)
def link_item(request: ApiRequest, team_key: str, number: int, body: Link) -> Item:
    """Say what an item serves."""
    row = item_of(request, team_key, number)
    actions.link_item(row, by=request.actor, **_to(request, body))
    return represent_all([row])[0]


@area.act("/teams/{team_key}/items/links", scope=LINK)
def link_items(request: ApiRequest, team_key: str, body: LinkMany) -> Items:
    """Say what several items serve, with one Change."""
    team = team_of(request, team_key)
    actions.link_items(items_of(team, body.numbers), by=request.actor, **_to(request, body))
    return items_now(team, body.numbers)


@area.remove("/teams/{team_key}/links/{int:link_id}", scope=LINK)
def unlink_item(request: ApiRequest, team_key: str, link_id: int) -> Item:
    """Take a link away, with its bet while work has not started."""
    rows = value.Serves.objects.select_related("item__team", "key_result")
    serves = found(rows, item__team=team_of(request, team_key), pk=link_id)
    actions.unlink(serves, by=request.actor)
    return represent_all([serves.item])[0]


# Bets and verdicts


@area.read("/teams/{team_key}/bets")
def list_bets(request: ApiRequest, team_key: str, filters: Query[BetFilters]) -> Page[Bet]:
    """List the bets of a team, the last one first."""
    rows = _bets(request, team_key)
    if filters.key_result_id is not None:
        rows = rows.filter(serves__key_result=filters.key_result_id)
    if filters.judged is not None:
        rows = rows.filter(verdict__isnull=not filters.judged)
    return page_of(rows, filters, represent_bet, order=("-id",))


@area.read("/teams/{team_key}/bets/{int:bet_id}")
def get_bet(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Read a bet with its verdict."""
    return represent_bet(_bet(request, team_key, bet_id))


@area.create("/teams/{team_key}/items/{int:number}/bets", scope=BET)
def place_bet(request: ApiRequest, team_key: str, number: int, body: NewBet) -> Bet:
    """Promise how far an item moves a Key Result; links the two where they are not linked yet."""
    row, given = item_of(request, team_key, number), body.model_dump(exclude={"key_result_id"})
    made = actions.place_bet(row, by=request.actor, key_result=_key_result(request, body.key_result_id), **given)
    return get_bet(request, team_key, made.pk)


@area.change("/teams/{team_key}/bets/{int:bet_id}", scope=BET)
def change_bet(request: ApiRequest, team_key: str, bet_id: int, body: BetEdit) -> Bet:
    """Change what was promised; once work has started only with a reason, which becomes a decision."""
    actions.change_bet(_bet(request, team_key, bet_id), by=request.actor, **body.given())
    return get_bet(request, team_key, bet_id)


@area.act("/teams/{team_key}/bets/{int:bet_id}/withdraw", scope=BET)
def withdraw_bet(request: ApiRequest, team_key: str, bet_id: int, body: Reason) -> Item:
    """Take a promise away; the link stays. Answers with the item."""
    bet = _bet(request, team_key, bet_id)
    actions.withdraw_bet(bet, by=request.actor, reason=body.reason)
    return represent_all([bet.serves.item])[0]


@area.act("/teams/{team_key}/bets/{int:bet_id}/volunteer", scope=BET)
def champion_bet(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Volunteer to see a bet through, as the token's person."""
    actions.champion_bet(_bet(request, team_key, bet_id), by=request.actor)
    return get_bet(request, team_key, bet_id)


@area.act("/teams/{team_key}/bets/{int:bet_id}/hand-back", scope=BET)
def release_bet(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Hand one's own championing back."""
    actions.release_bet(_bet(request, team_key, bet_id), by=request.actor)
    return get_bet(request, team_key, bet_id)


@area.act("/teams/{team_key}/bets/{int:bet_id}/ask-champion", scope=BET)
def ask_champion(request: ApiRequest, team_key: str, bet_id: int, body: AskedChampion) -> Bet:
    """Ask somebody of the team to champion a bet; they say yes (`volunteer`) or no (`decline`)."""
    bet = _bet(request, team_key, bet_id)
    people = Person.objects.filter(memberships__organisation=request.organisation)
    person = None if body.person_id is None else chosen(people, "person_id", body.person_id)
    actions.ask_champion(bet, person, by=request.actor)
    return get_bet(request, team_key, bet_id)


@area.act("/teams/{team_key}/bets/{int:bet_id}/decline", scope=BET)
def decline_champion(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Say no to having been asked."""
    actions.decline_champion(_bet(request, team_key, bet_id), by=request.actor)
    return get_bet(request, team_key, bet_id)


# Private estimates


@area.read("/teams/{team_key}/items/{int:number}/estimates/{int:key_result_id}")
def get_estimates(request: ApiRequest, team_key: str, number: int, key_result_id: int) -> Estimates:
    """Read the private estimates of an item and a Key Result that it serves."""
    return _estimates(request, _served(request, team_key, number, key_result_id))


@area.replace("/teams/{team_key}/items/{int:number}/estimates/{int:key_result_id}", scope=BET)
def give_estimate(request: ApiRequest, team_key: str, number: int, key_result_id: int, body: NewEstimate) -> Estimates:
    """Say alone what an item would move, or say it anew, until work starts or a promise is made of it."""
    serves = _served(request, team_key, number, key_result_id)
    assert serves.key_result is not None
    actions.give_estimate(serves.item, by=request.actor, key_result=serves.key_result, **body.model_dump())
    return _estimates(request, serves)


@area.remove("/teams/{team_key}/items/{int:number}/estimates/{int:key_result_id}", scope=BET)
def withdraw_estimate(request: ApiRequest, team_key: str, number: int, key_result_id: int) -> Estimates:
    """Take one's own estimate back."""
    serves = _served(request, team_key, number, key_result_id)
    assert serves.key_result is not None
    actions.withdraw_estimate(serves.item, by=request.actor, key_result=serves.key_result)
    return _estimates(request, serves)


@area.act("/teams/{team_key}/items/{int:number}/estimates/{int:key_result_id}/promise", scope=BET)
def promise_pooled(request: ApiRequest, team_key: str, number: int, key_result_id: int, body: Pooling) -> Estimates:
    """Make the pooled estimates the promise, in place of the one that there is. Closes the estimates."""
    serves = _served(request, team_key, number, key_result_id)
    assert serves.key_result is not None
    actions.promise_pooled(serves.item, by=request.actor, key_result=serves.key_result, **body.model_dump())
    return _estimates(request, serves)


@area.act("/teams/{team_key}/bets/{int:bet_id}/verdict", scope=JUDGE)
def enter_verdict(request: ApiRequest, team_key: str, bet_id: int, body: NewVerdict) -> Bet:
    """Judge a bet: did the item move its Key Result, by how much, how well is it known?"""
    given = body.model_dump(exclude={"follow_item_number", "experiment"})
    follows = None
    if body.follow_item_number is not None:
        items = scrum.Item.objects.active().filter(team=team_of(request, team_key), number=body.follow_item_number)
        follows = items.first()
        if follows is None:
            raise ValidationError({"follow_item_number": _("There is no item of this number.")})
    arms = _arms(body.experiment) if body.experiment else None
    bet = _bet(request, team_key, bet_id)
    actions.enter_verdict(bet, by=request.actor, follow_item=follows, experiment=arms, **given)
    return get_bet(request, team_key, bet_id)


@area.read("/teams/{team_key}/bets/{int:bet_id}/impact")
def get_bet_impact(request: ApiRequest, team_key: str, bet_id: int) -> BetImpact:
    """Read what the figures say of a bet today: did it move its Key Result, by how much?"""
    screen = verdict_screen(_bet(request, team_key, bet_id), request.actor, today=clock.today())
    measured = screen.found if screen.verdict is None else None
    return BetImpact(
        found=_computed(measured) if measured else _kept(screen.verdict),
        too_little=screen.too_little,
        see_from=screen.see_from,
    )


@area.read("/teams/{team_key}/ledger")
def get_ledger(request: ApiRequest, team_key: str, filters: Query[LedgerFilters]) -> Ledger:
    """Read what judged bets brought to each Key Result of a cycle, the current one where none is named."""
    team, today = team_of(request, team_key), clock.today()
    cycle = current_cycle(team.organisation, today)
    if filters.cycle_id is not None:
        cycle = found(Cycle.objects.visible_to(request.actor), pk=filters.cycle_id)
    known = impact_ledger(team, cycle, today=today)
    ranks = {one.key_result_id: one for one in known.ranking}
    return Ledger(
        cycle_id=cycle.pk if cycle else None,
        verdicts=known.verdicts,
        moved=known.moved,
        key_results=[_ledger_line(one, ranks.get(one.row.id)) for one in known.key_results],
    )


@area.remove("/teams/{team_key}/bets/{int:bet_id}/verdict", scope=JUDGE)
def withdraw_verdict(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Take a verdict back, so that the bet can be judged anew."""
    rows = value.Verdict.objects.select_related("bet__serves__item__team")
    verdict = found(rows, bet__serves__item__team=team_of(request, team_key), bet=bet_id)
    actions.withdraw_verdict(verdict, by=request.actor)
    return get_bet(request, team_key, bet_id)


# Not now


@area.read("/teams/{team_key}/not-now")
def list_not_now(request: ApiRequest, team_key: str, filters: Query[ShelfFilters]) -> Page[Shelved]:
    """List what lies on the Not now shelf, the longest there first."""
    rows = value.NotNow.objects.filter(item__team=team_of(request, team_key), ended_at__isnull=not filters.ended)
    return page_of(rows.select_related("item__team"), filters, _shelved, order=("at", "id"))


@area.act("/teams/{team_key}/items/{int:number}/shelve", scope=ORDER)
def shelve_item(request: ApiRequest, team_key: str, number: int, body: Shelving) -> Shelved:
    """Put an item on the Not now shelf with its reason."""
    row = item_of(request, team_key, number)
    made = actions.shelve(row, by=request.actor, reason=body.reason, asked_by=body.asked_by)
    return _shelved(value.NotNow.objects.select_related("item__team").get(pk=made.pk))


@area.act("/teams/{team_key}/items/{int:number}/bring-back", scope=ORDER)
def bring_item_back(request: ApiRequest, team_key: str, number: int) -> Item:
    """Take an item off the shelf."""
    row = item_of(request, team_key, number)
    actions.bring_back(row, by=request.actor)
    return represent_all([row])[0]


@area.act("/teams/{team_key}/items/{int:number}/told", scope="write:scrum")
def tell_asker(request: ApiRequest, team_key: str, number: int, body: Telling) -> Shelved:
    """Note the day on which whoever asked for a shelved item was told."""
    row = item_of(request, team_key, number)
    lying = found(value.NotNow.objects.select_related("item__team"), item=row, ended_at=None)
    actions.mark_told(lying, by=request.actor, told_on=body.told_on)
    lying.refresh_from_db()
    return _shelved(lying)


# The value sheet


@area.read("/teams/{team_key}/value-sheet")
def get_value_sheet(request: ApiRequest, team_key: str, filters: Query[SheetFilters]) -> ValueSheet:
    """Read the value sheet: what has a promise or is work of a kind, then the first 1,000 of the rest."""
    team = team_of(request, team_key)
    sheet = value_sheet(team, request.actor, raw=filters.raw)
    rest = rest_of_backlog(team, sheet, per_page=MOST_ROWS)
    return ValueSheet.model_validate(plan_document(sheet, rest.rows))


def represent_bet(row: value.Bet) -> Bet:
    """Return a bet as the API shows it."""
    verdict = getattr(row, "verdict", None)
    item = row.serves.item
    assert row.serves.key_result_id is not None
    return Bet(
        id=row.pk,
        item_key=item.key,
        item_number=item.number,
        team_key=item.team.key,
        key_result_id=row.serves.key_result_id,
        low=row.low,
        likely=row.likely,
        high=row.high,
        chance=row.chance,
        lag_weeks=row.lag_weeks,
        judge_on=row.judge_on,
        hypothesis=row.hypothesis,
        champion_id=row.champion_id,
        champion_asked_id=row.champion_asked_id,
        placed_at=row.at,
        warnings=row.warnings(),
        verdict=_verdict(verdict) if verdict else None,
    )


def _served(request: ApiRequest, team_key: str, number: int, key_result_id: int) -> value.Serves:
    item = item_of(request, team_key, number)
    rows = value.Serves.objects.select_related("item__team", "key_result__objective")
    serves: value.Serves = found(rows, item=item, key_result=key_result_id)
    return serves


def _estimates(request: ApiRequest, serves: value.Serves) -> Estimates:
    assert serves.key_result is not None
    known = estimates_of(serves.item, serves.key_result, request.actor)
    shown = known.shown
    pooled = shown.pooled if shown else None
    return Estimates(
        item_key=serves.item.key,
        key_result_id=serves.key_result.pk,
        count=known.count,
        needed=known.needed,
        is_closed=known.is_closed,
        own=_estimate(known.own) if known.own else None,
        answers=[_estimate(one) for one in shown.answers] if shown else None,
        pooled=_estimate(pooled) if pooled else None,
        disagreement=pooled.disagreement if pooled else None,
    )


def _estimate(row: Said | Pooled) -> Estimate:
    return Estimate(low=row.low, likely=row.likely, high=row.high, chance=row.chance)


def _verdict(row: value.Verdict) -> Verdict:
    item = row.follow_item
    outcome: Any = row.outcome
    method: Any = row.method
    follow_up: Any = row.follow_up
    return Verdict(
        outcome=outcome,
        measured=row.measured,
        low=row.low,
        high=row.high,
        chance_moved=row.chance_moved,
        method=method,
        scale=row.scale,
        evidence=row.evidence,
        learned=row.learned,
        judged_on=row.judged_on,
        overruled_because=row.overruled_because,
        follow_up=follow_up,
        follow_item_number=item.number if item and not item.removed_at else None,
        found=_kept(row),
    )


def _arms(groups: Groups) -> dict[str, tuple[float, float, float]]:
    both = {"control": groups.control, "treatment": groups.treatment}
    return {name: (group.size, group.mean, group.variance) for name, group in both.items()}


def _kept(row: value.Verdict | None) -> Computed | None:
    known = Found.read(row.facts) if row else None
    return _computed(known) if known else None


def _computed(known: Found) -> Computed:
    outcome: Any = known.outcome
    method: Any = known.method
    return Computed(
        on=dt.date.fromisoformat(known.on),
        method=method,
        outcome=outcome,
        scale=known.scale,
        evidence=known.quality,
        measured=known.measured,
        low=known.low,
        high=known.high,
        chance_moved=known.chance_moved,
        smallest_visible=known.smallest_visible,
        level_before=known.level_before,
        level_after=known.level_after,
        share=known.share,
        weeks_before=known.weeks_before,
        weeks_after=known.weeks_after,
    )


def _ledger_line(one: KeyResultLedger, ranked: RankedKeyResult | None) -> LedgerOfKeyResult:
    return LedgerOfKeyResult(
        key_result_id=one.row.id,
        promised=one.promised,
        measured=one.measured,
        moved=one.moved,
        explained=one.explained,
        verdicts=len(one.lines),
        not_judged=one.open,
        delivered_share=one.delivered.share,
        moved_share=one.row.progress.moved,
        parts=one.parts,
        rank=ranked.rank if ranked else None,
        points_per_week=ranked.per_week if ranked else None,
    )


def _shelved(row: value.NotNow) -> Shelved:
    return Shelved(
        item_key=row.item.key,
        item_number=row.item.number,
        team_key=row.item.team.key,
        reason=row.reason,
        asked_by=row.asked_by,
        told_on=row.told_on,
        put_aside_at=row.at,
        ended_at=row.ended_at,
    )


def _to(request: ApiRequest, body: Link) -> dict[str, Any]:
    key_result = None if body.key_result_id is None else _key_result(request, body.key_result_id)
    return {"key_result": key_result, "kind": body.kind, "reason": body.reason}


def _key_result(request: ApiRequest, pk: int) -> KeyResult:
    return chosen(KeyResult.objects.visible_to(request.actor).select_related("objective"), "key_result_id", pk)


def _bets(request: ApiRequest, team_key: str) -> Any:
    rows = value.Bet.objects.select_related("serves__item__team", "serves__key_result", "verdict__follow_item")
    return rows.filter(serves__item__team=team_of(request, team_key))


def _bet(request: ApiRequest, team_key: str, bet_id: int) -> value.Bet:
    row: value.Bet = found(_bets(request, team_key), pk=bet_id)
    return row
