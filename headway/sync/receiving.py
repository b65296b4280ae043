"""Receive a tracker's file: keep it, tell what it is, and look it over, at once or in the background."""

from django.core.files.base import File
from django.utils.translation import gettext as _

from headway.people.actor import Actor
from headway.people.models import Team

from . import actions, uploads
from .looking import NOW_BYTES, look_over
from .models import Import
from .rows import NotThisFormat
from .sources import NAMES, guess_provider, remembered
from .tasks import look_over_file


def receive(team: Team, file: "File[bytes]", *, by: Actor, provider: str = "") -> Import:
    """Store a file and look it over, at once where it is small. Raises NotThisFormat, and keeps nothing, for no export.

    `provider` is guessed from the file where it is none of ours.
    """
    if not file.size:
        raise NotThisFormat(_("No file was chosen, or it is empty."), todo=_("Choose the tracker's export."))
    uploads.forget_old(team.pk)
    run = actions.begin_import(
        team,
        by=by,
        provider="csv",
        file_name=file.name or _("file"),
        size_bytes=file.size,
        stored_as=uploads.keep(file, file.name or ""),
    )
    try:
        run.provider = provider if provider in NAMES else guess_provider(uploads.path_of(run))
        run.mapping = remembered(team, run.provider).to_json()
        run.save(update_fields=["provider", "mapping"])
        look_now_or_later(run)
        if "refused" in run.preview:
            raise NotThisFormat(**run.preview["refused"])
    except NotThisFormat:
        uploads.forget(run)
        run.delete()
        raise
    return run


def look_now_or_later(run: Import) -> None:
    """Look a file over, in the background where it is large: `run.preview` is empty until then."""
    if run.size_bytes <= NOW_BYTES:
        look_over(run)
    else:
        look_over_file.enqueue(import_id=run.pk)
