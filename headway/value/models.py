"""Every join of OKRs and Scrum: what an item serves, what a Sprint aims at, bets and their verdicts, Not now."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from headway.people.actor import Actor

PERSON = settings.AUTH_USER_MODEL

LONGEST_LAG_WEEKS = 104
"""What shows later than after two years cannot be told from anything else."""

JUDGED_AFTER = dt.timedelta(days=28)
"""So long after an item was done and its effect shows a bet is judged, where no day was promised."""

ESTIMATES_NEEDED = 3
"""From so many private estimates on they are shown and can be pooled: with fewer one could tell whose they are."""


def due_on(done_on: dt.date, *, lag_weeks: int, judge_on: dt.date | None) -> dt.date:
    """Return the day on which a delivered bet is to be judged: the promised one, else four weeks after it shows.

    >>> due_on(dt.date(2026, 5, 4), lag_weeks=2, judge_on=None)
    datetime.date(2026, 6, 15)
    """
    if judge_on is not None:
        return max(judge_on, done_on)
    return done_on + dt.timedelta(weeks=lag_weeks) + JUDGED_AFTER


class Serves(models.Model):
    """An item serves a Key Result, or a kind of work with its reason. Without a range it is no bet."""

    class Kind(models.TextChoices):
        ENABLER = "enabler", _("enabler")
        HEALTH = "health", _("health")
        COMPLIANCE = "compliance", _("compliance")
        LEARNING = "learning", _("learning")

    item = models.ForeignKey("scrum.Item", models.CASCADE, related_name="serves")
    key_result = models.ForeignKey("okr.KeyResult", models.CASCADE, null=True, blank=True, related_name="served_by")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "key_result"], name="item_serves_kr_once"),
            models.UniqueConstraint(fields=["item"], condition=~Q(kind=""), name="item_has_one_kind"),
            models.CheckConstraint(
                condition=Q(key_result__isnull=False, kind="") | (Q(key_result=None) & ~Q(kind="") & ~Q(reason="")),
                name="serves_kr_or_kind_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} → {self.key_result or self.kind}"


class SprintAim(models.Model):
    """The Key Result that a Sprint Goal names."""

    sprint = models.OneToOneField("scrum.Sprint", models.CASCADE, related_name="aim")
    key_result = models.ForeignKey("okr.KeyResult", models.CASCADE, related_name="sprint_aims")

    def __str__(self) -> str:
        return f"{self.sprint} → {self.key_result}"


class Bet(models.Model):
    """The promise of a Serves: how far the item moves the KR (10th, 50th, 90th percentile, towards better), how likely.

    Movements are in the Key Result's unit and counted towards better. `chance` is 0–1. `lag_weeks` are the weeks
    after it lands until the effect shows. `champion` volunteered to see it through; `champion_asked` was asked to.
    """

    serves = models.OneToOneField(Serves, models.CASCADE, related_name="bet")
    low = models.FloatField(_("low"))
    likely = models.FloatField(_("likely"))
    high = models.FloatField(_("high"))
    chance = models.FloatField(_("chance"), validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    lag_weeks = models.PositiveSmallIntegerField(
        _("weeks until it shows"), default=0, validators=[MaxValueValidator(LONGEST_LAG_WEEKS)]
    )
    judge_on = models.DateField(_("judge on"), null=True, blank=True)
    hypothesis = models.TextField(_("we believe"), blank=True)
    champion = models.ForeignKey(PERSON, models.SET_NULL, null=True, blank=True, related_name="+")
    champion_asked = models.ForeignKey(PERSON, models.SET_NULL, null=True, blank=True, related_name="+")
    by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(low__lte=F("likely"), likely__lte=F("high")), name="bet_in_order"),
            models.CheckConstraint(condition=Q(chance__gte=0, chance__lte=1), name="bet_chance_0_to_1"),
        ]

    def __str__(self) -> str:
        return f"{self.serves}: {self.low} / {self.likely} / {self.high}"

    def warnings(self) -> list[str]:
        """Say what is odd about the promise, though it is allowed."""
        if self.chance <= 0:
            return [gettext("A chance of 0 says that nobody believes in it: it is worth nothing in the order.")]
        if self.chance >= 1:
            return [gettext("A chance of 100 % leaves no room for a miss: the plan will take it for certain.")]
        return []

    def scale_of(self, measured: float) -> int:
        """Grade a measured movement: 5 above the range, 4 inside it, 3 some under low, 2 none, 1 harm."""
        if measured < 0:
            return 1
        if measured > self.high:
            return 5
        if measured >= self.low and measured > 0:
            return 4
        return 3 if measured > 0 else 2


class Estimate(models.Model):
    """What one person thinks that an item would move of a Key Result, given alone and shown without a name.

    It hangs on the two and not on their link, so that it outlives an unlinking that is taken back. `giver` is a keyed
    digest by which its giver finds it again; empty once it can no longer change. `closed_at`: a promise was made of it.
    """

    item = models.ForeignKey("scrum.Item", models.CASCADE, related_name="estimates")
    key_result = models.ForeignKey("okr.KeyResult", models.CASCADE, related_name="estimates")
    low = models.FloatField(_("low"))
    likely = models.FloatField(_("likely"))
    high = models.FloatField(_("high"))
    chance = models.FloatField(_("chance"), validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    giver = models.CharField(max_length=64, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "key_result", "giver"], condition=~Q(giver=""), name="estimate_once_a_giver"
            ),
            models.CheckConstraint(condition=Q(low__lte=F("likely"), likely__lte=F("high")), name="estimate_in_order"),
            models.CheckConstraint(condition=Q(chance__gte=0, chance__lte=1), name="estimate_chance_0_to_1"),
        ]

    def __str__(self) -> str:
        return f"{self.low} / {self.likely} / {self.high}"

    @staticmethod
    def giver_of(item_id: int, key_result_id: int, person_id: int | None) -> str:
        """Return the digest by which somebody's own is found again; it takes the secret key to make it."""
        told = f"{item_id}.{key_result_id}.{person_id}"
        return salted_hmac("headway.value.estimate", told, algorithm="sha256").hexdigest()


