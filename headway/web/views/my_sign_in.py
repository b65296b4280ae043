"""One's own ways to sign in: password, authenticator app, passkeys, recovery codes, providers, sessions."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows import login as flow
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from headway.lib import clock
from headway.people import actions as people_actions
from headway.people import throttle
from headway.people.sign_in import actions, second_factor, sessions

from ..sign_in import client_of, forget_tries, is_fresh, open_without_factor, take_try
from . import Request, add_errors, next_address, toast
from .people_forms import ChangePasswordForm, CodeForm, ConfirmForm, NewPasswordForm, PasskeyForm
from .sign_in import proof_context, prove

CODES_SHOWN_FOR = 600  # [s] recovery codes can be seen and downloaded this long after they were made
View = Callable[..., HttpResponse]


def confirmed(view: View) -> View:
    """Let a view run only for somebody who proved within a quarter of an hour who they are; else ask first."""

    @wraps(view)
    def checked(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.organisation.is_demonstration:
            return _only_one_click(request)
        if is_fresh(request):
            return view(request, *args, **kwargs)
        # A form is sent once more by hand: what was typed is not kept.
        wanted = request.get_full_path() if request.method == "GET" else resolve_url("my-sign-in")
        return redirect(f"{resolve_url('confirm-identity')}?{urlencode({'next': wanted})}")

    marked: View = open_without_factor(checked)
    return marked


@open_without_factor
@never_cache
def overview(request: Request) -> HttpResponse:
    """Show every way in, and where one is signed in."""
    return _page(request, _password_form(request))


@sensitive_post_parameters("present", "password")
@require_POST
@open_without_factor
def password(request: Request) -> HttpResponse:
    """Set another password, with the present one; or a first one, by whoever just signed in by another way."""
    if request.organisation.is_demonstration:
        return _only_one_click(request)
    form = _password_form(request, request.POST)
    if form.is_valid() and _may_set(request, form) and _set_password(request, form):
        return redirect("my-sign-in")
    return _page(request, form)


def _may_set(request: Request, form: ChangePasswordForm | NewPasswordForm) -> bool:
    if isinstance(form, NewPasswordForm):
        if is_fresh(request):
            return True
        form.add_error(None, _("Confirm first that it is you, then set a password."))
        return False
    wait = take_try(request, "sign-in", request.user.email)
    if wait:
        form.add_error("present", throttle.please_wait(wait))
    elif request.user.check_password(form.cleaned_data["present"]):
        forget_tries(request, "sign-in", request.user.email)
        return True
    else:
        form.add_error("present", _("That is not your present password."))
    return False


def _set_password(request: Request, form: ChangePasswordForm | NewPasswordForm) -> bool:
    try:
        people_actions.set_password(
            request.user,
            form.cleaned_data["password"],
            by=request.actor,
            keep_session=request.session.session_key,
        )
    except ValidationError as error:
        add_errors(form, error)
        return False
    update_session_auth_hash(request, request.user)
    sessions.begin(request.session, request.user.pk, *client_of(request))
    toast(request, _("Your password is changed; other browsers are signed out."))
    return True


# Confirm that it is you


@sensitive_post_parameters("password", "code")
@never_cache
@open_without_factor
def confirm(request: Request) -> HttpResponse:
    """Ask once more who one is, before ways to sign in are changed."""
    person = request.user
    wanted = next_address(request) or resolve_url("my-sign-in")
    password_form = ConfirmForm(request.POST if "password" in request.POST else None)
    code_form = CodeForm(request.POST if "code" in request.POST else None)
    if request.method == "POST":
        is_proved = (
            _confirm_password(request, password_form)
            if password_form.is_bound
            else prove(request, person, code_form, reauthenticated=True)
        )
        if is_proved:
            return redirect(wanted)
    elif is_fresh(request):
        return redirect(wanted)
    context = proof_context(person, code_form) | {
        "password_form": password_form,
        "next": wanted,
        "has_password": person.has_usable_password(),
    }
    errors = password_form.errors or code_form.errors
    return render(request, "account/confirm.html", context, status=422 if errors else 200)


def _confirm_password(request: Request, form: ConfirmForm) -> bool:
    if not form.is_valid():
        return False
    wait = take_try(request, "sign-in", request.user.email)
    if wait:
        form.add_error("password", throttle.please_wait(wait))
        return False
    if not request.user.check_password(form.cleaned_data["password"]):
        form.add_error("password", _("That is not your password."))
        return False
    forget_tries(request, "sign-in", request.user.email)
    flow.record_authentication(request, request.user, method="password", reauthenticated=True)
    return True


# Authenticator app


@sensitive_post_parameters("code")
@never_cache
@confirmed
def app(request: Request) -> HttpResponse:
    """Show a QR code to scan; on POST check the first code and keep the app."""
    from allauth.mfa.totp.forms import ActivateTOTPForm
    from allauth.mfa.totp.internal.auth import get_totp_secret
    from allauth.mfa.totp.internal.flows import activate_totp

    if Authenticator.objects.filter(user=request.user, type=Authenticator.Type.TOTP).exists():
        return redirect("my-sign-in")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        wait = take_try(request, "second-factor", request.user.email)
        checked = ActivateTOTPForm(user=request.user, data={"code": form.cleaned_data["code"].replace(" ", "")})
        if wait:
            form.add_error("code", throttle.please_wait(wait))
        elif not checked.is_valid():
            form.add_error("code", _("This code does not fit. Is the clock of your phone right?"))
        else:
            forget_tries(request, "second-factor", request.user.email)
            with transaction.atomic():
                made_codes = activate_totp(request, checked)[1]
                actions.note(request.user, "authenticator_app.added")
            return _added(request, _("Your app is set up."), bool(made_codes))
    secret = get_totp_secret(regenerate=request.method == "GET")
    context = {"form": form, "secret": secret, **_qr_code(request, secret)}
    return render(request, "account/app.html", context, status=422 if form.errors else 200)


@require_POST
@confirmed
def remove_app(request: Request) -> HttpResponse:
    """Take the app away. There is no way back but setting it up anew."""
    row = get_object_or_404(Authenticator, user=request.user, type=Authenticator.Type.TOTP)
    _remove(request, row, "authenticator_app.removed")
    toast(request, _("The app is no longer asked for."))
    return redirect("my-sign-in")


def _qr_code(request: Request, secret: str) -> dict[str, Any]:
    """Return the address in the code, its path in SVG and its side in modules."""
    from allauth.mfa.adapter import get_adapter
    from qrcode.main import QRCode

    address = get_adapter().build_totp_url(request.user, secret)
    code: Any = QRCode(border=4)
    code.add_data(address)
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"address": address, "path": path, "side": len(rows)}


# Passkeys


@never_cache
@confirmed
def new_passkey(request: Request) -> HttpResponse:
    """Add a passkey: the browser makes it, we keep its public half."""
    from allauth.mfa.webauthn.internal import auth as webauthn
    from allauth.mfa.webauthn.internal.flows import add_authenticator

    form = PasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        credential = registered(form)
        if credential is not None:
            name = form.cleaned_data["name"].strip() or passkey_name(request)
            with transaction.atomic():
                made_codes = add_authenticator(request, name=name, credential=credential)[1]
                actions.note(request.user, "passkey.added", label=name)
            return _added(request, _("The passkey %(name)s is added.") % {"name": name}, bool(made_codes))
    options = json.dumps(webauthn.begin_registration(request.user, True))
    context = {"form": form, "options": options, "suggested": passkey_name(request)}
    return render(request, "account/passkey.html", context, status=422 if form.errors else 200)


def registered(form: PasskeyForm) -> dict[str, Any] | None:
    """Return the checked answer of the browser to a registration; None with the error at the form."""
    from allauth.mfa.webauthn.internal import auth as webauthn

    try:
        credential: dict[str, Any] = form.cleaned_data["credential"]
        webauthn.parse_registration_response(credential)
        if webauthn.complete_registration(credential).is_user_verified():
            return credential
    except (ValidationError, AttributeError, KeyError, TypeError, ValueError):
        pass
    form.add_error(None, _("The browser's answer does not fit. Try once more."))
    return None


@require_POST
@open_without_factor
def passkey(request: Request, passkey_id: int) -> HttpResponse:
    """Rename a passkey or take it away."""
    row = get_object_or_404(Authenticator, pk=passkey_id, user=request.user, type=Authenticator.Type.WEBAUTHN)
    return _change_passkey(request, row)


@confirmed
def _change_passkey(request: Request, row: Authenticator) -> HttpResponse:
    if request.POST.get("do") == "remove":
        name = row.data["name"]
        if not request.user.has_usable_password() and not _has_other_way(request, row):
            toast(request, _("This is your only way in: set a password first."), tone="bad")
            return redirect("my-sign-in")
        _remove(request, row, "passkey.removed", name)
        toast(request, _("The passkey %(name)s no longer opens this account.") % {"name": name})
        return redirect("my-sign-in")
    try:
        actions.rename_passkey(row, request.POST.get("name", ""))
        toast(request, _("Saved."))
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    return redirect("my-sign-in")


def _has_other_way(request: Request, row: Authenticator) -> bool:
    others = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.WEBAUTHN).exclude(pk=row.pk)
    return others.exists() or SocialAccount.objects.filter(user=request.user).exists()


def passkey_name(request: HttpRequest) -> str:
    """Suggest a name for a passkey that this browser makes."""
    return sessions.system_of(request.headers.get("User-Agent", "")) or _("Passkey")


# Recovery codes


@never_cache
@confirmed
def codes(request: Request) -> HttpResponse:
    """Show recovery codes once, when they are made; on POST make new ones, and the old ones work no more."""
    from allauth.mfa.recovery_codes.internal.flows import generate_recovery_codes

    if request.method == "POST":
        if not second_factor.has_one(request.user.pk):
            raise Http404
        with transaction.atomic():
            generate_recovery_codes(request)
            actions.note(request.user, "recovery_codes.made")
        _show_codes(request)
        return redirect("recovery-codes")
    return render(request, "account/codes.html", {"codes": _codes(request)})


@never_cache
@confirmed
def download_codes(request: Request) -> HttpResponse:
    """Give the recovery codes as a text file, while they can be seen."""
    shown = _codes(request)
    if not shown:
        raise Http404
    head = _("Headway: recovery codes of %(email)s. Each works once.") % {"email": request.user.email}
    return HttpResponse(
        head + "\n\n" + "\n".join(shown) + "\n",
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="headway-recovery-codes.txt"'},
    )


def _codes(request: Request) -> list[str]:
    """Return the unused codes while they may be seen, in halves; else nothing."""
    if clock.now().timestamp() > request.session.get("codes_until", 0):
        return []
    row = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.RECOVERY_CODES).first()
    return [f"{code[:4]} {code[4:]}" for code in row.wrap().get_unused_codes()] if row else []


def _show_codes(request: Request) -> None:
    request.session["codes_until"] = int(clock.now().timestamp()) + CODES_SHOWN_FOR


# Providers and sessions


@require_POST
@open_without_factor
def provider(request: Request, account_id: int) -> HttpResponse:
    """Take the link to a provider away; signing in there makes it anew."""
    return _unlink(request, get_object_or_404(SocialAccount, pk=account_id, user=request.user))


@confirmed
def _unlink(request: Request, row: SocialAccount) -> HttpResponse:
    try:
        actions.unlink_provider(row, _provider_name(row.provider))
        toast(request, _("Taken away."))
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    return redirect("my-sign-in")


@require_POST
@open_without_factor
def end_sessions(request: Request) -> HttpResponse:
    """End one of one's sessions, or all but this one."""
    this, chosen = request.session.session_key, request.POST.get("session", "")
    if request.organisation.is_demonstration:
        raise Http404
    if chosen == "others":
        count = actions.end_other_sessions(request.user, keep=this)
    else:
        count = actions.end_own_session(request.user, int(chosen) if chosen.isdigit() else 0, keep=this)
    toast(
        request,
        ngettext("%(count)d session is ended.", "%(count)d sessions are ended.", count) % {"count": count},
    )
    return redirect("my-sign-in")


