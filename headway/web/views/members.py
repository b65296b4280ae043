"""Members of the organisation: those who leave, roles that change hands, and many at once from a table."""

import base64
import csv
import io
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from headway.lib import clock
from headway.people import actions, holdings, queries
from headway.people.access import allows, require
from headway.people.member_table import NotATable, Plan, decode, plan_members
from headway.people.models import Invitation, Membership, Person, Role

from . import Request, add_errors, get_team, toast


def deactivate(request: Request, membership_id: int) -> HttpResponse:
    """Say what somebody holds that is open, hand it over, and close the door."""
    row = _member(request, membership_id)
    require(request.actor, "manage_organisation", request.organisation)
    if row.deactivated_at:
        raise Http404
    errors: list[str] = []
    chosen = request.POST.get("hand_over", "keep")
    if request.method == "POST":
        try:
            heir = _heir(request, chosen)
            change = actions.deactivate_member(row, by=request.actor, hand_over_to=heir, let_go=chosen == "nobody")
            toast(request, _told_of_leaving(row.person, change.after), change)
            return redirect("members")
        except ValidationError as error:
            errors = error.messages
    others = Membership.objects.filter(organisation=request.organisation, deactivated_at=None).exclude(pk=row.pk)
    open_links = Invitation.objects.filter(organisation=request.organisation, by=row.person).open(clock.now())
    context = {
        "member": row,
        "groups": holdings.open_holdings(row.person_id, row.organisation_id),
        "others": list(others.order_by("person__name").values_list("person_id", "person__name")),
        "chosen": chosen,
        "invitations": open_links.count(),
        "errors": errors,
    }
    return render(request, "people/deactivate.html", context, status=422 if errors else 200)


def hand_over_role(request: Request, team_key: str) -> HttpResponse:
    """Hand a role of a team from one person to another at one stroke."""
    team = get_team(request, team_key)
    can_manage = allows(request.actor, "manage_team", team)
    everyone = [row for row in queries.members(request.actor, team) if row.is_active]
    held = [
        (f"{row.person_id}-{role.value}", f"{role.label} · {row.name}")
        for row in everyone
        for role in row.roles
        if can_manage or row.person_id == request.actor.person_id
    ]
    form = HandOverForm(
        request.POST or None,
        held=held,
        people=[(row.person_id, row.name) for row in everyone],
        initial={"held": request.GET.get("held", "")},
    )
    if request.method == "POST":
        if not held:
            require(request.actor, "manage_team", team)
        if form.is_valid():
            change = _hand_over(request, team, form)
            if change:
                toast(request, _told_of_role(change), change)
                return redirect("people", team_key=team.key)
    return render(
        request,
        "people/hand_over.html",
        {"team": team, "form": form, "held": held},
        status=422 if form.errors else 200,
    )


@never_cache
def import_members(request: Request) -> HttpResponse:
    """Bring members in from a table: what becomes of each line first, then all of it or nothing."""
    require(request.actor, "manage_organisation", request.organisation)
    form = TableForm(request.POST or None, request.FILES or None)
    plan: Plan | None = None
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["table"]
        try:
            plan = plan_members(request.organisation, text)
            if request.POST.get("do") == "write" and not plan.errors:
                return _write(request, text)
        except NotATable as error:
            form.add_error("table", str(error))
        except ValidationError as error:
            add_errors(form, error)
    context = {
        "form": form,
        "plan": plan,
        "owners": _several_owners(plan) if plan else [],
        "text": form.cleaned_data.get("table", "") if plan else "",
        "example": 'name,email,team,roles,administrator\nAda Ash,ada@example.org,ANT,"Developer, Scrum Master",no',
    }
    return render(request, "people/import_members.html", context, status=422 if form.errors else 200)


