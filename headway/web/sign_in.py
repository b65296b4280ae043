"""What django-allauth asks of us (adapters), and what each request of somebody who is signed in is held to."""

import base64
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows import login as flow
from allauth.account.internal.flows import reauthentication
from allauth.account.models import Login
from allauth.account.stages import LoginStage
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import authenticated_user
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.people import throttle
from headway.people.models import Person
from headway.people.sign_in import actions, second_factor, sessions

from . import pending_link
from .views import is_htmx, toast

if TYPE_CHECKING:
    from headway.people.sign_in.providers import Provider

Answer = Callable[[HttpRequest], HttpResponse]

#: (tries, seconds): of one account from one address; from one address; of one account from browsers it does not know
PAIR, ADDRESS, ACCOUNT = (5, 60), (60, 600), (30, 3600)
KNOWN_COOKIE = "known"
KNOWN_FOR = 365 * 24 * 3600


# Limits


def take_try(request: HttpRequest, kind: str, account: str) -> int:
    """Count a try to prove to be `account`. Returns 0, or the seconds to wait.

    Whoever hammers an account from elsewhere uses up what browsers have that the account never came from; its owner's
    own browser is counted apart, and so is never locked out.
    """
    return (
        throttle.take(f"{kind}:pair", _pair(request, account), *PAIR)
        or throttle.take(f"{kind}:address", throttle.address_of(request), *ADDRESS)
        or throttle.take(f"{kind}:account", _account(request, account), *ACCOUNT)
    )


def forget_tries(request: HttpRequest, kind: str, account: str) -> None:
    """Forget the wrong tries: this one was right."""
    throttle.forget(f"{kind}:pair", _pair(request, account))
    throttle.give_back(f"{kind}:address", throttle.address_of(request), *ADDRESS)
    throttle.give_back(f"{kind}:account", _account(request, account), *ACCOUNT)


