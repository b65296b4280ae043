"""Sign-in and out: password, passkey, second factor. The work is allauth's; limits and pages are ours."""

import json

from allauth.account.internal.stagekit import clear_login
from allauth.account.stages import LoginStageController
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from headway.people import throttle
from headway.people.models import Organisation, Person
from headway.people.sign_in import second_factor, sessions
from headway.people.sign_in.providers import Provider

from ..sign_in import (
    AskSecondFactor,
    enter,
    enter_with_passkey,
    forget_tries,
    open_without_factor,
    provider_called,
    remember_browser,
    take_try,
)
from . import next_address, toast
from .people_forms import CodeForm, SignInForm


@sensitive_post_parameters("password")
@never_cache
@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with e-mail and password, a passkey, or a provider."""
    form = SignInForm(request.POST or None)
    if request.user.is_authenticated and request.method == "GET":
        return redirect(settings.LOGIN_REDIRECT_URL)
    if request.method == "POST" and form.is_valid():
        person = _authenticate(request, form)
        if person is not None:
            return enter(request, person, redirect_to=next_address(request))
    own = list(Organisation.objects.filter(is_demonstration=False).values_list("name", flat=True)[:2])
    context = {
        "form": form,
        "next": next_address(request),
        "organisation": own[0] if len(own) == 1 else "",
        "has_demonstration": Organisation.objects.filter(is_demonstration=True).exists(),
        "providers": settings.OIDC_PROVIDERS,
    }
    return render(request, "people/sign_in.html", context, status=422 if form.errors else 200)


@require_POST
@login_not_required
@open_without_factor
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session, or a sign-in that waits for its second factor."""
    if request.user.is_authenticated:
        sessions.finish(request.session.session_key)
    clear_login(request)
    auth.logout(request)
    return redirect("sign-in")


@never_cache
@login_not_required
def passkey(request: HttpRequest) -> HttpResponse:
    """Give the browser what it needs to ask for a passkey; on POST sign in with the answer."""
    from allauth.mfa.webauthn.internal import auth as webauthn

    wait = throttle.take("passkey", throttle.address_of(request), 30, 300)
    if request.method != "POST":
        if wait:
            return JsonResponse({"error": throttle.please_wait(wait)}, status=429)
        return JsonResponse(webauthn.begin_authentication(None))
    return _passkey_failed(request, throttle.please_wait(wait)) if wait else _with_passkey(request)


def _with_passkey(request: HttpRequest) -> HttpResponse:
    found = passkey_that_signs_in(request)
    if found is None:
        return _passkey_failed(request, _("That passkey is not known here. Sign in with your password."))
    return enter_with_passkey(request, found, redirect_to=next_address(request))


def passkey_that_signs_in(request: HttpRequest) -> Authenticator | None:
    """Return the passkey that the browser's posted answer proves; it needs nothing beside it. None for a wrong one."""
    from allauth.mfa.webauthn.forms import LoginWebAuthnForm

    form = LoginWebAuthnForm(data=request.POST)
    try:
        if not form.is_valid():
            return None
    except (AttributeError, KeyError, TypeError):  # made-up JSON in the place of a browser's answer
        return None
    found: Authenticator = form.cleaned_data["credential"]
    return found


def _passkey_failed(request: HttpRequest, reason: str) -> HttpResponse:
    toast(request, reason, tone="bad")
    return redirect("sign-in")


@never_cache
@login_not_required
def with_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to an OpenID Connect provider; state and PKCE are allauth's."""
    _known_provider(provider_id)
    from allauth.socialaccount.providers.openid_connect.views import login

    answer: HttpResponse = login(request, provider_id)
    return answer


