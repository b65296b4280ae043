"""What runs in the background: an organisation's export, the daily backup, and the end of old exports."""

import logging
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django_tasks import task

from headway.lib import clock

from . import actions
from .copy import back_up
from .errors import Refused
from .export import export
from .models import Daily, Export

log = logging.getLogger("headway.backup")


@task()
def write_export(export_id: int) -> None:
    """Write the export that somebody asked for."""
    asked = Export.objects.select_related("organisation").filter(pk=export_id, state=Export.State.ASKED).first()
    if asked is None:
        return
    name = f"{actions.FOLDER}/{secrets.token_hex(16)}.zip"
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        kept = export(path, organisation=asked.organisation)
    except Refused as reason:
        log.warning("export %s was not written: %s", export_id, reason)
        values: dict[str, Any] = {"state": Export.State.FAILED, "error": str(reason)}
    else:
        values = {
            "state": Export.State.READY,
            "stored_as": name,
            "rows": kept.rows,
            "size_bytes": kept.bytes,
        }
    if not Export.objects.filter(pk=export_id).update(**values, finished_at=clock.now()):
        path.unlink(missing_ok=True)  # it was deleted meanwhile


@task()
def daily_backup() -> None:
    """Make the backup of the day, where it is switched on."""
    daily = Daily.objects.filter(pk=1, is_on=True).first()
    if daily is None:
        return
    daily.begun_at = clock.now()
    folder = Path(settings.BACKUP_FOLDER)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = back_up(folder, keep=daily.keep)
    except (Refused, OSError) as reason:
        log.error("the daily backup failed: %s", reason)
        daily.error = str(reason)
    else:
        daily.made_at, daily.path, daily.size_bytes, daily.error = daily.begun_at, str(kept.path), kept.bytes, ""
    daily.save(update_fields=["begun_at", "made_at", "path", "size_bytes", "error"])


@task()
def forget_old_exports() -> None:
    """Delete exports whose day is over."""
    actions.forget_old()
