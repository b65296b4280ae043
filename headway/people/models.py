"""Organisations, their units and teams, the people in them and the roles they hold."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from headway.lib.days import Calendar, Off

if TYPE_CHECKING:
    from .actor import Actor


class Role(models.TextChoices):
    """What somebody is in a team; one person may hold several."""

    SCRUM_MASTER = "scrum_master", _("Scrum Master")
    PRODUCT_OWNER = "product_owner", _("Product Owner")
    DEVELOPER = "developer", _("Developer")
    STAKEHOLDER = "stakeholder", _("Stakeholder")


class SecondFactor(models.TextChoices):
    """Who of an organisation must have a second way to prove who they are."""

    NOBODY = "nobody", _("Nobody")
    ADMINISTRATORS = "administrators", _("Administrators")
    EVERYBODY = "everybody", _("Everybody")


class Organisation(models.Model):
    """One organisation; nothing of it is ever seen from another."""

    name = models.CharField(_("name"), max_length=120)
    strategy = models.TextField(
        _("strategy"), blank=True, help_text=_("One sentence, in sight wherever goals are made.")
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    locale = models.CharField(_("language and region"), max_length=20, default="en-GB")
    week_start = models.PositiveSmallIntegerField(
        _("first day of the week"), default=0, validators=[MaxValueValidator(6)], help_text=_("0 is Monday.")
    )
    horizon_weeks = models.PositiveSmallIntegerField(
        _("horizon of value in weeks"), default=26, validators=[MinValueValidator(1), MaxValueValidator(260)]
    )
    second_factor = models.CharField(
        _("second factor required of"), max_length=16, choices=SecondFactor.choices, default=SecondFactor.NOBODY
    )
    is_demonstration = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """A part of the organisation; units form a tree."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="units")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    name = models.CharField(_("name"), max_length=120)
    position = models.PositiveIntegerField(_("place"), default=0)  # among those under the same unit

    def __str__(self) -> str:
        return self.name


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, actor: Actor) -> TeamQuerySet:
        """Every member of an organisation sees all its teams; nobody sees another's."""
        return self.filter(organisation_id=actor.organisation_id) if actor.organisation_id else self.none()

    def active(self) -> TeamQuerySet:
        return self.filter(archived_at=None)


class Team(models.Model):
    """A Scrum Team. Its key is short, in capitals and unique in the installation: it stands in every URL."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="teams")
    unit = models.ForeignKey(Unit, models.SET_NULL, null=True, blank=True, related_name="teams")
    key = models.CharField(
        _("key"),
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9]{0,11}\Z", _("Capital letters and digits, a letter first."))],
    )
    name = models.CharField(_("name"), max_length=120)
    sprint_days = models.PositiveSmallIntegerField(
        _("Sprint length in days"), default=14, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    working_days = models.JSONField(_("working days"), default=list, blank=True)  # 0 = Monday; empty = Monday to Friday
    # The holidays that hold for the team once more ([first, last, is yearly]; actions/holidays.py keeps them): what
    # counts working days has the team at hand, and asks no table.
    days_off = models.JSONField(default=list, blank=True, editable=False)
    reserve = models.FloatField(
        _("share of a Sprint kept for the unplanned"),
        default=0.2,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.9)],
    )
    no_kr_limit = models.FloatField(
        _("agreed share of work that serves no Key Result"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
    )
    next_item_number = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def calendar(self) -> Calendar:
        """The days on which the team works."""
        return _calendar(
            tuple(self.working_days), tuple((first, last, yearly) for first, last, yearly in self.days_off)
        )


@lru_cache(maxsize=1024)
def _calendar(working: tuple[int, ...], days_off: tuple[tuple[str, str, bool], ...]) -> Calendar:
    date = dt.date.fromisoformat
    return Calendar(working, tuple(Off(date(first), date(last), yearly) for first, last, yearly in days_off))


class Holiday(models.Model):
    """Days on which nobody works: of the whole organisation, or of one team."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="holidays")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="holidays")
    name = models.CharField(_("name"), max_length=120)
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    is_yearly = models.BooleanField(_("every year"), default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["first_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_on__gte=models.F("first_on")), name="holiday_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def off(self) -> Off:
        """Its days."""
        return Off(self.first_on, self.last_on, self.is_yearly)


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, email: str | None) -> Person:
        return self.get(email__iexact=email or "")


class Person(AbstractBaseUser):
    """Somebody who can sign in; may belong to several organisations."""

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(default=True)
    # Empty: as the organisation has it.
    locale = models.CharField(_("language and region"), max_length=20, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    week_start = models.PositiveSmallIntegerField(
        _("first day of the week"), null=True, blank=True, validators=[MaxValueValidator(6)]
    )
    created_at = models.DateTimeField()
    anonymised_at = models.DateTimeField(null=True, blank=True)  # name and e-mail are gone since, for good

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = PersonManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="person_email_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        words = [word for word in self.name.split() if word[0].isalnum()]
        letters = [words[0][0], words[-1][0]] if len(words) > 1 else [self.name[:2]]
        return "".join(letters).upper()

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.email


class Membership(models.Model):
    """A person in an organisation."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    is_administrator = models.BooleanField(default=False)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "person"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.person} · {self.organisation}"


class TeamRole(models.Model):
    """One role of a person in a team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="roles")
    person = models.ForeignKey(Person, models.CASCADE, related_name="team_roles")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "person", "role"], name="one_team_role")]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()} · {self.team}"