class HandOverForm(forms.Form):
    held = forms.ChoiceField(label=gettext_lazy("Role"))
    to = forms.TypedChoiceField(label=gettext_lazy("Hand it to"), coerce=int)

    def __init__(self, *args: Any, held: list[tuple[str, str]], people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["held"].choices = held  # type: ignore[attr-defined]
        self.fields["to"].choices = people  # type: ignore[attr-defined]


class TableForm(forms.Form):
    """A file, or its lines pasted."""

    file = forms.FileField(label=gettext_lazy("A CSV file"), required=False)
    table = forms.CharField(
        label=gettext_lazy("or its lines, pasted"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("file"):
            try:
                given["table"] = decode(given["file"].read())
            except NotATable as error:
                self.add_error("file", str(error))
        elif not (given.get("table") or "").strip():
            self.add_error("table", _("Choose a file, or paste its lines."))
        return given


def _member(request: Request, membership_id: int) -> Membership:
    rows = Membership.objects.select_related("person", "organisation")
    return get_object_or_404(rows, pk=membership_id, organisation=request.organisation)


def _heir(request: Request, chosen: str) -> Person | None:
    if chosen in {"keep", "nobody"}:
        return None
    heirs = Membership.objects.filter(organisation=request.organisation, deactivated_at=None)
    row = heirs.select_related("person").filter(person_id=int(chosen) if chosen.isdecimal() else 0).first()
    if row is None:
        raise ValidationError(_("Choose another active member of the organisation."))
    return row.person


def _told_of_leaving(person: Person, after: dict[str, Any]) -> str:
    told = [_("%(name)s can no longer sign in here.") % {"name": person.name}]
    if after["handed"]:
        count = after["handed"]
        told.append(ngettext("One thing changed hands.", "%(count)s things changed hands.", count) % {"count": count})
    if after["stay"]:
        told.append(_("These stayed: %(what)s.") % {"what": ", ".join(after["stay"][:5])})
    return " ".join(told)


def _hand_over(request: Request, team: Any, form: HandOverForm) -> Any:
    giver_id, _sign, role = form.cleaned_data["held"].partition("-")
    try:
        return actions.hand_over_role(
            team,
            Role(role),
            giver=Person.objects.get(pk=int(giver_id)),
            to=Person.objects.get(pk=form.cleaned_data["to"]),
            by=request.actor,
        )
    except ValidationError as error:
        add_errors(form, error)
        return None


def _told_of_role(change: Any) -> str:
    role = Role(change.after["role"]).label
    return _("%(name)s is %(role)s now.") % {"name": change.subject_label, "role": role}


def _several_owners(plan: Plan) -> list[tuple[str, str]]:
    """Return (team, names) of the teams that would have more than one Product Owner. A query a team."""
    names: dict[Any, list[str]] = {}
    for member in plan.members:
        for team, roles in member.roles.items():
            if Role.PRODUCT_OWNER in roles:
                names.setdefault(team, []).append(member.person.name if member.person else member.name or member.email)
    all_names = {
        team: [*(person.name for person in queries.holders(team, Role.PRODUCT_OWNER)), *new]
        for team, new in names.items()
    }
    return [(team.name, ", ".join(found)) for team, found in all_names.items() if len(found) > 1]


def _write(request: Request, text: str) -> HttpResponse:
    """Write the table and show the links, once: nobody keeps them."""
    change, invited = actions.import_members(request.organisation, text, by=request.actor)
    toast(request, _("The table is in."), change)
    rows = [
        (made.name, made.email, request.build_absolute_uri(reverse("invitation", args=[made.token])))
        for made in invited
    ]
    context = {"rows": rows, "given": change.after["given"], "file": _as_data(rows)}
    return render(request, "people/import_members_done.html", context)


def _as_data(rows: list[tuple[str, str, str]]) -> str:
    """Return the links as a CSV file that the page itself carries: the server does not keep them for a second call."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["name", "email", "link"])
    writer.writerows([[_harmless(cell) for cell in row] for row in rows])
    return "data:text/csv;base64," + base64.b64encode(file.getvalue().encode("utf-8-sig")).decode()


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{cell}" if cell[:1] in "=+-@\t" else cell
