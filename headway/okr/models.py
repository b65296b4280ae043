"""Cycles, Objectives, Key Results and their Measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from . import grading

if TYPE_CHECKING:
    from headway.people.actor import Actor


class CycleQuerySet(models.QuerySet["Cycle"]):
    def visible_to(self, actor: Actor) -> CycleQuerySet:
        return self.filter(organisation_id=actor.organisation_id) if actor.organisation_id else self.none()

    def active(self) -> CycleQuerySet:
        return self.filter(archived_at=None)


class Cycle(models.Model):
    """The time for which OKRs are agreed, usually a quarter."""

    organisation = models.ForeignKey("people.Organisation", models.CASCADE, related_name="cycles")
    name = models.CharField(_("name"), max_length=80)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = CycleQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["starts_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="cycle_name_unique"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="cycle_ends_after_start"),
        ]

    def __str__(self) -> str:
        return self.name


class ObjectiveQuerySet(models.QuerySet["Objective"]):
    def visible_to(self, actor: Actor) -> ObjectiveQuerySet:
        return self.filter(cycle__organisation_id=actor.organisation_id) if actor.organisation_id else self.none()

    def active(self) -> ObjectiveQuerySet:
        return self.filter(archived_at=None)


class Objective(models.Model):
    """Where to, in words; a team's, a unit's, or (neither) the organisation's."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="objectives")
    organisation = models.ForeignKey("people.Organisation", models.CASCADE, related_name="objectives")
    unit = models.ForeignKey("people.Unit", models.CASCADE, null=True, blank=True, related_name="objectives")
    team = models.ForeignKey("people.Team", models.CASCADE, null=True, blank=True, related_name="objectives")
    title = models.CharField(_("objective"), max_length=500)
    why = models.TextField(_("why now"), blank=True)
    position = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=300, blank=True)  # where an import found it: file, line
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ObjectiveQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]

    def __str__(self) -> str:
        return self.title


class KeyResultQuerySet(models.QuerySet["KeyResult"]):
    def visible_to(self, actor: Actor) -> KeyResultQuerySet:
        if not actor.organisation_id:
            return self.none()
        return self.filter(objective__organisation_id=actor.organisation_id)

    def active(self) -> KeyResultQuerySet:
        return self.filter(archived_at=None, objective__archived_at=None)