def remember_browser(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let this browser be known as one that its person comes from, once they are in."""
    if request.user.is_authenticated:
        value = Signer(salt="known").sign(_known_name(request.user.email))
        response.set_cookie(
            KNOWN_COOKIE,
            value,
            max_age=KNOWN_FOR,
            path=settings.SESSION_COOKIE_PATH,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response


def _pair(request: HttpRequest, account: str) -> str:
    return f"{account} {throttle.address_of(request)}"


def _account(request: HttpRequest, account: str) -> str:
    try:
        known = Signer(salt="known").unsign(request.COOKIES.get(KNOWN_COOKIE, ""))
    except BadSignature:
        known = ""
    is_known = bool(known) and constant_time_compare(known, _known_name(account))
    return f"{account} {request.COOKIES[KNOWN_COOKIE]}" if is_known else account


def _known_name(account: str) -> str:
    return salted_hmac("headway.known", account.casefold(), algorithm="sha256").hexdigest()


# Coming in


def enter(request: HttpRequest, person: Person, *, redirect_to: str = "") -> HttpResponse:
    """Sign in somebody who has just proved who they are, by a password or by a link that sets one.

    Who has a second factor is asked for it first. Sets the cookie by which this browser is known.
    """
    flow.record_authentication(request, person, method="password", reauthenticated=True)
    login = Login(user=person, redirect_url=redirect_to or resolve_url(settings.LOGIN_REDIRECT_URL))
    return remember_browser(request, flow.perform_login(request, login))


def enter_with_passkey(request: HttpRequest, passkey: Authenticator, *, redirect_to: str = "") -> HttpResponse:
    """Sign in whoever has just proved with a passkey who they are; it needs no second factor beside it."""
    from allauth.mfa.base.internal.flows import post_authentication

    post_authentication(request, passkey, passwordless=True, reauthenticated=True)
    login = Login(user=passkey.user, redirect_url=redirect_to or resolve_url(settings.LOGIN_REDIRECT_URL))
    return remember_browser(request, flow.perform_login(request, login))


def is_fresh(request: HttpRequest) -> bool:
    """Say whether the person has proved within the last quarter of an hour who they are.

    Who has neither password nor second factor proves it with their provider, that is, by signing in again.
    """
    person = authenticated_user(request)
    if reauthentication.get_reauthentication_flows(person):
        return bool(reauthentication.did_recently_reauthenticate(request))
    moments = [record["at"] for record in flow.get_authentication_records(request, person)]
    return bool(moments) and clock.now().timestamp() - max(moments) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


class AccountAdapter(DefaultAccountAdapter):
    """allauth's account part: nobody signs up, no mail, our own pages."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send nothing: there need be no mail server."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return str(request.META.get("REMOTE_ADDR") or sessions.NO_ADDRESS)

    def is_safe_url(self, url: str) -> bool:
        hosts = {self.request.get_host()}
        return url_has_allowed_host_and_scheme(url, hosts, require_https=self.request.is_secure())

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        toast(request, _("This account is closed. Ask an administrator."), tone="bad")
        return redirect("sign-in")

    def get_login_stages(self) -> list[str]:
        return ["headway.web.sign_in.AskSecondFactor"]

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        return [{"id": "reauthenticate", "description": "", "url": resolve_url("confirm-identity")}]

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Sign in, and tell what others did to the account meanwhile."""
        before = user.last_login
        super().login(request, user)
        if isinstance(user, Person) and (made := pending_link.finish(request, user)):
            toast(request, linked(made))
        for told in second_factor.told_since(user.pk, before):
            toast(request, told)


class AskSecondFactor(LoginStage):
    """allauth's stage, left out for whoever has no second factor: it would load what checks passkeys."""

    key = "mfa_authenticate"
    urlname = "mfa_authenticate"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if self.login.user is None or not second_factor.has_one(self.login.user.pk):
            return None, True
        from allauth.mfa.stages import AuthenticateStage

        handled: tuple[HttpResponse | None, bool] = AuthenticateStage(
            self.controller, self.request, self.login
        ).handle()
        return handled


class FactorAdapter(DefaultMFAAdapter):
    """allauth's second factors: their secrets lie encrypted in the database, with the installation's secret."""

    def encrypt(self, text: str) -> str:
        return str(_ciphers().encrypt(text.encode()).decode())

    def decrypt(self, encrypted_text: str) -> str:
        from cryptography.fernet import InvalidToken

        try:
            return str(_ciphers().decrypt(encrypted_text.encode()).decode())
        except InvalidToken as error:
            raise ValidationError(
                _("The secret of this installation was changed, so codes cannot be checked. Ask an administrator.")
            ) from error

    def _get_site_name(self) -> str:
        return "Headway"


def _ciphers() -> Any:
    from cryptography.fernet import Fernet, MultiFernet

    secrets = [str(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    keys = [hashlib.sha256(b"headway.second-factor:" + secret.encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


class ProviderAdapter(DefaultSocialAccountAdapter):
    """OpenID Connect: a verified e-mail finds its member; a stranger comes in only where settings say so.

    An account that somebody can get into already is linked only once its person has proved that it is theirs.
    """

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        from allauth.socialaccount.adapter import _build_apps_from_settings

        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> Any:
        """Take nothing over: who it is, is found by the address below."""
        return sociallogin.user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find the person whom the provider has proved, and keep with the request who that is."""
        if not sociallogin.is_existing:
            self._link(request, sociallogin)
        request.__dict__["proved_by_provider"] = sociallogin.user.pk

    def _link(self, request: HttpRequest, sociallogin: Any) -> None:
        chosen = provider_called(sociallogin.account.provider)
        address = next((row.email for row in sociallogin.email_addresses if is_verified(row.verified)), "")
        if not address:
            raise ImmediateHttpResponse(_refused(request, chosen, "unverified"))
        name = str(sociallogin.account.get_provider_account().get_user_data().get("name") or "")
        person = actions.person_for_provider(chosen, email=address, name=name)
        if person is None:
            raise ImmediateHttpResponse(_refused(request, chosen, "unknown", address))
        account = sociallogin.account
        if actions.link_provider(person, chosen, uid=account.uid, said=account.extra_data, is_proved=False):
            sociallogin.lookup()
            return
        wanted = sociallogin.get_redirect_url(request) or ""
        is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
        link = pending_link.PendingLink(chosen, person, account.uid, account.extra_data, wanted if is_ours else "")
        pending_link.keep(request, link)
        raise ImmediateHttpResponse(redirect("provider-link"))

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        chosen = provider_called(provider.app.provider_id)
        raise ImmediateHttpResponse(_refused(request, chosen, "failed"))


def is_verified(said: Any) -> bool:
    """Say whether a provider calls an address verified; some write true and false as texts."""
    return said is True or str(said).lower() == "true"


def provider_called(key: str) -> "Provider":
    """Return the provider of the settings with this key. Raises StopIteration for one that is not there."""
    providers: list[Provider] = settings.OIDC_PROVIDERS
    return next(provider for provider in providers if provider.key == key)


def linked(provider: "Provider") -> str:
    """Tell that a provider was linked."""
    return _("%(provider)s is linked: from now on it signs you in.") % {"provider": provider.name}


def _refused(request: HttpRequest, provider: "Provider", reason: str, address: str = "") -> HttpResponse:
    context = {"provider": provider, "reason": reason, "address": address}
    return render(request, "account/provider_refused.html", context, status=403)


# Each request


class SignInMiddleware:
    """Keep when a session was last seen, and lead whoever lacks a required second factor to the page that sets one up.

    No query on most requests: the moment and the answer stand in the session.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        actor = getattr(request, "actor", None)
        if actor is None:
            return None
        sessions.see(request.session, actor.person_id, *client_of(request))
        if getattr(view, "open_without_factor", False) or not second_factor.is_missing(
            actor,
            request.organisation,  # type: ignore[attr-defined]
            request.session,
        ):
            return None
        if is_htmx(request):
            return HttpResponse(headers={"HX-Redirect": resolve_url("my-sign-in")})
        return redirect("my-sign-in")


def open_without_factor(view: Any) -> Any:
    """Mark a view that also those may use who must set up a second factor first."""
    view.open_without_factor = True
    return view


def client_of(request: HttpRequest) -> tuple[str, str]:
    """Return address and name of the browser."""
    return str(request.META.get("REMOTE_ADDR") or sessions.NO_ADDRESS), request.headers.get("User-Agent", "")


@receiver(user_logged_in, dispatch_uid="headway.session")
def _note_session(sender: Any, request: HttpRequest, user: Person, **more: Any) -> None:
    sessions.begin(request.session, user.pk, *client_of(request))
