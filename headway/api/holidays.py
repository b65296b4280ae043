"""Holidays of the organisation and of its teams, and the public holidays that can be taken over."""

import datetime as dt
from typing import Annotated

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.people import actions, models, public_holidays
from headway.people.access import require
from headway.people.holiday_files import NoHolidays, read_holidays
from headway.people.queries import days_kept

from .platform.asking import ApiRequest
from .platform.finding import chosen_team, found
from .platform.paging import Page, Paging, page_of
from .platform.problems import field_problem
from .platform.routes import Area
from .platform.schemas import Day, Edit, Filters, Flag, Id, In, Line, Out, Text, Whole

area = Area("Holidays")
SCOPE = "admin"

Country = Annotated[Line, Field(pattern="^[A-Z]{2}$", description="ISO 3166.", examples=["AT"])]
Region = Annotated[Line, Field(max_length=40, description="As `/public-holidays/regions` names it.", examples=["9"])]
TeamKey = Annotated[Line | None, Field(description="Of this team alone; null: of everybody.", examples=["ANT"])]


class Holiday(Out):
    """Days on which nobody works, both included: of everybody, or of one team."""

    id: Id
    team_key: str | None
    name: str
    first_on: Day
    last_on: Day
    is_yearly: bool


class NewHoliday(In):
    """A holiday to keep; without a last day it is one day."""

    team_key: TeamKey = None
    name: Annotated[Line, Field(min_length=1, max_length=120)]
    first_on: Annotated[Day, Field(examples=["2026-12-24"])]
    last_on: Day | None = None
    is_yearly: Flag = False


class HolidayEdit(Edit):
    """What shall be different of a holiday."""

    name: Annotated[Line, Field(min_length=1, max_length=120)] = "A"
    first_on: Day = dt.date.min
    last_on: Day = dt.date.min
    is_yearly: Flag = False


class HolidayFilters(Paging):
    team_key: Annotated[Line | None, Field(description="Those that hold for this team, else all.")] = None


class HolidayList(In):
    """Many at once: the text of a calendar (.ics) or of a table with a date and a name in each line."""

    team_key: TeamKey = None
    text: Annotated[Text, Field(max_length=200_000, examples=["2026-12-25;Christmas Day"])]


class PublicHolidays(In):
    """Public holidays to take over: all of a year, or of them those on the days given."""

    team_key: TeamKey = None
    country: Country
    region: Region = ""
    year: Annotated[Whole, Field(ge=1, le=9999, examples=[2027])]
    days: Annotated[list[Day] | None, Field(max_length=366)] = None


class Added(Out):
    """What became of a list. It is one Change: its undo takes all of them away again."""

    added: int
    left_out: Annotated[int, Field(description="On days on which nobody works anyway.")]


class PublicHoliday(Out):
    """A public holiday of a country or region."""

    name: str
    on: Day
    is_kept: Annotated[bool, Field(description="Nobody works on that day as things stand.")]


class PublicHolidaysOfYear(Out):
    holidays: list[PublicHoliday]


class CountryOrRegion(Out):
    """A country or region by its code."""

    code: str
    name: str


class Places(Out):
    places: list[CountryOrRegion]


class Which(Filters):
    team_key: Annotated[Line | None, Field(description="For `is_kept`: as this team has it.")] = None
    country: Country
    region: Region = ""
    year: Annotated[int, Field(ge=1, le=9999)]


class OfCountry(Filters):
    country: Country


@area.read("/holidays")
def list_holidays(request: ApiRequest, filters: Query[HolidayFilters]) -> Page[Holiday]:
    """List the holidays, the earliest first."""
    rows = _holidays(request)
    if filters.team_key is not None:
        rows = rows.filter(Q(team=None) | Q(team=chosen_team(request, "team_key", filters.team_key)))
    return page_of(rows, filters, represent, order=("first_on", "id"))


@area.read("/holidays/{int:holiday_id}")
def get_holiday(request: ApiRequest, holiday_id: int) -> Holiday:
    """Read a holiday."""
    return represent(found(_holidays(request), pk=holiday_id))


