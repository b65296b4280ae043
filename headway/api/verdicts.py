"""What bets moved: verdicts, what the figures say, and the impact ledger."""

from collections.abc import Sequence
from typing import Annotated, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.lib import clock
from headway.okr.models import Cycle, KeyResult
from headway.okr.queries import current_cycle
from headway.scrum import models as scrum
from headway.value import actions
from headway.value import models as value
from headway.value.queries import KeyResultLedger, RankedKeyResult, impact_ledger, verdict_screen
from headway.value.queries.controls import MOST_CONTROLS

from .bets import Bet, Computed, FollowUp, Outcome, bet_of, computed, computed_on_the_day, represent_bet
from .platform.asking import ApiRequest
from .platform.finding import chosen, found, team_of
from .platform.routes import Area
from .platform.schemas import Day, Id, In, Number, Out, QueryId, Text

area = Area("Verdicts")
JUDGE = "write:value"


Grade = Annotated[int, Field(strict=True, ge=1, le=5)]


class ControlToChoose(Out):
    """A Key Result that a verdict may be compared with; weeks are those in which both were measured."""

    key_result_id: Id
    name: str
    weeks_before: int
    weeks_after: int
    refused: Annotated[str, Field(description="Why it cannot be a control; empty where it can.")]


class BetImpact(Out):
    """What is known of a bet today; `found` null where `too_little` says why."""

    found: Computed | None
    too_little: str
    see_from: Annotated[Day | None, Field(description="Nothing can be seen before this day.")]
    choices: Annotated[list[ControlToChoose], Field(description="For whoever may judge it, until it is judged.")]
    no_control: Annotated[str, Field(description="Why it cannot be compared with what was asked for.")]
    size_before: Annotated[float | None, Field(description="What the next promises count without this verdict.")]
    size_after: Annotated[float | None, Field(description="And with it; as proposed, until it is judged.")]


class ImpactFilters(In):
    control_id: Annotated[
        list[QueryId], Field(max_length=MOST_CONTROLS, description="Key Results to compare with, before judging.")
    ] = []


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
    control_ids: Annotated[
        list[Id],
        Field(max_length=MOST_CONTROLS, description="Key Results that it did not touch, to compare with."),
    ] = []


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


@area.act("/teams/{team_key}/bets/{int:bet_id}/verdict", scope=JUDGE)
def enter_verdict(request: ApiRequest, team_key: str, bet_id: int, body: NewVerdict) -> Bet:
    """Judge a bet: did the item move its Key Result, by how much, how well is it known?"""
    given = body.model_dump(exclude={"follow_item_number", "experiment", "control_ids"})
    follows = None
    if body.follow_item_number is not None:
        items = scrum.Item.objects.active().filter(team=team_of(request, team_key), number=body.follow_item_number)
        follows = items.first()
        if follows is None:
            raise ValidationError({"follow_item_number": _("There is no item of this number.")})
    arms = _arms(body.experiment) if body.experiment else None
    bet = bet_of(request, team_key, bet_id)
    controls = _controls(request, body.control_ids)
    actions.enter_verdict(bet, by=request.actor, follow_item=follows, experiment=arms, controls=controls, **given)
    return represent_bet(bet_of(request, team_key, bet_id))


@area.remove("/teams/{team_key}/bets/{int:bet_id}/verdict", scope=JUDGE)
def withdraw_verdict(request: ApiRequest, team_key: str, bet_id: int) -> Bet:
    """Take a verdict back, so that the bet can be judged anew."""
    rows = value.Verdict.objects.select_related("bet__serves__item__team")
    verdict = found(rows, bet__serves__item__team=team_of(request, team_key), bet=bet_id)
    actions.withdraw_verdict(verdict, by=request.actor)
    return represent_bet(bet_of(request, team_key, bet_id))


@area.read("/teams/{team_key}/bets/{int:bet_id}/impact")
def get_bet_impact(request: ApiRequest, team_key: str, bet_id: int, filters: Query[ImpactFilters]) -> BetImpact:
    """Read what the figures say of a bet today: did it move its Key Result, by how much?"""
    bet, controls = bet_of(request, team_key, bet_id), _controls(request, filters.control_id)
    screen = verdict_screen(bet, request.actor, today=clock.today(), controls=controls)
    learning = screen.learning
    measured = screen.found if screen.verdict is None else None
    return BetImpact(
        found=computed(measured) if measured else computed_on_the_day(screen.verdict),
        too_little=screen.too_little,
        see_from=screen.see_from,
        choices=[
            ControlToChoose(
                key_result_id=one.id,
                name=one.name,
                weeks_before=one.weeks_before,
                weeks_after=one.weeks_after,
                refused=one.refused,
            )
            for one in screen.choices
        ],
        no_control=screen.no_control,
        size_before=learning.size[0] if learning else None,
        size_after=learning.size[1] if learning else None,
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


def _controls(request: ApiRequest, ids: Sequence[int]) -> list[KeyResult]:
    rows = KeyResult.objects.visible_to(request.actor).select_related("objective__team__organisation")
    return [chosen(rows, "control_ids", pk) for pk in dict.fromkeys(ids)]


def _arms(groups: Groups) -> dict[str, tuple[float, float, float]]:
    both = {"control": groups.control, "treatment": groups.treatment}
    return {name: (group.size, group.mean, group.variance) for name, group in both.items()}


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
