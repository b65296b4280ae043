"""What an organisation asks of its members' sign-in, and help for a member who is locked out."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from headway.live.models import Change
from headway.people.access import allows, require
from headway.people.actions import edit_organisation
from headway.people.models import Membership, SecondFactor
from headway.people.sign_in import actions, second_factor

from . import Request, toast


class RulesForm(forms.Form):
    second_factor = forms.ChoiceField(
        label=gettext_lazy("A second factor is required of"), choices=SecondFactor.choices, widget=forms.RadioSelect
    )


def rules(request: Request) -> HttpResponse:
    """Who must have a second factor, and who has none yet."""
    organisation = request.organisation
    form = RulesForm(request.POST or None, initial={"second_factor": organisation.second_factor})
    if request.method == "POST" and form.is_valid():
        before = organisation.second_factor
        edit_organisation(organisation, by=request.actor, **form.cleaned_data)
        latest = Change.objects.filter(organisation_id=organisation.pk, name="organisation.edited").order_by("-pk")
        toast(request, _("Saved."), latest.first() if organisation.second_factor != before else None)
        return redirect("sign-in-rules")
    can_edit = allows(request.actor, "manage_organisation", organisation)
    context = {
        "form": form,
        "can_edit": can_edit and not organisation.is_demonstration,
        "rule": organisation.get_second_factor_display(),
        "without": second_factor.members_without(organisation) if can_edit else [],
    }
    return render(request, "account/rules.html", context, status=422 if form.errors else 200)


def clear(request: Request, membership_id: int) -> HttpResponse:
    """Say what goes when every way in of a member is removed, and why one would; then do it."""
    rows = Membership.objects.select_related("person", "organisation")
    row = get_object_or_404(rows, pk=membership_id, organisation=request.organisation, deactivated_at=None)
    require(request.actor, "manage_organisation", request.organisation)
    errors: list[str] = []
    if request.POST.get("do") == "clear":
        try:
            actions.clear(row, by=request.actor)
            toast(
                request, _("Nobody can sign in as %(name)s until they prove anew who they are.") % {"name": row.person}
            )
            return redirect("members")
        except ValidationError as error:
            errors = error.messages
    context = {"member": row, "errors": errors, "providers": settings.OIDC_PROVIDERS}
    return render(request, "account/clear.html", context, status=422 if errors else 200)


@require_POST
def member(request: Request, membership_id: int) -> HttpResponse:
    """Sign a member out everywhere, or take a lost second factor away."""
    row = get_object_or_404(
        Membership.objects.select_related("person", "organisation"), pk=membership_id, organisation=request.organisation
    )
    name, do = row.person.name, request.POST.get("do", "")
    try:
        if do == "end_sessions":
            count = actions.end_sessions(row, by=request.actor)
            told = ngettext(
                "%(name)s is signed out: %(count)d session ended.",
                "%(name)s is signed out everywhere: %(count)d sessions ended.",
                count,
            )
            toast(request, told % {"name": name, "count": count})
        elif do == "reset_factor":
            actions.reset_second_factor(row, by=request.actor)
            toast(request, _("%(name)s signs in without a second factor now, and is told so.") % {"name": name})
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    key = request.POST.get("team")
    return redirect("people", team_key=key) if key else redirect("members")