@area.create("/holidays", scope=SCOPE)
def add_holiday(request: ApiRequest, body: NewHoliday) -> Holiday:
    """Keep days on which nobody works."""
    made = actions.add_holiday(
        _of(request, body.team_key),
        by=request.actor,
        name=body.name,
        first_on=body.first_on,
        last_on=body.last_on or body.first_on,
        is_yearly=body.is_yearly,
    )
    return represent(made)


@area.change("/holidays/{int:holiday_id}", scope=SCOPE)
def edit_holiday(request: ApiRequest, holiday_id: int, body: HolidayEdit) -> Holiday:
    """Change a holiday."""
    return represent(actions.edit_holiday(found(_holidays(request), pk=holiday_id), by=request.actor, **body.given()))


@area.remove("/holidays/{int:holiday_id}", scope=SCOPE)
def remove_holiday(request: ApiRequest, holiday_id: int) -> None:
    """Take a holiday away."""
    actions.remove_holiday(found(_holidays(request), pk=holiday_id), by=request.actor)


@area.create("/holidays/list", scope=SCOPE)
def add_holiday_list(request: ApiRequest, body: HolidayList) -> Added:
    """Bring in a list of holidays."""
    of = _of(request, body.team_key)
    require(request.actor, _verb(of), of)
    try:
        given = read_holidays(body.text)
    except NoHolidays as error:
        raise field_problem("text", str(error)) from error
    return _add(request, of, given)


@area.read("/public-holidays/countries")
def list_countries(request: ApiRequest) -> Places:
    """List the countries whose public holidays are known."""
    return _places(public_holidays.countries())


@area.read("/public-holidays/regions")
def list_regions(request: ApiRequest, filters: Query[OfCountry]) -> Places:
    """List the regions of a country that differ in their holidays."""
    return _places(public_holidays.regions(filters.country))


@area.read("/public-holidays")
def list_public_holidays(request: ApiRequest, filters: Query[Which]) -> PublicHolidaysOfYear:
    """List the public holidays of a year."""
    kept = days_kept(_of(request, filters.team_key))
    found = public_holidays.public_holidays(filters.country, filters.region, filters.year)
    rows = [PublicHoliday(name=name, on=day, is_kept=not kept.is_working(day)) for name, day, _day in found]
    return PublicHolidaysOfYear(holidays=rows)


@area.create("/holidays/public", scope=SCOPE)
def add_public_holidays(request: ApiRequest, body: PublicHolidays) -> Added:
    """Take over the public holidays of a year, or some of them."""
    of = _of(request, body.team_key)
    require(request.actor, _verb(of), of)
    given = public_holidays.public_holidays(body.country, body.region, body.year)
    if body.days is not None:
        none_such = sorted(set(body.days) - {day for _name, day, _day in given})
        if none_such:
            raise field_problem("days", _("%(day)s is no public holiday there.") % {"day": none_such[0].isoformat()})
        given = [one for one in given if one[1] in body.days]
    return _add(request, of, given)


def represent(row: models.Holiday) -> Holiday:
    """Return a holiday as the API shows it."""
    return Holiday(
        id=row.pk,
        team_key=row.team.key if row.team else None,
        name=row.name,
        first_on=row.first_on,
        last_on=row.last_on,
        is_yearly=row.is_yearly,
    )


def _holidays(request: ApiRequest) -> "QuerySet[models.Holiday]":
    return models.Holiday.objects.filter(organisation=request.organisation).select_related("team", "organisation")


def _of(request: ApiRequest, team_key: str | None) -> models.Organisation | models.Team:
    return chosen_team(request, "team_key", team_key) or request.organisation


def _verb(of: models.Organisation | models.Team) -> str:
    return "manage_team" if isinstance(of, models.Team) else "manage_organisation"


def _add(
    request: ApiRequest, of: models.Organisation | models.Team, given: list[tuple[str, dt.date, dt.date]]
) -> Added:
    added, left_out = actions.add_holidays(of, given, by=request.actor)
    return Added(added=added, left_out=left_out)


def _places(named: list[tuple[str, str]]) -> Places:
    return Places(places=[CountryOrRegion(code=code, name=name) for code, name in named])