class Verdict(models.Model):
    """What a bet moved, judged on a day. `scale` 1–5; None where it cannot be told.

    `measured`, `low` and `high` are in the Key Result's unit, towards better. `facts` is what the engine found then
    (value/queries/found.py): later measurements do not change what was judged.
    """

    class Outcome(models.TextChoices):
        MOVED = "moved", _("moved")
        DID_NOT = "did_not", _("did not move")
        CANNOT_TELL = "cannot_tell", _("cannot be told")

    class Method(models.TextChoices):
        EXPERIMENT = "experiment", _("an experiment")
        CONTROL = "control", _("a series that it could not touch")
        PLACEBO = "placebo", _("launches that never happened")
        WORDS = "words", _("people's words")

    class FollowUp(models.TextChoices):
        KEEP = "keep", _("keep")
        TWEAK = "tweak", _("tweak")
        STOP = "stop", _("stop")
        REVERT = "revert", _("revert")

    bet = models.OneToOneField(Bet, models.CASCADE, related_name="verdict")
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    measured = models.FloatField(_("measured"), null=True, blank=True)
    low = models.FloatField(_("at least"), null=True, blank=True)
    high = models.FloatField(_("at most"), null=True, blank=True)
    chance_moved = models.FloatField(
        _("chance that it moved"), null=True, blank=True, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    method = models.CharField(_("known from"), max_length=10, choices=Method.choices, default=Method.WORDS)
    scale = models.PositiveSmallIntegerField(
        _("scale"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    evidence = models.PositiveSmallIntegerField(
        _("quality of the evidence"), default=3, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    learned = models.TextField(_("what we learned"), blank=True)
    follow_up = models.CharField(_("what follows"), max_length=6, choices=FollowUp.choices, blank=True)
    follow_item = models.ForeignKey("scrum.Item", models.SET_NULL, null=True, blank=True, related_name="+")
    overruled_because = models.TextField(_("why the computed verdict is overruled"), blank=True)
    experiment = models.JSONField(null=True, blank=True)  # {"control": arm, "treatment": arm}: size, mean, variance
    facts = models.JSONField(default=dict, blank=True)
    judged_on = models.DateField(_("judged on"))
    by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="cannot_tell", scale=None) | (~Q(outcome="cannot_tell") & Q(scale__isnull=False)),
                name="verdict_graded_unless_untold",
            ),
            models.CheckConstraint(
                condition=Q(overruled_because="") | Q(method="words"), name="overruled_verdict_is_words"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bet}: {self.outcome}"


class NotNow(models.Model):
    """An item was put on the shelf, with its reason; `ended_at` when it came back."""

    item = models.ForeignKey("scrum.Item", models.CASCADE, related_name="shelved")
    reason = models.CharField(_("why not now"), max_length=300)
    asked_by = models.CharField(_("who asked for it"), max_length=120, blank=True)
    told_on = models.DateField(_("told on"), null=True, blank=True)
    by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["item"], condition=Q(ended_at=None), name="shelved_once_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.reason}"


class Prerequisite(models.Model):
    """An item brings nothing before another one, of its team, is done."""

    item = models.ForeignKey("scrum.Item", models.CASCADE, related_name="prerequisites")
    needs = models.ForeignKey("scrum.Item", models.CASCADE, related_name="prerequisite_of")
    by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["item", "needs"], name="prerequisite_once"),
            models.CheckConstraint(condition=~Q(item=F("needs")), name="prerequisite_is_another"),
        ]

    def __str__(self) -> str:
        return f"{self.item} needs {self.needs}"


class MustHave(models.Model):
    """An item that has to be done, by a day or within the horizon: the plan keeps it, and says what that costs."""

    item = models.OneToOneField("scrum.Item", models.CASCADE, related_name="must_have")
    by_on = models.DateField(_("to be done by"), null=True, blank=True)
    reason = models.CharField(_("why it must be"), max_length=300)
    by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.item} by {self.by_on}"