@never_cache
@login_not_required
def from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Come back from a provider with its answer."""
    chosen = _known_provider(provider_id)
    from allauth.socialaccount.providers.openid_connect.views import callback

    answer: HttpResponse = callback(request, provider_id)
    # Whoever was signed in before, and brings an answer that proves nothing, has proved nothing.
    is_proved = request.user.is_authenticated and request.user.pk == request.__dict__.get("proved_by_provider")
    if chosen.asks_second_factor and is_proved:
        second_factor.trust(request.session)
    return remember_browser(request, answer)


def _known_provider(key: str) -> Provider:
    try:
        return provider_called(key)
    except StopIteration:
        raise Http404 from None


@sensitive_post_parameters("code")
@never_cache
@login_not_required
def ask_second_factor(request: HttpRequest) -> HttpResponse:
    """After the password: a code of the app, a passkey, or a recovery code."""
    stage = LoginStageController.enter(request, AskSecondFactor.key)
    if stage is None or request.user.is_authenticated:
        return redirect("today" if request.user.is_authenticated else "sign-in")
    person = stage.login.user
    form = CodeForm(request.POST if "code" in request.POST else None)
    if request.method == "POST" and prove(request, person, form, reauthenticated=False):
        return remember_browser(request, stage.exit())
    return render(
        request, "account/second_factor.html", proof_context(person, form), status=422 if form.errors else 200
    )


def prove(request: HttpRequest, person: Person, form: CodeForm, *, reauthenticated: bool) -> bool:
    """Check the code or the passkey that was posted; errors go to the form. Counts tries."""
    wait = take_try(request, "second-factor", person.email)
    if wait:
        form.add_error(None, throttle.please_wait(wait)) if form.is_bound else toast(
            request, throttle.please_wait(wait), tone="bad"
        )
        return False
    posted = _checked(request, person, form)
    if posted is None:
        return False
    from allauth.mfa.base.internal.flows import post_authentication

    post_authentication(request, posted, reauthenticated=reauthenticated)
    forget_tries(request, "second-factor", person.email)
    return True


def proof_context(person: Person, form: CodeForm) -> dict[str, object]:
    """Return what a page needs that asks for a second factor: the form, and a passkey's options where there is one."""
    held = second_factor.factors_of(person.pk)
    options = ""
    if held.passkeys:
        from allauth.mfa.webauthn.internal import auth as webauthn

        options = json.dumps(webauthn.begin_authentication(person))
    return {"form": form, "options": options, "has_app": held.app_added_at is not None, "codes_left": held.codes_left}


def _checked(request: HttpRequest, person: Person, form: CodeForm) -> Authenticator | None:
    """Return the authenticator that the posted code or passkey belongs to."""
    if "credential" in request.POST:
        from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm

        posted = AuthenticateWebAuthnForm(user=person, data=request.POST)
        try:
            if posted.is_valid():
                found: Authenticator = posted.cleaned_data["credential"]
                return found
        except (AttributeError, KeyError, TypeError):
            pass
        toast(request, _("That passkey does not belong to this account."), tone="bad")
        return None
    from allauth.mfa.base.forms import AuthenticateForm

    if not form.is_valid():
        return None
    code = form.cleaned_data["code"].replace(" ", "").replace("-", "")
    checked = AuthenticateForm(user=person, data={"code": code})
    if not checked.is_valid():
        for told in checked.errors.get("code", [_("This code does not fit.")]):
            form.add_error("code", _("This code does not fit. Try the next one.") if told == INCORRECT else told)
        return None
    # A code is good once, in whichever process it comes: allauth remembers it in the memory of one.
    if throttle.take("used-code", f"{person.pk} {code}", 1, 150):
        form.add_error("code", _("This code was used already. Wait for the next one."))
        return None
    proved: Authenticator = checked.authenticator
    return proved


INCORRECT = "Incorrect code."


def _authenticate(request: HttpRequest, form: SignInForm) -> Person | None:
    """Return the person, or None with the reason at the form."""
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    wait = take_try(request, "sign-in", email)
    if wait:
        form.add_error(None, throttle.please_wait(wait))
        return None
    person = auth.authenticate(request, username=email, password=password)
    if person is None:
        form.add_error(None, _("E-mail and password do not go together."))
        return None
    forget_tries(request, "sign-in", email)
    return person
