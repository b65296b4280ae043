"""Export and backup: take the organisation's data along; see how the installation's daily backup does."""

from pathlib import Path

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.backup import actions
from headway.backup.models import Daily, Export
from headway.lib import clock
from headway.people.access import require

from . import Request, toast

SECONDS_TO_LOOK_AGAIN = 3


def keeping(request: Request) -> HttpResponse:
    """Ask for an export, and see where it stands."""
    require(request.actor, "export_organisation", request.organisation)
    if request.method == "POST":
        if request.POST.get("do") == "export":
            actions.ask_for_export(request.organisation, by=request.actor)
        return redirect("keeping")
    export = Export.objects.visible_to(request.actor).first()
    is_host = actions.is_host(request.actor)
    context = {
        "export": export,
        "until": export.created_at + actions.KEPT_FOR if export else None,
        "is_host": is_host,
        "daily": (Daily.objects.filter(pk=1).first() or Daily()) if is_host else None,
    }
    answer = render(request, "keeping/keeping.html", context)
    if export and export.state == Export.State.ASKED:
        answer["Refresh"] = str(SECONDS_TO_LOOK_AGAIN)
    return answer


@require_POST
def daily(request: Request) -> HttpResponse:
    """Switch the daily backup."""
    is_on = request.POST.get("daily")
    change = None
    if is_on in {"on", "off"}:
        change = actions.set_daily(is_on == "on", by=request.actor, organisation=request.organisation)
    else:
        require(request.actor, "export_organisation", request.organisation)
    if change:
        toast(request, _("The daily backup is on.") if is_on == "on" else _("The daily backup is off."), change)
    return redirect("keeping")


def download(request: Request, export_id: int) -> HttpResponseBase:
    """Send the file, to whoever asked for it and to nobody else."""
    require(request.actor, "export_organisation", request.organisation)
    export = get_object_or_404(Export.objects.visible_to(request.actor), pk=export_id, state=Export.State.READY)
    path = Path(default_storage.path(export.stored_as))
    if not path.is_file() or export.created_at + actions.KEPT_FOR < clock.now():
        raise Http404
    name = f"headway-{export.created_at:%Y-%m-%d}.zip"
    answer = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
def delete(request: Request, export_id: int) -> HttpResponse:
    """Delete the file before its day is over."""
    export = get_object_or_404(Export.objects.visible_to(request.actor), pk=export_id)
    actions.delete_export(export, by=request.actor)
    toast(request, _("Deleted."))
    return redirect("keeping")