# What the pages above share


def _only_one_click(request: Request) -> HttpResponse:
    toast(request, _("Whoever looks around in the demonstration signs in with one click."), tone="bad")
    return redirect("my-sign-in")


def _page(request: Request, form: ChangePasswordForm | NewPasswordForm) -> HttpResponse:
    person, is_demonstration = request.user, request.organisation.is_demonstration
    held = second_factor.factors_of(person.pk)
    linked = SocialAccount.objects.filter(user=person).order_by("date_joined") if settings.OIDC_PROVIDERS else []
    rows = sessions.sessions_of(person.pk, request.session.session_key)
    context = {
        "form": form,
        "factors": held,
        "providers": [(row.pk, _provider_name(row.provider), row.date_joined) for row in linked],
        # Strangers share the people of the demonstration: none of them sees the others' addresses.
        "sessions": [row for row in rows if row.is_this or not is_demonstration],
        "is_missing": second_factor.is_missing(request.actor, request.organisation, request.session),
        "is_required": second_factor.is_required(request.actor, request.organisation),
        "has_password": person.has_usable_password(),
    }
    return render(request, "account/my_sign_in.html", context, status=422 if form.errors else 200)


def _password_form(request: Request, data: Any = None) -> ChangePasswordForm | NewPasswordForm:
    return ChangePasswordForm(data) if request.user.has_usable_password() else NewPasswordForm(data)


def _provider_name(key: str) -> str:
    return next((row.name for row in settings.OIDC_PROVIDERS if row.key == key), key)


def _added(request: Request, told: str, made_codes: bool) -> HttpResponse:
    toast(request, told)
    if made_codes:
        _show_codes(request)
        return redirect("recovery-codes")
    return redirect("my-sign-in")


@transaction.atomic
def _remove(request: Request, row: Authenticator, name: str, label: str = "") -> None:
    from allauth.mfa.base.internal.flows import delete_and_cleanup

    delete_and_cleanup(request, row)
    actions.note(request.user, name, label=label)
    second_factor.look_again(request.session)
    if not second_factor.has_one(request.user.pk):
        # Other sessions know of a second factor that is gone.
        actions.end_other_sessions(request.user, keep=request.session.session_key)
