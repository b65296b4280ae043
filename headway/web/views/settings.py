"""Settings: the organisation, its units and teams, people and their roles, a team's Sprint and board, and oneself."""

from collections.abc import Callable
from copy import copy
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.live import history
from headway.live.models import Change
from headway.people import actions, queries
from headway.people.access import allows, require
from headway.people.models import Membership, Role, Team, Unit
from headway.scrum import actions as scrum
from headway.scrum.models import Column

from ..live import PEOPLE, Follows, Per, live
from . import Request, add_errors, get_team, toast
from .people_forms import (
    AddPersonForm,
    ColumnForm,
    ColumnsForm,
    GiveRolesForm,
    NameForm,
    NewTeamForm,
    OrganisationForm,
    PlaceForm,
    TeamForm,
    UnitForm,
)

ROLE_ORDER = (Role.PRODUCT_OWNER, Role.SCRUM_MASTER, Role.DEVELOPER, Role.STAKEHOLDER)


def home(request: Request) -> HttpResponse:
    """Open the section that most come for: the people of the current team."""
    teams = Team.objects.visible_to(request.actor).active()
    team = teams.filter(key=request.session.get("team", "")).first() or teams.first()
    return redirect("people", team_key=team.key) if team else redirect("teams")


# Organisation


def organisation(request: Request) -> HttpResponse:
    """Name, strategy, currency, time zone."""
    form = OrganisationForm(request.POST or None, instance=copy(request.organisation))
    if request.method == "POST" and form.is_valid():
        saved = _save(
            request,
            form,
            request.organisation,
            lambda: actions.edit_organisation(request.organisation, by=request.actor, **form.cleaned_data),
        )
        if saved:
            return redirect("organisation-settings")
    return _render(
        request,
        "people/organisation.html",
        {"form": form, "can_edit": allows(request.actor, "manage_organisation", request.organisation)},
        form,
    )


@live(page=Follows(PEOPLE, Per.ORGANISATION))
def teams(request: Request) -> HttpResponse:
    """Units and teams; a new one of each."""
    kind = request.POST.get("kind")
    team_form = NewTeamForm(
        request.POST if kind == "team" else None, organisation=request.organisation, auto_id="team-%s"
    )
    unit_form = UnitForm(request.POST if kind == "unit" else None, organisation=request.organisation, auto_id="unit-%s")
    if kind == "team" and team_form.is_valid():
        with history.recording() as made:
            team = _try(team_form, lambda: _create_team(request, **team_form.cleaned_data))
        if team is not None:
            created = next((change for change in made if change.name == "team.created"), None)
            toast(request, _("%(name)s is here. Add its people.") % {"name": team.name}, created)
            return redirect("people", team_key=team.key)
    if kind == "unit" and unit_form.is_valid():
        with history.recording() as made:
            unit = _try(
                unit_form,
                lambda: actions.create_unit(request.organisation, by=request.actor, **unit_form.cleaned_data),
            )
        if unit is not None:
            toast(request, _("%(name)s is here.") % {"name": unit.name}, made[-1] if made else None)
            return redirect("teams")
    context = {
        "rows": queries.units_and_teams(request.actor),
        "team_form": team_form,
        "unit_form": unit_form,
        "can_edit": allows(request.actor, "manage_organisation", request.organisation),
    }
    return _render(request, "people/teams.html", context, team_form, unit_form)


def unit(request: Request, unit_id: int) -> HttpResponse:
    """Rename or move a unit."""
    row = get_object_or_404(Unit, pk=unit_id, organisation=request.organisation)
    form = UnitForm(
        request.POST or None,
        initial={"name": row.name, "parent": row.parent_id},
        organisation=request.organisation,
        subject=row,
    )
    if request.method == "POST" and form.is_valid():
        if _save(request, form, row, lambda: actions.edit_unit(row, by=request.actor, **form.cleaned_data)):
            return redirect("teams")
        row.refresh_from_db()
    can_edit = allows(request.actor, "manage_organisation", request.organisation)
    return _render(request, "people/unit.html", {"form": form, "unit": row, "can_edit": can_edit}, form)


def roles(request: Request) -> HttpResponse:
    """The whole table of who may do what."""
    return render(request, "people/roles.html", {"verbs": queries.verbs_and_roles()})


# Everyone of the organisation


