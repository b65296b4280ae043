"""Second factors: who has one, who must have one, and what a person is told at the next sign-in."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _

from headway.live.models import Change

from ..actor import Actor
from ..models import Membership, Organisation, SecondFactor

_HAS = "second_factor"
PROVES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True)
class Passkey:
    id: int
    name: str
    added_at: dt.datetime
    used_at: dt.datetime | None


@dataclass(frozen=True)
class Factors:
    """What a person has beside a password."""

    app_added_at: dt.datetime | None = None
    passkeys: list[Passkey] = field(default_factory=list)
    codes_left: int | None = None  # None: none were ever made

    @property
    def has_one(self) -> bool:
        return self.app_added_at is not None or bool(self.passkeys)


def factors_of(person_id: int) -> Factors:
    """Return a person's second factors. One query."""
    app_added_at, passkeys, codes_left = None, [], None
    for row in Authenticator.objects.filter(user_id=person_id).order_by("created_at"):
        if row.type == Authenticator.Type.TOTP:
            app_added_at = row.created_at
        elif row.type == Authenticator.Type.WEBAUTHN:
            passkeys.append(Passkey(row.pk, row.data["name"], row.created_at, row.last_used_at))
        else:
            codes_left = _codes_left(row.data)
    return Factors(app_added_at, passkeys, codes_left)


def has_one(person_id: int) -> bool:
    """Say whether a person has a second factor. One query."""
    return Authenticator.objects.filter(user_id=person_id, type__in=PROVES).exists()


def is_required(actor: Actor, organisation: Organisation) -> bool:
    """Say whether the organisation requires a second factor of this member."""
    if organisation.is_demonstration or actor.kind != "member":
        return False
    rule = organisation.second_factor
    return rule == SecondFactor.EVERYBODY or (rule == SecondFactor.ADMINISTRATORS and actor.is_administrator)


def is_missing(actor: Actor, organisation: Organisation, session: Any) -> bool:
    """Say whether a required second factor is missing. No query, or one until the session knows that there is one."""
    if not is_required(actor, organisation) or session.get(_HAS):
        return False
    if actor.person_id is None or not has_one(actor.person_id):
        return True
    session[_HAS] = True
    return False


def trust(session: Any) -> None:
    """Take the session for one with a second factor: the provider has asked for it."""
    session[_HAS] = True


def look_again(session: Any) -> None:
    """Ask anew whether there is one: one was taken away."""
    session.pop(_HAS, None)


def members_without(organisation: Organisation) -> list[Membership]:
    """Return the active members who have no second factor, by name. One query."""
    having = Authenticator.objects.filter(type__in=PROVES).values("user_id")
    rows = Membership.objects.filter(organisation=organisation, deactivated_at=None).exclude(person_id__in=having)
    return list(rows.select_related("person").order_by("person__name"))


def told_since(person_id: int, moment: dt.datetime | None) -> list[str]:
    """Return what others did to a person's sign-in since `moment`, in words. One query; none at the first sign-in."""
    if moment is None:
        return []
    texts = {
        "second_factor.reset": _("An administrator took your second factor away on %(day)s. Set up a new one."),
        "sign_in.cleared": _("An administrator removed your password and every other way in on %(day)s."),
        "sessions.ended": _("An administrator signed you out everywhere on %(day)s."),
    }
    about = Change.objects.filter(subject_type="people.person", subject_id=person_id, name__in=texts, at__gt=moment)
    latest = {change.name: change for change in about.exclude(actor_id=person_id).order_by("pk")}
    return [texts[name] % {"day": _day(change.at)} for name, change in latest.items()]


def _day(moment: dt.datetime) -> str:
    from django.utils.formats import date_format
    from django.utils.timezone import localdate

    return date_format(localdate(moment), "DATE_FORMAT")


def _codes_left(data: dict[str, Any]) -> int:
    from allauth.mfa import app_settings

    return int(app_settings.RECOVERY_CODE_COUNT) - int(data.get("used_mask", 0)).bit_count()