class OneTimeLink(models.Model):
    """A link that works once: the first administrator's, or a person's way to a password. Only its hash is kept."""

    class Purpose(models.TextChoices):
        SETUP = "setup"
        PASSWORD = "password"

    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="one_time_links")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, actor: Actor) -> InvitationQuerySet:
        return self.filter(organisation_id=actor.organisation_id) if actor.organisation_id else self.none()

    def open(self, now: dt.datetime) -> InvitationQuerySet:
        """Those that can still be accepted."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)


class Invitation(models.Model):
    """A link that lets one person into the organisation, once, with the roles named. Only its hash is kept."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"), max_length=254, blank=True)  # empty: whoever holds the link
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_administrator = models.BooleanField(default=False)
    token_hash = models.CharField(max_length=64, unique=True)
    by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "-id"]
        indexes = [models.Index(fields=["organisation", "expires_at"], name="invitation_by_end")]

    def __str__(self) -> str:
        return self.name or self.email or f"invitation {self.pk}"


class InvitedRole(models.Model):
    """A role that comes with an invitation."""

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="roles")
    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invitation", "team", "role"], name="one_invited_role")]

    def __str__(self) -> str:
        return f"{self.get_role_display()} · {self.team}"


class Retention(models.Model):
    """How many days an organisation keeps what is no longer needed; the rules are those of people.retention."""

    organisation = models.OneToOneField(Organisation, models.CASCADE, related_name="retention")
    days = models.JSONField(_("days"), default=dict)  # name of a rule → days, or null: for ever

    def __str__(self) -> str:
        return f"{self.organisation} keeps {self.days}"


class ApiToken(models.Model):
    """A key for programs, of a person or of a team. Shown once; only the hash of its secret is kept."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="api_tokens")
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="api_tokens")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    public_id = models.CharField(max_length=16, unique=True)  # in the clear part of the token
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(_("scopes"), default=list)
    roles = models.JSONField(default=list)  # a team's token acts with these roles in its team
    made_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person=None, team__isnull=False) | models.Q(person__isnull=False, team=None),
                name="token_of_person_or_team",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Throttle(models.Model):
    """How far a key has used up its tries (people.throttle)."""

    key = models.CharField(primary_key=True, max_length=64)  # a keyed hash: neither e-mail nor address can be read
    full_at = models.BigIntegerField(db_index=True)  # [µs since 1970] when all tries are there again

    def __str__(self) -> str:
        return self.key[:8]
