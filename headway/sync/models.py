"""What an import did, what it remembers for the next one, and what it saw of each item."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Import(models.Model):
    """One file brought in: what became of its rows, and enough to take it back."""

    class State(models.TextChoices):
        UPLOADED = "uploaded"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"
        UNDONE = "undone"

    organisation = models.ForeignKey("people.Organisation", models.CASCADE, related_name="imports")
    team = models.ForeignKey("people.Team", models.CASCADE, null=True, related_name="imports")
    provider = models.CharField(max_length=20)  # jira, github, csv, okrs
    file_name = models.CharField(max_length=255)
    stored_as = models.CharField(max_length=255, blank=True)  # below the data folder, until done
    size_bytes = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.UPLOADED)
    mapping = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)  # read, created, changed, unchanged, kept, missing, waiting
    preview = models.JSONField(default=dict)  # what the first look and the plan found, for the mapping step
    decisions = models.JSONField(default=dict)  # "item:field" → ours, theirs: conflicts settled before it runs
    skipped = models.JSONField(default=list)  # [{line, key, reason}], the first 1,000
    unmapped = models.JSONField(default=list)  # statuses that nobody has explained
    left = models.JSONField(default=list)  # what an undo did not take back: [{key, title, who, at, what}]
    change_id = models.BigIntegerField(null=True)  # its "import.finished"
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(null=True)
    error = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return self.file_name


class ImportedRow(models.Model):
    """What an import did to one item: for the summary and for taking it back."""

    run = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    item = models.ForeignKey("scrum.Item", models.SET_NULL, null=True, related_name="+")
    line = models.PositiveIntegerField(null=True)
    key = models.CharField(max_length=200)
    what = models.CharField(max_length=10)  # created, changed, kept, missing, waiting
    title = models.CharField(max_length=500, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.what} {self.key}"


class TrackedItem(models.Model):
    """What the tracker said of an item the last time: a difference to the item is a local edit."""

    item = models.OneToOneField("scrum.Item", models.CASCADE, related_name="tracked")
    provider = models.CharField(max_length=20)
    fields = models.JSONField(default=dict)
    last_seen = models.ForeignKey(Import, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.provider} {self.item_id}"


class Conflict(models.Model):
    """A field changed here and in the tracker: ours stays until somebody decides."""

    item = models.ForeignKey("scrum.Item", models.CASCADE, related_name="conflicts")
    run = models.ForeignKey(Import, models.CASCADE, related_name="conflicts")
    field = models.CharField(max_length=40)
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    decided = models.CharField(max_length=6, blank=True)  # "", ours, theirs
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "field"], condition=models.Q(decided=""), name="one_open_conflict_a_field"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id}.{self.field}"


class Mapping(models.Model):
    """A team's answers for a provider, asked once: columns, statuses, options."""

    team = models.ForeignKey("people.Team", models.CASCADE, related_name="mappings")
    provider = models.CharField(max_length=20)
    answers = models.JSONField(default=dict)  # {"columns": {}, "statuses": {}, "options": {}}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "provider"], name="one_mapping_a_provider")]

    def __str__(self) -> str:
        return f"{self.team_id} {self.provider}"
