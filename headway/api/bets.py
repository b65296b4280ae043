"""Bets: how far an item is promised to move a Key Result, and who sees it through."""

import datetime as dt
from typing import Annotated, Any, Literal

from ninja import Query
from pydantic import Field

from headway.people.models import Person
from headway.value import actions
from headway.value import models as value
from headway.value.queries import Found
from headway.value.queries.judged import due_on

from .items import Item, item_of, represent_all
from .links import key_result_of
from .platform.asking import ApiRequest
from .platform.finding import chosen, found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.routes import Area
from .platform.schemas import Day, Edit, Id, In, Moment, Number, Out, QueryId, Text

area = Area("Bets")
BET = "write:value"

Outcome = Literal["moved", "did_not", "cannot_tell"]
Method = Literal["experiment", "control", "placebo", "words"]
FollowUp = Literal["keep", "tweak", "stop", "revert"]
Chance = Annotated[float, Field(strict=True, ge=0, le=1, examples=[0.65])]
Lag = Annotated[int, Field(strict=True, ge=0, le=value.LONGEST_LAG_WEEKS)]


class ComparedWith(Out):
    """A Key Result that the launch did not touch, with which this one was compared."""

    key_result_id: Id
    name: str


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
    controls: list[ComparedWith]


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
    judge_on: Annotated[Day | None, Field(description="The promised day to judge it on.")]
    due_on: Annotated[
        Day | None,
        Field(description="Once delivered: the promised day, else four weeks after its lag. Null before."),
    ]
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


class Reason(In):
    """Why; needed once work has started."""

    reason: Text = ""


class BetFilters(Paging):
    key_result_id: QueryId | None = None
    judged: Annotated[bool | None, Field(description="With a verdict, or without.")] = None


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
    return represent_bet(bet_of(request, team_key, bet_id))


@area.create("/teams/{team_key}/items/{int:number}/bets", scope=BET)
def place_bet(request: ApiRequest, team_key: str, number: int, body: NewBet) -> Bet:
    """Promise how far an item moves a Key Result; links the two where they are not linked yet."""
    row, given = item_of(request, team_key, number), body.model_dump(exclude={"key_result_id"})
    made = actions.place_bet(row, by=request.actor, key_result=key_result_of(request, body.key_result_id), **given)
    return get_bet(request, team_key, made.pk)


@area.change("/teams/{team_key}/bets/{int:bet_id}", scope=BET)
def change_bet(request: ApiRequest, team_key: str, bet_id: int, body: BetEdit) -> Bet:
    """Change what was promised; once work has started only with a reason, which becomes a decision."""
    actions.change_bet(bet_of(request, team_key, bet_id), by=request.actor, **body.given())
    return get_bet(request, team_key, bet_id)


@area.act("/teams/{team_key}/bets/{int:bet_id}/withdraw", scope=BET)
def withdraw_bet(request: ApiRequest, team_key: str, bet_id: int, body: Reason) -> Item:
    """Take a promise away; the link stays. Answers with the item."""
    bet = bet_of(request, team_key, bet_id)
    actions.withdraw_bet(bet, by=request.actor, reason=body.reason)
    return represent_all([bet.serves.item])[0]


@area.act("/teams/{team_key}/bets/{int:bet_id}/volunteer", scope=BET)
def champion_bet(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Volunteer to see a bet through, as the token's person."""
    actions.champion_bet(bet_of(request, team_key, bet_id), by=request.actor)
    return get_bet(request, team_key, bet_id)


@area.act("/teams/{team_key}/bets/{int:bet_id}/hand-back", scope=BET)
def release_bet(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Hand one's own championing back."""
    actions.release_bet(bet_of(request, team_key, bet_id), by=request.actor)
    return get_bet(request, team_key, bet_id)


@area.act("/teams/{team_key}/bets/{int:bet_id}/ask-champion", scope=BET)
def ask_champion(request: ApiRequest, team_key: str, bet_id: int, body: AskedChampion) -> Bet:
    """Ask somebody of the team to champion a bet; they say yes (`volunteer`) or no (`decline`)."""
    bet = bet_of(request, team_key, bet_id)
    people = Person.objects.filter(memberships__organisation=request.organisation)
    person = None if body.person_id is None else chosen(people, "person_id", body.person_id)
    actions.ask_champion(bet, person, by=request.actor)
    return get_bet(request, team_key, bet_id)


@area.act("/teams/{team_key}/bets/{int:bet_id}/decline", scope=BET)
def decline_champion(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Say no to having been asked."""
    actions.decline_champion(bet_of(request, team_key, bet_id), by=request.actor)
    return get_bet(request, team_key, bet_id)


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
        due_on=due_on(row),
        hypothesis=row.hypothesis,
        champion_id=row.champion_id,
        champion_asked_id=row.champion_asked_id,
        placed_at=row.at,
        warnings=row.warnings(),
        verdict=_verdict(verdict) if verdict else None,
    )


def bet_of(request: ApiRequest, team_key: str, bet_id: int) -> value.Bet:
    """Return the bet that the address names; 404 where the team has none such."""
    row: value.Bet = found(_bets(request, team_key), pk=bet_id)
    return row


def _bets(request: ApiRequest, team_key: str) -> Any:
    rows = value.Bet.objects.select_related("serves__item__team", "serves__key_result", "verdict__follow_item")
    return rows.filter(serves__item__team=team_of(request, team_key))


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
        found=computed_on_the_day(row),
    )


def computed_on_the_day(row: value.Verdict | None) -> Computed | None:
    """Return what was computed when a bet was judged; None where people's words are all there is."""
    known = Found.read(row.facts) if row else None
    return computed(known) if known else None


def computed(known: Found) -> Computed:
    """Return what the figures say, as the API shows it."""
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
        controls=[ComparedWith(key_result_id=one.key_result_id, name=one.name) for one in known.controls],
    )
