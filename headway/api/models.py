"""What the API itself keeps: answers to requests that a program may send once more."""

from django.db import models


class Answered(models.Model):
    """The answer to a request with an Idempotency-Key; `status` is empty while the first one still runs.

    No part of an organisation's history: rows go after a day, and no export holds them.
    """

    owner = models.CharField(max_length=32)  # "token:12" or "person:5"
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # of method, address and body
    started_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_answer_a_key")]

    def __str__(self) -> str:
        return f"{self.owner} {self.pk}"