class KeyResult(models.Model):
    """From–to: a metric, its unit and direction, a baseline and a target.

    "Stay within" is bounded by `lower` and/or `upper` in place of a target. Without a baseline it is a learning KR
    until it is measured. A movement is always counted towards better: +2 of a KR that should fall is a fall of 2.
    """

    class Direction(models.TextChoices):
        INCREASE = "increase", _("increase")
        DECREASE = "decrease", _("decrease")
        STAY_WITHIN = "stay_within", _("stay within")
        MILESTONE = "milestone", _("milestone")

    class Type(models.TextChoices):
        ASPIRATIONAL = "aspirational", _("aspirational")
        COMMITTED = "committed", _("committed")
        LEARNING = "learning", _("learning")
        COMPLIANCE = "compliance", _("compliance")

    class Class(models.TextChoices):
        LEADING = "leading", _("leading")
        LAGGING = "lagging", _("lagging")
        GUARDRAIL = "guardrail", _("guardrail")

    class EbmArea(models.TextChoices):
        CURRENT_VALUE = "CV", _("current value")
        UNREALISED_VALUE = "UV", _("unrealised value")
        ABILITY_TO_INNOVATE = "A2I", _("ability to innovate")
        TIME_TO_MARKET = "T2M", _("time to market")

    objective = models.ForeignKey(Objective, models.CASCADE, related_name="key_results")
    title = models.CharField(_("key result"), max_length=500)
    short_name = models.CharField(_("short name"), max_length=40, help_text=_("Two words, for tags."))
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    direction = models.CharField(_("direction"), max_length=12, choices=Direction.choices, default=Direction.INCREASE)
    baseline = models.FloatField(_("from"), null=True, blank=True)
    target = models.FloatField(_("to"), null=True, blank=True)
    lower = models.FloatField(_("at least"), null=True, blank=True)
    upper = models.FloatField(_("at most"), null=True, blank=True)
    type = models.CharField(_("type"), max_length=12, choices=Type.choices, default=Type.ASPIRATIONAL)
    klass = models.CharField(_("class"), max_length=10, choices=Class.choices, default=Class.LEADING)
    ebm_area = models.CharField(_("value area"), max_length=3, choices=EbmArea.choices, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    measured_from = models.CharField(_("measured from"), max_length=200, blank=True, help_text=_("Source and rhythm."))
    worth = models.FloatField(
        _("worth of closing the gap"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0.0)],
        help_text=_("Money over the horizon of value; empty: all Key Results count the same."),
    )
    position = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=300, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = KeyResultQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["objective__position", "objective_id", "position", "id"]

    def __str__(self) -> str:
        return self.title

    @property
    def organisation_id(self) -> int:
        return self.objective.organisation_id

    @property
    def team_id(self) -> int | None:
        return self.objective.team_id

    @property
    def team(self) -> object | None:
        return self.objective.team

    @property
    def is_guardrail(self) -> bool:
        return self.klass == self.Class.GUARDRAIL

    @property
    def terms(self) -> grading.Terms:
        """What was agreed, as plain values."""
        return grading.Terms(
            type=self.type,
            direction=self.direction,
            is_guardrail=self.is_guardrail,
            baseline=self.baseline,
            target=self.target,
            lower=self.lower,
            upper=self.upper,
        )

    def moved(self, value: float | None) -> float | None:
        """Share of the way from baseline to target that `value` stands for, 0–1 (clipped); None where it has none."""
        return grading.moved(self.terms, value)


class MeasurementQuerySet(models.QuerySet["Measurement"]):
    def visible_to(self, actor: Actor) -> MeasurementQuerySet:
        if not actor.organisation_id:
            return self.none()
        return self.filter(key_result__objective__organisation_id=actor.organisation_id)

    def current(self) -> MeasurementQuerySet:
        """Those that count: neither withdrawn nor replaced by a correction that still stands."""
        return self.filter(Q(corrected_by=None) | Q(corrected_by__withdrawn_at__isnull=False), withdrawn_at=None)


class Measurement(models.Model):
    """A value of a Key Result on a day: the only thing that moves it. A correction points at what it replaces."""

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="measurements")
    measured_on = models.DateField(_("on"))
    value = models.FloatField(_("value"))
    source = models.CharField(_("source"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    entered_at = models.DateTimeField()
    corrects = models.OneToOneField("self", models.SET_NULL, null=True, related_name="corrected_by")
    withdrawn_at = models.DateTimeField(null=True)  # taken back; kept for history

    objects = MeasurementQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["measured_on", "id"]
        indexes = [models.Index(fields=["key_result", "measured_on"], name="measurement_series")]

    def __str__(self) -> str:
        return f"{self.value} · {self.measured_on}"


class CheckIn(models.Model):
    """What people think of a Key Result on a day: confidence 0–10 and why."""

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="check_ins")
    measurement = models.ForeignKey(Measurement, models.SET_NULL, null=True, related_name="+")
    on = models.DateField()
    confidence = models.PositiveSmallIntegerField(_("confidence"), null=True, validators=[MaxValueValidator(10)])
    text = models.TextField(_("what happened"), blank=True)
    next_step = models.CharField(_("next"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["-on", "-id"]

    def __str__(self) -> str:
        return f"{self.key_result} · {self.on}"


class Alignment(models.Model):
    """A Key Result contributes to another, one level up."""

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="contributes_to")
    upper = models.ForeignKey(KeyResult, models.CASCADE, related_name="contributors")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key_result", "upper"], name="one_alignment"),
            models.CheckConstraint(condition=~Q(key_result=F("upper")), name="not_aligned_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.key_result} → {self.upper}"
