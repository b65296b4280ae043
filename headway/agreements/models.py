"""What any area can give rise to: a Decision, an Impediment. Subjects are plain ids, so that this area lies low."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Decision(models.Model):
    """What was decided, by whom, why, and when we look back at it."""

    organisation = models.ForeignKey("people.Organisation", models.CASCADE, related_name="decisions")
    team = models.ForeignKey("people.Team", models.CASCADE, null=True, related_name="decisions")
    title = models.CharField(_("decision"), max_length=300)
    because = models.TextField(_("because"))
    subject_type = models.CharField(max_length=40, blank=True)  # "okr.keyresult", "scrum.item" …
    subject_id = models.BigIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_on = models.DateField(_("on"))
    review_on = models.DateField(_("look back on"), null=True, blank=True)
    held = models.BooleanField(null=True)  # None: still open
    outcome = models.TextField(_("what became of it"), blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-decided_on", "-id"]

    def __str__(self) -> str:
        return self.title


class Impediment(models.Model):
    """Something that stands in the team's way, held by one person who volunteered."""

    team = models.ForeignKey("people.Team", models.CASCADE, related_name="impediments")
    title = models.CharField(_("what is in the way"), max_length=300)
    item_id = models.BigIntegerField(null=True)  # the backlog item that it blocks
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked = models.CharField(_("who was asked"), max_length=120, blank=True)
    raised_on = models.DateField()
    resolved_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["raised_on", "id"]

    def __str__(self) -> str:
        return self.title