@live(page=Follows(PEOPLE | {"password", "password_link"}, Per.ORGANISATION))
def members(request: Request) -> HttpResponse:
    """Everyone of the organisation, and a way to add somebody."""
    form = AddPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _add_person(request, form, None):
        return redirect("members")
    page = request.GET.get("page", "")
    asked = {"search": request.GET.get("q", "")[:200], "state": request.GET.get("state", "")}
    context = {
        "page": queries.member_page(request.actor, **asked, number=int(page) if page.isdecimal() else 1),
        "asked": asked,
        "form": form,
        "can_edit": allows(request.actor, "manage_organisation", request.organisation),
        "issued": request.session.pop("issued", None),
    }
    return _render(request, "people/members.html", context, form)


@require_POST
def member(request: Request, membership_id: int) -> HttpResponse:
    """Do one thing to a member: reactivate, administrator, a new link. Deactivation has a page of its own."""
    row = get_object_or_404(
        Membership.objects.select_related("person", "organisation"), pk=membership_id, organisation=request.organisation
    )
    do = request.POST.get("do", "")
    name = row.person.name
    try:
        if do == "reactivate":
            _reactivate(request, row)
        elif do in {"administrator", "no_administrator"}:
            change = actions.set_administrator(row, do == "administrator", by=request.actor)
            told = (
                _("%(name)s is an administrator now.") if do == "administrator" else _("%(name)s is no administrator.")
            )
            toast(request, told % {"name": name}, change)
        elif do == "link":
            _issue(request, name, actions.issue_password_link(row, by=request.actor))
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    key = request.POST.get("team")
    return redirect("people", team_key=key) if key else redirect("members")


# A team


@live(page=Follows(PEOPLE | {"password", "password_link"}, Per.ORGANISATION))
def people(request: Request, team_key: str) -> HttpResponse:
    """People and roles of a team; somebody new; a role for somebody who is here already."""
    team = get_team(request, team_key)
    everyone = queries.members(request.actor, team)
    kind = request.POST.get("kind")
    others = [(row.person_id, row.name) for row in everyone if row.is_active and not row.roles]
    add_form = AddPersonForm(request.POST if kind == "add" else None, auto_id="add-%s")
    give_form = GiveRolesForm(request.POST if kind == "give" else None, people=others, auto_id="give-%s")
    if kind == "add" and add_form.is_valid() and _add_person(request, add_form, team):
        return redirect("people", team_key=team.key)
    if kind in {"give", "set"} and (asks := _second_owner(request, team, everyone)):
        return asks
    if kind == "give" and give_form.is_valid():
        _set_roles(request, team, give_form.cleaned_data["person"], give_form.cleaned_data["roles"])
        return redirect("people", team_key=team.key)
    if kind == "set":
        _set_roles(request, team, request.POST.get("person", "0"), request.POST.getlist("roles"))
        return redirect("people", team_key=team.key)
    context = {
        "team": team,
        "members": sorted((row for row in everyone if row.roles and row.is_active), key=_by_role),
        "waiting": [row for row in everyone if row.roles and row.is_active and not row.has_password],
        "others": others,
        "roles": Role.choices,
        "add_form": add_form,
        "give_form": give_form,
        "can_set": allows(request.actor, "manage_team", team),
        "my_roles": request.actor.roles.get(team.pk, frozenset()),
        "can_add": allows(request.actor, "manage_organisation", request.organisation),
        "issued": request.session.pop("issued", None),
    }
    return _render(request, "people/people.html", context, add_form, give_form)


def team(request: Request, team_key: str) -> HttpResponse:
    """A team's name, key, Sprint and working days, and the columns of its board."""
    row = get_team(request, team_key)
    form = TeamForm(request.POST or None, instance=copy(row), organisation=request.organisation)
    if request.method == "POST" and form.is_valid():
        if _save(request, form, row, lambda: actions.edit_team(row, by=request.actor, **form.values())):
            return redirect("team-settings", team_key=row.key)
        row = get_team(request, team_key)
    return _team_page(request, row, form, ColumnForm(auto_id="column-%s"))


