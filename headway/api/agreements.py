"""Decisions and impediments: what any area can give rise to."""

from typing import Annotated, Any, Literal

from django.apps import apps
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.agreements import actions, models
from headway.people.models import Membership

from .platform.asking import ApiRequest
from .platform.finding import chosen, chosen_team, found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.problems import field_problem
from .platform.routes import Area
from .platform.schemas import Day, Flag, Id, In, Line, Out, QueryId, Text

area = Area("Decisions and impediments")

#: what a decision may be about, by its name in the API
SUBJECTS = {"key_result": "okr.keyresult", "objective": "okr.objective", "item": "scrum.item"}
SubjectType = Literal["key_result", "objective", "item"]


class Decision(Out):
    """What was decided, by whom, why, and when it is looked back at."""

    id: Id
    team_key: str | None
    title: str
    because: str
    subject_type: Annotated[str | None, Field(description="key_result, objective, item, or another kind of row.")]
    subject_id: Id | None
    by: str
    decided_on: Day
    review_on: Day | None
    held: Annotated[bool | None, Field(description="Whether it held; null while that is open.")]
    outcome: str


class NewDecision(In):
    """A decision to write down, of a team or (without one) of the organisation."""

    title: Annotated[Line, Field(max_length=300, examples=["Phone orders get the same discount"])]
    because: Annotated[Text, Field(max_length=20_000, examples=["Half of the shops still call."])]
    team_key: Annotated[Line | None, Field(examples=["ANT"])] = None
    subject_type: SubjectType | None = None
    subject_id: Id | None = None
    decided_on: Day | None = None
    review_on: Day | None = None


class Outcome(In):
    """What became of a decision; null: still open."""

    held: Flag | None
    outcome: Annotated[Text, Field(max_length=20_000, examples=["Nobody asked for it again"])] = ""


class DecisionFilters(Paging):
    team_key: str | None = None
    subject_type: SubjectType | None = None
    subject_id: QueryId | None = None


class Impediment(Out):
    """Something that stands in the team's way, held by one person who volunteered."""

    id: Id
    team_key: str
    title: str
    item_id: Id | None
    owner_id: Id | None
    asked: str
    raised_on: Day
    resolved_on: Day | None


class NewImpediment(In):
    """Something that stands in the team's way."""

    title: Annotated[Line, Field(max_length=300)]
    asked: Annotated[Line, Field(max_length=120, description="Who was asked for help.")] = ""
    raised_on: Day | None = None


class Owner(In):
    """Who holds it; null: nobody."""

    owner_id: Id | None


class Resolved(In):
    """Since when the way is clear; today unless a day is given."""

    on: Day | None = None


class ImpedimentFilters(Paging):
    resolved: Annotated[bool, Field(description="Those that are resolved, in place of the open ones.")] = False


@area.read("/decisions")
def list_decisions(request: ApiRequest, filters: Query[DecisionFilters]) -> Page[Decision]:
    """List decisions, the newest first."""
    rows = _decisions(request)
    if filters.team_key is not None:
        rows = rows.filter(team__key=filters.team_key.upper())
    if filters.subject_type is not None:
        rows = rows.filter(subject_type=SUBJECTS[filters.subject_type])
    if filters.subject_id is not None:
        rows = rows.filter(subject_id=filters.subject_id)
    return page_of(rows, filters, represent, order=("-decided_on", "-id"))


@area.read("/decisions/{int:decision_id}")
def get_decision(request: ApiRequest, decision_id: int) -> Decision:
    """Read a decision."""
    return represent(found(_decisions(request), pk=decision_id))


@area.create("/decisions", scope="write:okr")
def record_decision(request: ApiRequest, body: NewDecision) -> Decision:
    """Write down what was decided and why."""
    team = chosen_team(request, "team_key", body.team_key)
    subject = None
    if (body.subject_type is None) != (body.subject_id is None):
        raise field_problem("subject_id", _("Give “subject_type” and “subject_id” together."))
    if body.subject_type is not None:
        model: Any = apps.get_model(SUBJECTS[body.subject_type])
        subject = chosen(model.objects.visible_to(request.actor), "subject_id", body.subject_id)
    made = actions.record_decision(
        team or request.organisation,
        by=request.actor,
        title=body.title,
        because=body.because,
        subject=subject,
        decided_on=body.decided_on,
        review_on=body.review_on,
    )
    return get_decision(request, made.pk)


