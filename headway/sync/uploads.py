"""Files that were handed in by the browser, and how far their import is.

Progress and the wish to stop lie in files beside the upload: while an import writes, SQLite lets nobody else write.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from headway.lib import clock

from .models import Import
from .rows import NotThisFormat

KEPT_DAYS = 7  # a file that was looked at and never brought in
SILENT_SECONDS = 60  # after which a running import is taken for dead


@dataclass(frozen=True)
class Progress:
    """How far an import is. `rows` are the last ones that were written, fit for a page."""

    done: int = 0
    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()
    started_at: dt.datetime | None = None
    at: dt.datetime | None = None

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds to go at the pace so far; None before anything is done."""
        if not self.done or not self.started_at or not self.at:
            return None
        return (self.at - self.started_at).total_seconds() * (self.total - self.done) / self.done


def keep(file: File[bytes], name: str) -> str:
    """Store an upload below the data folder; return what it is stored as."""
    return default_storage.save(f"imports/tracker{Path(name).suffix.casefold()[:10]}", file)


def path_of(run: Import) -> Path:
    """Return where the file of an import lies. Raises NotThisFormat where it is gone."""
    path = Path(default_storage.path(run.stored_as)) if run.stored_as else None
    if path is None or not path.is_file():
        raise NotThisFormat(_("The file is no longer here."), todo=_("Choose it once more."))
    return path


def forget(run: Import) -> None:
    """Remove the stored file and what lies beside it."""
    tidy(run)
    if not run.stored_as:
        return
    default_storage.delete(run.stored_as)
    run.stored_as = ""
    run.save(update_fields=["stored_as"])


def tidy(run: Import) -> None:
    """Remove what told how far an import is, and the wish to stop it."""
    for suffix in ("progress", "stop"):
        _beside(run, suffix).unlink(missing_ok=True)


def forget_old(team_id: int) -> None:
    """Remove files that were looked at some days ago and never brought in."""
    limit = clock.now() - dt.timedelta(days=KEPT_DAYS)
    states = [Import.State.UPLOADED, Import.State.FAILED, Import.State.STOPPED]
    for run in Import.objects.filter(team=team_id, state__in=states, created_at__lt=limit).exclude(stored_as=""):
        forget(run)
        if run.state == Import.State.UPLOADED:
            run.delete()


def write_progress(run: Import, progress: Progress) -> None:
    """Tell how far an import is."""
    document = {
        "done": progress.done,
        "total": progress.total,
        "counts": dict(progress.counts),
        "rows": list(progress.rows),
        "started_at": progress.started_at and progress.started_at.isoformat(),
        "at": clock.now().isoformat(),
    }
    path = _beside(run, "progress")
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(document), encoding="utf-8")
    new.replace(path)


def read_progress(run: Import) -> Progress:
    """Return how far an import is; an empty Progress before it begins."""
    try:
        document = json.loads(_beside(run, "progress").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Progress(total=run.rows_total or 0)
    return Progress(
        done=document["done"],
        total=document["total"],
        counts=document["counts"],
        rows=document["rows"],
        started_at=_moment(document["started_at"]),
        at=_moment(document["at"]),
    )


def ask_to_stop(run: Import) -> None:
    path = _beside(run, "stop")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def is_stop_asked(run: Import) -> bool:
    return _beside(run, "stop").exists()


def is_dead(run: Import) -> bool:
    """Say whether an import that should be running has not been heard of for a while."""
    heard = read_progress(run).at or run.created_at
    return (clock.now() - heard).total_seconds() > SILENT_SECONDS


def _beside(run: Import, suffix: str) -> Path:
    return Path(default_storage.path(f"imports/{run.pk}.{suffix}"))


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