class KeptForecastQuerySet(models.QuerySet["KeptForecast"]):
    def visible_to(self, actor: Actor) -> KeptForecastQuerySet:
        return self.filter(organisation_id=actor.organisation_id) if actor.organisation_id else self.none()

    def ranges(self) -> KeptForecastQuerySet:
        return self.exclude(quantiles=[])


class KeptForecast(models.Model):
    """A forecast as a person saw it, and how good it was once its date had passed. The program's own record.

    `quantiles` are those of `LEVELS` in the unit of the kind (None: beyond the horizon), or `chance` where it can only
    hold or not. `naive` is the answer without chances: mean velocity, or the last value. `question` tells the forecasts
    of a day apart; looking ten times keeps one. Scored once: what the record learns later does not rewrite it.
    """

    class Kind(models.TextChoices):
        ITEMS_BY_DAY = "items_by_day", _("items done by a day")
        DAY_FOR_ITEMS = "day_for_items", _("day for so many items")
        SPRINT_DONE = "sprint_done", _("open work of a Sprint")
        KEY_RESULT = "key_result", _("Key Result at a day")

    LEVELS: ClassVar[tuple[float, ...]] = tuple(step / 20 for step in range(1, 20))

    organisation = models.ForeignKey("people.Organisation", models.CASCADE, related_name="+")
    team = models.ForeignKey("people.Team", models.CASCADE, null=True, related_name="+", db_index=False)
    key_result = models.ForeignKey("okr.KeyResult", models.CASCADE, null=True, related_name="+")
    sprint = models.ForeignKey("scrum.Sprint", models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    question = models.CharField(max_length=80)
    made_on = models.DateField()
    due_on = models.DateField()  # the last day on which what was asked could still come out
    items = models.PositiveIntegerField(null=True)  # asked for, or open then
    item_ids = models.JSONField(default=list, blank=True)  # of a Sprint: the open ones
    target = models.FloatField(null=True)  # of a Key Result, as it was then
    quantiles = models.JSONField(default=list, blank=True)
    chance = models.FloatField(null=True)
    naive = models.FloatField(null=True)
    sample = models.PositiveIntegerField()  # weeks, or measurements
    model = models.CharField(max_length=40)
    # From here on: known once scored.
    scored_at = models.DateTimeField(null=True)
    truth = models.FloatField(null=True)  # in the unit of the quantiles, 0 or 1 for a chance; None: later than due_on
    happened_on = models.DateField(null=True)  # the day on which so many items were done
    crps = models.FloatField(null=True)
    naive_crps = models.FloatField(null=True)
    pit = models.FloatField(null=True)
    held = models.BooleanField(null=True)  # the truth lay in the range that holds 8 in 10
    brier = models.FloatField(null=True)

    objects = KeptForecastQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["made_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "question", "made_on"], name="forecast_kept_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(chance=None) | Q(chance__gte=0, chance__lte=1), name="kept_chance_0_to_1"
            ),
        ]
        indexes = [
            models.Index(fields=["scored_at", "due_on"], name="forecast_due"),
            models.Index(fields=["team", "kind", "made_on"], name="forecast_of_team"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.question} · {self.made_on}"


class FocusProposalQuerySet(models.QuerySet["FocusProposal"]):
    def visible_to(self, actor: Actor) -> FocusProposalQuerySet:
        return self.filter(team__organisation=actor.organisation_id) if actor.organisation_id else self.none()

    def open(self) -> FocusProposalQuerySet:
        return self.filter(status=FocusProposal.Status.OPEN)


class FocusProposal(models.Model):
    """An order of the backlog that the Scrum Master puts to the Product Owner, and what became of it.

    `order`, `present` and `followed` are ids of items: as proposed, as it stood then, as it was decided. `facts` are
    the figures of that day (value/queries/focus.py): what is learned later does not rewrite them.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        CHANGED = "changed", _("accepted with changes")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")

    team = models.ForeignKey("people.Team", models.CASCADE, related_name="focus_proposals")
    sprint = models.ForeignKey("scrum.Sprint", models.SET_NULL, null=True, blank=True, related_name="+")
    cycle = models.ForeignKey("okr.Cycle", models.SET_NULL, null=True, blank=True, related_name="+")
    order = models.JSONField()
    present = models.JSONField()
    reason = models.TextField(_("why this order"))
    facts = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    status = models.CharField(_("status"), max_length=9, choices=Status.choices, default=Status.OPEN)
    # From here on: known once decided or withdrawn.
    followed = models.JSONField(null=True, blank=True)
    because = models.TextField(_("because"), blank=True)
    decided_by = models.ForeignKey(PERSON, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.ForeignKey("agreements.Decision", models.SET_NULL, null=True, blank=True, related_name="+")

    objects = FocusProposalQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["team"], condition=Q(status="open"), name="one_open_proposal_a_team"),
            models.CheckConstraint(condition=~Q(status="declined", because=""), name="declined_with_a_reason"),
        ]
        indexes = [models.Index(fields=["team", "-at"], name="proposal_of_team")]

    def __str__(self) -> str:
        return f"{self.team}: {self.at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN
