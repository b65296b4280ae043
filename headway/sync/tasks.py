"""What runs in the background: the first look over a large file, and the import itself."""

import logging
from collections.abc import Sequence

from django_tasks import task

from headway.lib import clock
from headway.people.access import Forbidden
from headway.people.actor import Actor, actor_for
from headway.people.models import Person

from . import uploads
from .actions import Stopped, import_file, stop_import
from .looking import look_over
from .models import Import
from .plan import Planned
from .preview import as_row
from .rows import NotThisFormat
from .survey import Answers
from .write import Writer

log = logging.getLogger("headway.sync")

LAST_ROWS = 8


@task()
def look_over_file(import_id: int) -> None:
    """Look over a file that is too large to do it while somebody waits."""
    run = Import.objects.filter(pk=import_id, state=Import.State.UPLOADED).first()
    if run is not None:
        look_over(run)


@task()
def bring_in(import_id: int, person_id: int) -> None:
    """Bring a file in for the person who asked for it, with the roles that they have now."""
    run = Import.objects.select_related("organisation", "team").filter(pk=import_id).first()
    if run is None or run.state != Import.State.RUNNING:
        return
    try:
        _bring_in(run, person_id)
    finally:
        if run.state == Import.State.DONE and run.counts.get("waiting"):
            uploads.tidy(run)  # an answer brings the rest in without the file being handed in again
        else:
            uploads.forget(run)


def _bring_in(run: Import, person_id: int) -> None:
    actor = _actor(run, person_id)
    if actor is None:
        stop_import(run)
        return
    started_at = clock.now()

    def on_batch(writer: Writer, batch: Sequence[Planned]) -> None:
        rows = [as_row(planned) for planned in batch if planned.what != "unchanged"][-LAST_ROWS:]
        counts = writer.totals()
        progress = uploads.Progress(counts["read"], run.rows_total or counts["read"], counts, rows[::-1], started_at)
        uploads.write_progress(run, progress)
        if uploads.is_stop_asked(run):
            raise Stopped

    answers = Answers.from_json(run.mapping)
    try:
        import_file(run, uploads.path_of(run), by=actor, answers=answers, may_wait=True, on_batch=on_batch)
    except (Stopped, NotThisFormat, Forbidden) as reason:
        log.info("import %s did not come in: %s", run.pk, str(reason) or "stopped")
        stop_import(run, str(reason))


def _actor(run: Import, person_id: int) -> Actor | None:
    person = Person.objects.filter(pk=person_id).first()
    return actor_for(person, run.organisation) if person else None