@require_POST
def columns(request: Request, team_key: str) -> HttpResponse:
    """Add a column, save all of them, or take one away."""
    row = get_team(request, team_key)
    present = list(Column.objects.filter(team=row))
    form = ColumnForm(request.POST, auto_id="column-%s")
    do = request.POST.get("do", "")
    if do == "add":
        with history.recording() as made:
            is_added = form.is_valid() and _try(
                form, lambda: scrum.create_column(row, by=request.actor, **form.cleaned_data)
            )
        if is_added:
            toast(request, _("The board has a column more."), made[-1])
            return redirect("team-settings", team_key=row.key)
        return _team_page(request, row, _team_form(request, row), form, status=422)
    if do == "save":
        return _save_columns(request, row, present)
    try:
        if do.startswith(("up-", "down-")):
            toast(request, _("Moved."), _move_column(request, row, present, do))
        elif do.startswith("delete-"):
            column = get_object_or_404(Column, pk=_number(do), team=row)
            target = Column.objects.filter(team=row, pk=_number(request.POST.get("move_to", ""))).first()
            toast(
                request,
                _("%(name)s is gone from the board.") % {"name": column.name},
                scrum.delete_column(column, by=request.actor, move_to=target),
            )
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    return redirect("team-settings", team_key=row.key)


@require_POST
def archive_team(request: Request, team_key: str) -> HttpResponse:
    row = get_team(request, team_key)
    change = actions.archive_team(row, by=request.actor)
    request.session.pop("team", None)
    toast(request, _("%(name)s is put away, with its history.") % {"name": row.name}, change)
    return redirect("teams")


def _by_role(row: queries.MemberRow) -> tuple[int, str]:
    return min(ROLE_ORDER.index(role) for role in row.roles), row.name.casefold()


# Oneself


def profile(request: Request) -> HttpResponse:
    """The own name and place; ways to sign in have a page of their own."""
    kind = request.POST.get("kind", "name")
    given = request.POST if request.method == "POST" else None
    place = PlaceForm(
        given if kind == "place" else None,
        person=request.user,
        organisation=request.organisation,
        auto_id="place-%s",
    )
    form = NameForm(given if kind == "name" else None, initial={"name": request.user.name}, subject=copy(request.user))
    if kind == "place" and place.is_valid():
        person = copy(request.user)
        if _save(
            request, place, request.user, lambda: actions.place_person(person, by=request.actor, **place.cleaned_data)
        ):
            return redirect("profile")
    if kind == "name" and form.is_valid():
        person = copy(request.user)
        if _save(
            request, form, request.user, lambda: actions.edit_person(person, by=request.actor, **form.cleaned_data)
        ):
            return redirect("profile")
    return _render(request, "people/profile.html", {"name_form": form, "place_form": place}, form, place)


def browser(request: Request) -> HttpResponse:
    """Keys and theme of this browser."""
    return render(request, "people/browser.html")


# What the pages above share


def _render(request: Request, template: str, context: dict[str, Any], *forms: Any) -> HttpResponse:
    """Answer 422 where a form has errors: the page comes back with what was typed."""
    return render(request, template, context, status=422 if any(form.errors for form in forms) else 200)


def _try(form: Any, act: Callable[[], Any]) -> Any:
    """Run an action; its errors go to the form, and the result is None."""
    try:
        return act()
    except ValidationError as error:
        add_errors(form, error)
        return None


def _save(request: Request, form: Any, row: models.Model, edit: Callable[[], Any]) -> bool:
    """Run an edit of `row` and say so, with Undo where something changed. False where the form has errors."""
    about = Change.objects.filter(subject_type=row._meta.label_lower, subject_id=row.pk).order_by("-pk")
    last = about.first()
    if _try(form, edit) is None:
        return False
    change = about.first()
    toast(request, _("Saved."), change if change != last else None)
    return True


@transaction.atomic
def _create_team(request: Request, **fields: Any) -> Team:
    team = actions.create_team(request.organisation, by=request.actor, **fields)
    scrum.ensure_columns(team)
    return team


def _add_person(request: Request, form: AddPersonForm, team: Team | None) -> bool:
    given = dict(form.cleaned_data)
    held = [Role(role) for role in given.pop("roles")]

    @transaction.atomic
    def add() -> tuple[str, str | None]:
        person, token = actions.add_person(request.organisation, by=request.actor, **given)
        if team and held:
            actions.set_roles(team, person, held, by=request.actor)
        return person.name, token

    done = _try(form, add)
    if done is None:
        return False
    name, token = done
    if token:
        _issue(request, name, token)
    else:
        toast(request, _("%(name)s is here, and signs in as before.") % {"name": name})
    return True


def _issue(request: Request, name: str, token: str) -> None:
    """Keep a link for the next page, which shows it once."""
    address = request.build_absolute_uri(reverse("password-link", args=[token]))
    request.session["issued"] = {"name": name, "address": address}


