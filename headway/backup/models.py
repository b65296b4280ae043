"""An organisation's export as a file to fetch, and the daily backup of the installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from headway.people.actor import Actor


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, actor: Actor) -> ExportQuerySet:
        """An export is for whoever asked for it, and for nobody else."""
        if not actor.organisation_id or not actor.person_id:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id, by_id=actor.person_id)


class Export(models.Model):
    """An organisation's export that somebody asked for in the browser; its file is removed after a day."""

    class State(models.TextChoices):
        ASKED = "asked"
        READY = "ready"
        FAILED = "failed"

    organisation = models.ForeignKey("people.Organisation", models.CASCADE, related_name="exports")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    state = models.CharField(max_length=6, choices=State.choices, default=State.ASKED)
    stored_as = models.CharField(max_length=255, blank=True)
    rows = models.PositiveIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.organisation} · {self.created_at:%Y-%m-%d}"


class Daily(models.Model):
    """The daily backup of this installation (one row): whether it is on, and how the last one went."""

    is_on = models.BooleanField(default=False)
    keep = models.PositiveSmallIntegerField(default=7)
    begun_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(null=True)
    path = models.CharField(max_length=500, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return "on" if self.is_on else "off"
