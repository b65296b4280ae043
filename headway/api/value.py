"""The value sheet: the backlog as bets."""

from typing import Annotated, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.people.models import Team
from headway.value.documents import plan_document
from headway.value.queries import Sheet, rest_of_backlog, value_sheet

from .platform.asking import ApiRequest
from .platform.finding import team_of
from .platform.routes import Area
from .platform.schemas import Day, Filters, Out

area = Area("Value sheet")
MOST_ROWS = 1000


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


class MustOnSheet(Out):
    """By when an item has to be done (null: within the horizon), why, and whether any order can have it done then."""

    by_on: Day | None
    reason: str
    can_be: bool


class Turn(Out):
    """Two items change places once a belief about the first is no longer `now` but `at`, all else as believed."""

    item: str
    other: str
    belief: Annotated[
        Literal["chance", "size", "effort"],
        Field(description="Chance 0–1; size as a factor on the range; effort in weeks of work."),
    ]
    now: float
    at: float


class FoundOut(Out):
    """What a test of an item that is right 8 times in 10 is worth before it is built."""

    item: str
    by: Annotated[str | None, Field(description="The item of learning that is the test; else a day's work.")]
    cost_weeks: float
    worth: float
    per_week: float


class Departure(Out):
    """An item that stands elsewhere in the best order than by a column, counted among the bets from 1."""

    item: str
    place: int
    column_place: int
    why: Literal["due", "needed", "needs", "gap_filled", "late", "all_or_nothing", "others_moved", "range"]


class Departures(Out):
    """Where the best order departs from WSJF (CD3) and from RICE."""

    cd3: list[Departure]
    rice: list[Departure]


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
    value: Annotated[float | None, Field(description="Alone, and landed today.")]
    value_per_week: float | None
    adds: Annotated[float | None, Field(description="Where it stands, given what stands above it.")]
    cost_of_waiting: Annotated[float | None, Field(description="What is lost if it comes one Sprint later.")]
    chance_of_paying: Annotated[float | None, Field(description="To bring anything where it stands, 0–1.")]
    lands_weeks: Annotated[
        list[float] | None,
        Field(description="Weeks from the next Sprint's first day until it is done: 10th, 50th, 90th percentile."),
    ]
    tie: int | None
    needs: Annotated[list[str], Field(description="Open items that it needs first, by key.")]
    must: MustOnSheet | None
    more_bets: list[BetOnSheet]


class SprintAhead(Out):
    """How far down a coming Sprint reaches; `items_done` by its end with a chance of 0.1, 0.5, 0.9 of no more."""

    sprint: str
    ends_on: Day
    items_that_fit: Annotated[int, Field(description="By their expected work, those of the Sprints before it too.")]
    items_done: dict[str, int]


class SheetCapacity(Out):
    """What the next Sprint holds, and how far down the next three reach."""

    sprint: str
    weeks: float
    items_that_fit: int
    sprints: list[SprintAhead]


class ShelfRow(Out):
    """An item on the shelf and what each week without it costs."""

    key: str
    title: str
    reason: str
    asked_by: str | None
    told_on: Day | None
    cost_of_waiting: Annotated[float | None, Field(description="What each week without it gives up.")]


class ValueSheet(Out):
    """The backlog as bets, in the Product Owner's order; values in `unit` over the horizon."""

    team: str
    unit: str
    horizon_weeks: int
    items: list[SheetRow]
    value_present: Annotated[float | None, Field(description="Of the work in the present order.")]
    value_shown: Annotated[float | None, Field(description="Of the order shown: the present one, or the one tried.")]
    value_best: Annotated[float | None, Field(description="Of the best order found.")]
    best_order: Annotated[list[str] | None, Field(description="Keys of the sheet's items in the best order found.")]
    optimality_gap: Annotated[
        float | None,
        Field(description="By what share any other order could at most be better; null where that is not proved."),
    ]
    turns: Annotated[list[Turn], Field(description="Of the best order: its first place, then neighbours.")]
    find_out_first: Annotated[list[FoundOut], Field(description="Most worth for each week that the test costs first.")]
    departures: Departures
    not_now: list[ShelfRow]
    capacity: SheetCapacity | None
    missing: Annotated[str | None, Field(description="What is needed before values can be told.")]


class SheetFilters(Filters):
    raw: Annotated[bool, Field(description="Price promises as they were made.")] = False
    order: Annotated[
        str,
        Field(max_length=10_000, pattern=r"^([0-9]{1,9}([.][0-9]{1,9})*)?$", description="To try: numbers, as 12.5.7."),
    ] = ""


@area.read("/teams/{team_key}/value-sheet")
def get_value_sheet(request: ApiRequest, team_key: str, filters: Query[SheetFilters]) -> ValueSheet:
    """Read the value sheet: what has a promise or is work of a kind, then the first 1,000 of the rest."""
    team = team_of(request, team_key)
    sheet = _sheet(request, team, filters)
    rest = rest_of_backlog(team, sheet, per_page=MOST_ROWS)
    return ValueSheet.model_validate(plan_document(sheet, rest.rows))


def _sheet(request: ApiRequest, team: Team, filters: SheetFilters) -> Sheet:
    """Return the sheet, in the order that is tried; 422 where that does not name its items, each once."""
    order = [int(number) for number in filters.order.split(".")] if filters.order else None
    try:
        return value_sheet(team, request.actor, raw=filters.raw, order=order)
    except ValueError as error:
        raise ValidationError({"order": _("Name all items of the sheet, each once.")}) from error
