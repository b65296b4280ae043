"""How long the files of imports are kept: what they brought in stays."""

import datetime as dt

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from headway.people.models import Organisation
from headway.people.retention import rule

from . import uploads
from .models import Import


@rule(
    "files",
    _("Files handed in to be imported"),
    _("What was brought in stays. A file that waits for an answer goes too, and is then handed in once more."),
    days=7,
)
class Files:
    def due(self, organisation: Organisation | None, before: dt.datetime) -> int:
        return self._over(organisation, before).count()

    def remove(self, organisation: Organisation | None, before: dt.datetime) -> int:
        runs = list(self._over(organisation, before))
        for run in runs:
            uploads.forget(run)
        return len(runs)

    def _over(self, organisation: Organisation | None, before: dt.datetime) -> QuerySet[Import]:
        kept = Import.objects.filter(organisation=organisation, created_at__lt=before).exclude(stored_as="")
        return kept.exclude(state=Import.State.RUNNING)
