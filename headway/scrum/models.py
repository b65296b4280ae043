"""The Product Backlog, Sprints and the board, with the full history of each item's status."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headway.lib.ranks import RankField

if TYPE_CHECKING:
    from headway.people.actor import Actor


class Category(models.TextChoices):
    """The three categories that every column belongs to."""

    TODO = "todo", _("To do")
    DOING = "doing", _("In progress")
    DONE = "done", _("Done")


class Column(models.Model):
    """A column of the team's board, in one of the three categories."""

    team = models.ForeignKey("people.Team", models.CASCADE, related_name="columns")
    name = models.CharField(_("name"), max_length=80)
    category = models.CharField(_("category"), max_length=5, choices=Category.choices)
    position = models.PositiveIntegerField(default=0)
    limit = models.PositiveSmallIntegerField(_("limit of work in progress"), null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="column_name_unique")]

    def __str__(self) -> str:
        return self.name


class Sprint(models.Model):
    """A Sprint with its goal. Dates may be unknown where only a tracker's name for it is."""

    team = models.ForeignKey("people.Team", models.CASCADE, related_name="sprints")
    number = models.PositiveIntegerField()
    name = models.CharField(_("name"), max_length=120)
    goal = models.CharField(_("Sprint Goal"), max_length=500, blank=True)
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    tracker_name = models.CharField(max_length=200, blank=True)  # the name an import knows it by

    class Meta:
        ordering: ClassVar[list[str]] = ["number", "id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "number"], name="sprint_number_unique"),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="sprint_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ItemQuerySet(models.QuerySet["Item"]):
    def visible_to(self, actor: Actor) -> ItemQuerySet:
        return self.filter(team__organisation_id=actor.organisation_id) if actor.organisation_id else self.none()

    def active(self) -> ItemQuerySet:
        return self.filter(removed_at=None)

    def open(self) -> ItemQuerySet:
        return self.active().exclude(category=Category.DONE)

    def in_order(self) -> ItemQuerySet:
        return self.order_by("rank", "id")


class Item(models.Model):
    """A Backlog Item. Its key is the team's key and its number, e.g. RFL-249; a tracker's key stands beside it.

    `category` repeats that of `column` so that counting needs no join; `move_item` keeps the two together.
    """

    class Kind(models.TextChoices):
        STORY = "story", _("story")
        BUG = "bug", _("bug")
        TASK = "task", _("task")
        EPIC = "epic", _("epic")
        SUBTASK = "subtask", _("sub-task")
        SPIKE = "spike", _("spike")
        OTHER = "other", _("other")

    # A foreign key has no index of its own where one below begins with it: an import writes fewer.
    team = models.ForeignKey("people.Team", models.CASCADE, related_name="items", db_index=False)
    number = models.PositiveIntegerField()
    title = models.CharField(_("title"), max_length=500)
    description = models.TextField(_("description"), blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.STORY)
    column = models.ForeignKey(Column, models.PROTECT, related_name="items", db_index=False)
    category = models.CharField(max_length=5, choices=Category.choices, default=Category.TODO)
    rank = RankField()
    size = models.FloatField(_("size"), null=True, blank=True, validators=[MinValueValidator(0.0)])
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    sprint = models.ForeignKey(Sprint, models.SET_NULL, null=True, blank=True, related_name="items")
    assignees = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="items")
    resolution = models.CharField(max_length=80, blank=True)
    due_on = models.DateField(_("due"), null=True, blank=True)
    blocked_since = models.DateField(null=True, blank=True)
    blocked_because = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    # What an import knows: the tracker's key, columns that nobody maps (searchable), gone from a newer export.
    tracker_key = models.CharField(max_length=200, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "number"], name="item_number_unique"),
            models.UniqueConstraint(
                fields=["team", "tracker_key"], condition=~Q(tracker_key=""), name="item_tracker_key_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["team", "rank"], name="item_by_rank"),
            models.Index(fields=["column", "rank"], name="item_by_lane"),
            # With removal in it, open items are counted without reading one.
            models.Index(fields=["team", "category", "done_at", "removed_at"], name="item_by_state"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def key(self) -> str:
        return f"{self.team.key}-{self.number}"


class Transition(models.Model):
    """An item entered a status. `status` is the name it had then; the column may be gone since."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="transitions", db_index=False)
    status = models.CharField(max_length=120)
    category = models.CharField(max_length=5, choices=Category.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    is_imported = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["at", "id"]
        indexes = [models.Index(fields=["item", "at"], name="transition_by_item")]

    def __str__(self) -> str:
        return f"{self.status} · {self.at:%Y-%m-%d}"


class SprintStay(models.Model):
    """An item was in a Sprint from `added_at` to `removed_at`: what keeps burn-ups right when the scope changes."""

    sprint = models.ForeignKey(Sprint, models.CASCADE, related_name="stays", db_index=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="stays")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["sprint", "added_at"], name="stay_by_sprint")]

    def __str__(self) -> str:
        return f"{self.item} in {self.sprint}"


class ItemLink(models.Model):
    """A tracker's or a person's link between two items: blocks, relates to, duplicates …"""

    item = models.ForeignKey(Item, models.CASCADE, related_name="links")
    to = models.ForeignKey(Item, models.CASCADE, related_name="linked_from")
    type = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "to", "type"], name="one_item_link")]

    def __str__(self) -> str:
        return f"{self.item} {self.type} {self.to}"