def _reactivate(request: Request, row: Membership) -> None:
    closed = Change.objects.filter(
        name="member.deactivated", subject_type=row._meta.label_lower, subject_id=row.pk
    ).latest("pk")
    try:
        history.undo(closed, by=request.actor)
        toast(request, _("%(name)s can sign in again.") % {"name": row.person.name})
    except history.CannotUndo as reason:
        toast(request, str(reason), tone="bad")


def _second_owner(request: Request, team: Team, everyone: tuple[queries.MemberRow, ...]) -> HttpResponse | None:
    """Ask once more where somebody would become a second Product Owner; None where nobody would, or it was said."""
    owner = Role.PRODUCT_OWNER
    chosen = _number(request.POST.get("person", "0"))
    person = next((row for row in everyone if row.person_id == chosen), None)
    others = [row for row in everyone if owner in row.roles and row.is_active and row.person_id != chosen]
    is_new = person is not None and owner in request.POST.getlist("roles") and owner not in person.roles
    if not is_new or not others or request.POST.get("confirmed") or not allows(request.actor, "manage_team", team):
        return None
    fields = [(name, value) for name in ("kind", "person", "was", "roles") for value in request.POST.getlist(name)]
    context = {
        "team": team,
        "person": person.name if person else "",
        "owners": [row.name for row in others],
        "held": f"{others[0].person_id}-{owner.value}",
        "fields": fields,
    }
    return render(request, "people/second_owner.html", context)


def _set_roles(request: Request, team: Team, person_id: Any, chosen: list[str]) -> None:
    row = get_object_or_404(
        Membership.objects.select_related("person"),
        person_id=_number(str(person_id)),
        organisation=request.organisation,
    )
    wanted = {Role(role) for role in chosen if role in Role.values}
    if "was" in request.POST:
        # What somebody else gave or took while this form was open stays so.
        shown = set(request.POST.getlist("was"))
        held = set(row.person.team_roles.filter(team=team).values_list("role", flat=True))
        wanted = {role for role in Role if (role in held if (role in wanted) == (role in shown) else role in wanted)}
    change = actions.set_roles(team, row.person, wanted, by=request.actor)
    toast(request, _("Roles of %(name)s saved.") % {"name": row.person.name}, change)


def _team_page(
    request: Request,
    row: Team,
    form: TeamForm,
    column_form: ColumnForm,
    *,
    columns_form: ColumnsForm | None = None,
    status: int | None = None,
) -> HttpResponse:
    columns = list(Column.objects.filter(team=row).annotate(held=models.Count("items")))
    columns_form = columns_form or ColumnsForm(columns=columns)
    context = {
        "team": row,
        "form": form,
        "column_form": column_form,
        "columns": columns,
        "columns_form": columns_form,
        "can_edit": allows(request.actor, "manage_team", row),
        "can_archive": allows(request.actor, "manage_organisation", row),
    }
    has_errors = form.errors or columns_form.errors
    return render(request, "people/team.html", context, status=status or (422 if has_errors else 200))


def _team_form(request: Request, row: Team) -> TeamForm:
    return TeamForm(instance=copy(row), organisation=request.organisation)


def _save_columns(request: Request, team: Team, present: list[Column]) -> HttpResponse:
    """Save all columns as one step; the page comes back with what was typed where that cannot be."""
    require(request.actor, "manage_team", team)
    form = ColumnsForm(request.POST, columns=present)
    if form.is_valid():
        try:
            change = scrum.edit_columns(team, form.values(), by=request.actor)
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("The columns are saved.") if change else _("Nothing was changed."), change)
            return redirect("team-settings", team_key=team.key)
    return _team_page(request, team, _team_form(request, team), ColumnForm(auto_id="column-%s"), columns_form=form)


def _move_column(request: Request, team: Team, present: list[Column], do: str) -> Change | None:
    column = get_object_or_404(Column, pk=_number(do), team=team)
    here = present.index(column)
    there = min(max(here + (-1 if do.startswith("up-") else 1), 0), len(present) - 1)
    present.insert(there, present.pop(here))
    return scrum.order_columns(team, present, by=request.actor)


def _number(text: str) -> int:
    """Return the number at the end of `text`, 0 where there is none."""
    digits = text.rpartition("-")[2].strip()
    return int(digits) if digits.isascii() and digits.isdigit() else 0
