"""API tokens: make, revoke, recognise. `hw_` + public id + `_` + secret; of the secret only a hash is kept."""

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import record
from headway.live.models import Change

from ..access import SCOPES, Forbidden, require
from ..actor import Actor
from ..models import ApiToken, Organisation, Person, Role, Team

TOKEN_PREFIX = "hw_"
TOKENS_EACH = 50  # of a person or a team, that still work
_USED_EVERY = dt.timedelta(minutes=5)
_TEAM_ROLES = (Role.SCRUM_MASTER, Role.PRODUCT_OWNER, Role.DEVELOPER)


@transaction.atomic
def make_token(
    of: Person | Team,
    organisation: Organisation,
    *,
    by: Actor,
    name: str,
    scopes: Iterable[str],
    expires_on: dt.date | None = None,
) -> tuple[ApiToken, str]:
    """Make a token of a person (themselves) or of a team. Returns it and the text that is shown this once.

    A person's token may do what the person may, within its scopes. A team's acts in that team only, with the roles
    that its maker holds there (an administrator without any: Scrum Master), and reads what every member reads.
    A token makes no tokens. `expires_on` is the last day on which it works, in the active time zone.
    """
    if by.kind == "token":
        raise Forbidden(_("A token makes no tokens: sign in for that."))
    roles = _require_right(of, organisation, by)
    wanted = sorted(set(scopes))
    name = name.strip()
    _require_sound(of, organisation, name, wanted, expires_on)
    secret = secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        organisation=organisation,
        person=of if isinstance(of, Person) else None,
        team=of if isinstance(of, Team) else None,
        name=name,
        public_id=secrets.token_hex(8),
        secret_hash=_hash(secret),
        scopes=wanted,
        roles=roles,
        made_by_id=by.person_id,
        created_at=clock.now(),
        expires_at=_end_of(expires_on),
    )
    record("token.made", by=by, subject=token, team_id=token.team_id, after={"scopes": wanted, "roles": roles})
    return token, f"{TOKEN_PREFIX}{token.public_id}_{secret}"


@transaction.atomic
def revoke_token(token: ApiToken, *, by: Actor) -> Change | None:
    """Stop a token at once, for good. Returns None where it was stopped already.

    The person's own, the team's by those who may make one, and any of the organisation by an administrator.
    """
    if not (by.is_administrator and by.organisation_id == token.organisation_id):
        _require_right(token.team or token.person, token.organisation, by)
    elif by.scopes is not None:
        require(by, "manage_organisation", token.organisation)
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now()):
        return None
    return record("token.revoked", by=by, subject=token, team_id=token.team_id)


def token_of(text: str) -> ApiToken | None:
    """Return the token of this text where it works; None for one that is wrong, revoked or too old. One query.

    Wrong texts take as long as right ones.
    """
    public_id, _line, secret = text.removeprefix(TOKEN_PREFIX).partition("_")
    token = (
        ApiToken.objects.filter(public_id=public_id)
        .select_related("organisation", "person", "team__organisation")
        .first()
        if text.startswith(TOKEN_PREFIX) and text.isprintable() and text.isascii()
        else None
    )
    fits = hmac.compare_digest(_hash(secret), token.secret_hash if token else _hash(""))
    if token is None or not fits or token.revoked_at is not None:
        return None
    return None if token.expires_at is not None and token.expires_at <= clock.now() else token


def touch_token(token: ApiToken) -> None:
    """Note that a token is in use, to five minutes: no write for each request."""
    now = clock.now()
    if token.last_used_at is None or now - token.last_used_at >= _USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _require_right(of: Person | Team | None, organisation: Organisation, by: Actor) -> list[str]:
    """Return the roles of a team's token (none for a person's). Raises Forbidden."""
    if by.organisation_id != organisation.pk:
        raise Forbidden(_("This belongs to another organisation."))
    if isinstance(of, Team):
        require(by, "manage_team", of)
        held = by.roles_in(of.pk)
        return [role.value for role in _TEAM_ROLES if role in held] or [Role.SCRUM_MASTER.value]
    if of is None or by.person_id != of.pk:
        raise Forbidden(_("Everyone makes and revokes their own tokens."))
    return []


def _require_sound(
    of: Person | Team, organisation: Organisation, name: str, scopes: list[str], expires_on: dt.date | None
) -> None:
    errors = {}
    if not name:
        errors["name"] = _("Name the token by what uses it, so that you know it again.")
    elif len(name) > 80:
        errors["name"] = _("Up to 80 characters.")
    if not scopes:
        errors["scopes"] = _("Choose at least one.")
    elif not set(scopes) <= set(SCOPES.values()):
        errors["scopes"] = _("There is no such scope.")
    if expires_on is not None and expires_on < clock.today():
        errors["expires_on"] = _("This day is over.")
    theirs = ApiToken.objects.filter(organisation=organisation, revoked_at=None)
    if (theirs.filter(team=of) if isinstance(of, Team) else theirs.filter(person=of)).count() >= TOKENS_EACH:
        errors["name"] = _("There are %(count)s tokens already: revoke one that nothing uses.") % {"count": TOKENS_EACH}
    if errors:
        raise ValidationError(errors)


def _end_of(day: dt.date | None) -> dt.datetime | None:
    if day is None:
        return None
    # The first moment of the next day where the organisation is.
    zone = timezone.get_current_timezone()
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, tzinfo=zone)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
