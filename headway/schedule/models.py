"""The schedule: when each job is due next."""

from django.db import models


class Job(models.Model):
    """A job that comes again. Its row is what workers agree by; what is done stands in the code."""

    name = models.CharField(primary_key=True, max_length=80)
    due_at = models.DateTimeField()
    handed_at = models.DateTimeField(null=True)  # to a worker, the last time

    def __str__(self) -> str:
        return f"{self.name}, due {self.due_at:%Y-%m-%d %H:%M}"
