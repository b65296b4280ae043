"""An identity of a provider that waits until its person has proved that the account here is theirs.

It lies in the session, so in the browser that the provider sent back, for a quarter of an hour; then the provider is
asked once more.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest

from headway.lib import clock
from headway.people.models import Person
from headway.people.sign_in import actions, second_factor, sessions

if TYPE_CHECKING:
    from headway.people.sign_in.providers import Provider

WAITS = 15 * 60  # [s]
_KEY = "waiting_link"


@dataclass(frozen=True)
class PendingLink:
    """What is to be linked: the identity `uid` of a provider, which has proved the address of `person`."""

    provider: "Provider"
    person: Person
    uid: str
    said: dict[str, Any]
    next: str


def keep(request: HttpRequest, link: PendingLink) -> None:
    """Let a link wait in this browser. Whoever else is signed in there has left: another person came back."""
    if request.user.is_authenticated and request.user.pk != link.person.pk:
        sessions.finish(request.session.session_key)
        auth.logout(request)
    request.session[_KEY] = {
        "provider": link.provider.key,
        "person": link.person.pk,
        "uid": link.uid,
        "said": link.said,
        "next": link.next,
        "until": int(clock.now().timestamp()) + WAITS,
    }


def waiting(request: HttpRequest) -> PendingLink | None:
    """Return the link that waits in this browser, if one does. No query, or one."""
    kept = request.session.get(_KEY)
    if kept is None or kept["until"] < clock.now().timestamp():
        return None
    provider = next((one for one in settings.OIDC_PROVIDERS if one.key == kept["provider"]), None)
    person = Person.objects.filter(pk=kept["person"], is_active=True).first()
    if provider is None or person is None:
        return None
    return PendingLink(provider, person, kept["uid"], kept["said"], kept["next"])


def agree(request: HttpRequest) -> None:
    """Note that the link is to be made once its person is in: they prove it on the page that asks."""
    request.session[_KEY] = request.session[_KEY] | {"agreed": True}


def forget(request: HttpRequest) -> None:
    """Let no link wait any more."""
    request.session.pop(_KEY, None)


def finish(request: HttpRequest, person: Person) -> "Provider | None":
    """Make the link that was agreed to, now that `person` is in. Returns its provider, None where none was made."""
    if not request.session.get(_KEY, {}).get("agreed"):
        return None
    link = waiting(request)
    forget(request)
    if link is None or link.person.pk != person.pk:
        return None
    if not actions.link_provider(person, link.provider, uid=link.uid, said=link.said, is_proved=True):
        return None
    if link.provider.asks_second_factor:
        second_factor.trust(request.session)
    return link.provider
