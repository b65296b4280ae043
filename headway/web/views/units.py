"""A unit: rename it, move it, put it in order, delete it while it is empty."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.people import actions
from headway.people.models import Unit

from . import Request, toast


@require_POST
def order(request: Request, unit_id: int) -> HttpResponse:
    """Move a unit up or down among those that lie under the same one."""
    row = get_object_or_404(Unit, pk=unit_id, organisation=request.organisation)
    beside = Unit.objects.filter(organisation=row.organisation, parent=row.parent_id).order_by("position", "name")
    here = list(beside.values_list("pk", flat=True)).index(row.pk)
    change = actions.order_unit(row, by=request.actor, to=here + (1 if request.POST.get("do") == "down" else -1))
    if change:
        toast(request, _("Moved."), change)
    return redirect("teams")


@require_POST
def delete(request: Request, unit_id: int) -> HttpResponse:
    """Delete a unit that holds nothing."""
    row = get_object_or_404(Unit, pk=unit_id, organisation=request.organisation)
    try:
        change = actions.delete_unit(row, by=request.actor)
        toast(request, _("%(name)s is gone.") % {"name": change.subject_label}, change)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
        return redirect("unit", unit_id=row.pk)
    return redirect("teams")