@area.act("/decisions/{int:decision_id}/outcome", scope="write:okr")
def set_outcome(request: ApiRequest, decision_id: int, body: Outcome) -> Decision:
    """Say what became of a decision."""
    row = found(_decisions(request), pk=decision_id)
    actions.set_outcome(row, by=request.actor, held=body.held, outcome=body.outcome)
    return get_decision(request, decision_id)


@area.read("/teams/{team_key}/impediments")
def list_impediments(request: ApiRequest, team_key: str, filters: Query[ImpedimentFilters]) -> Page[Impediment]:
    """List what stands in the team's way, the oldest first."""
    rows = models.Impediment.objects.filter(team=team_of(request, team_key), resolved_on__isnull=not filters.resolved)
    return page_of(rows.select_related("team"), filters, represent_impediment, order=("raised_on", "id"))


@area.read("/impediments/{int:impediment_id}")
def get_impediment(request: ApiRequest, impediment_id: int) -> Impediment:
    """Read an impediment."""
    return represent_impediment(_impediment(request, impediment_id))


@area.create("/teams/{team_key}/impediments", scope="write:scrum")
def raise_impediment(request: ApiRequest, team_key: str, body: NewImpediment) -> Impediment:
    """Name what stands in the team's way."""
    made = actions.raise_impediment(
        team_of(request, team_key), by=request.actor, title=body.title, asked=body.asked, raised_on=body.raised_on
    )
    return represent_impediment(made)


@area.act("/impediments/{int:impediment_id}/own", scope="write:scrum")
def own_impediment(request: ApiRequest, impediment_id: int, body: Owner) -> Impediment:
    """Let a person hold an impediment, or nobody."""
    row = _impediment(request, impediment_id)
    members = Membership.objects.filter(organisation=request.organisation, deactivated_at=None)
    if body.owner_id is not None and not members.filter(person=body.owner_id).exists():
        raise field_problem("owner_id", _("Choose somebody of this organisation."))
    actions.own_impediment(row, by=request.actor, owner_id=body.owner_id)
    return get_impediment(request, impediment_id)


@area.act("/impediments/{int:impediment_id}/resolve", scope="write:scrum")
def resolve_impediment(request: ApiRequest, impediment_id: int, body: Resolved) -> Impediment:
    """Say that the way is clear."""
    actions.resolve_impediment(_impediment(request, impediment_id), by=request.actor, on=body.on)
    return get_impediment(request, impediment_id)


def represent(row: models.Decision) -> Decision:
    """Return a decision as the API shows it."""
    names = {label: name for name, label in SUBJECTS.items()}
    return Decision(
        id=row.pk,
        team_key=row.team.key if row.team else None,
        title=row.title,
        because=row.because,
        subject_type=names.get(row.subject_type, row.subject_type) or None,
        subject_id=row.subject_id,
        by=row.by.name if row.by else "",
        decided_on=row.decided_on,
        review_on=row.review_on,
        held=row.held,
        outcome=row.outcome,
    )


def represent_impediment(row: models.Impediment) -> Impediment:
    """Return an impediment as the API shows it."""
    return Impediment(
        id=row.pk,
        team_key=row.team.key,
        title=row.title,
        item_id=row.item_id,
        owner_id=row.owner_id,
        asked=row.asked,
        raised_on=row.raised_on,
        resolved_on=row.resolved_on,
    )


def _decisions(request: ApiRequest) -> "QuerySet[models.Decision]":
    return models.Decision.objects.filter(organisation=request.organisation).select_related("team", "by")


def _impediment(request: ApiRequest, impediment_id: int) -> models.Impediment:
    rows = models.Impediment.objects.filter(team__organisation=request.organisation)
    return found(rows.select_related("team__organisation"), pk=impediment_id)
