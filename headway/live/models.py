"""History: one row for each action, written in the action's own transaction."""

from django.db import models


class Change(models.Model):
    """What one action did: activity, audit, undo and (later) live update at once.

    Ids are plain so that this area knows no other. `before` and `after` hold what the inverse needs;
    an anonymous writer leaves `actor_id` empty.
    """

    organisation_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=20, default="member")
    # How the token was called that did it: tokens go, what they did stays. Null: none did (no old row is rewritten).
    token_name = models.CharField(max_length=80, null=True)  # noqa: DJ001
    name = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(max_length=300, blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    at = models.DateTimeField()
    undoes = models.OneToOneField("self", null=True, on_delete=models.SET_NULL, related_name="undone_by")

    class Meta:
        indexes = [
            models.Index(fields=["organisation_id", "-id"], name="change_by_organisation"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="change_by_subject"),
            models.Index(fields=["team_id", "-id"], name="change_by_team"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject_label or self.subject_id}"


class Notice(models.Model):
    """What one process tells the others on SQLite; swept away after a minute (see notice.py)."""

    kind = models.CharField(max_length=12)
    body = models.JSONField(default=dict)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
