"""The first sign-in with a provider, where an account with that address is there: whose is it?"""

from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from headway.people import throttle
from headway.people.sign_in import second_factor

from .. import pending_link
from ..sign_in import enter, enter_with_passkey, forget_tries, is_fresh, linked, open_without_factor, take_try
from . import toast
from .people_forms import ConfirmForm
from .sign_in import passkey_that_signs_in


@sensitive_post_parameters("password")
@never_cache
@login_not_required
@open_without_factor
def provider_link(request: HttpRequest) -> HttpResponse:
    """Ask for a proof that the account is theirs: its password, a passkey, or another provider. Then link."""
    link = pending_link.waiting(request)
    if link is None:
        if request.user.is_authenticated:
            return redirect("today")
        toast(request, _("That took too long. Sign in with your provider once more."), tone="bad")
        return redirect("sign-in")
    form = ConfirmForm(request.POST if "password" in request.POST else None)
    if request.method == "POST":
        answer = _proved(request, link, form)
        if answer is not None:
            return answer
    return render(
        request, "account/provider_link.html", _context(request, link, form), status=422 if form.errors else 200
    )


def _proved(request: HttpRequest, link: pending_link.PendingLink, form: ConfirmForm) -> HttpResponse | None:
    """Link, or lead on to the second factor, where the proof is right; else None, with the reason told."""
    if "cancel" in request.POST:
        pending_link.forget(request)
        return redirect("today" if request.user.is_authenticated else "sign-in")
    if "credential" in request.POST:
        return _by_passkey(request, link)
    if form.is_bound:
        return _by_password(request, link, form)
    return _by_being_in(request, link)


def _by_password(request: HttpRequest, link: pending_link.PendingLink, form: ConfirmForm) -> HttpResponse | None:
    if not form.is_valid():
        return None
    email = link.person.email
    if wait := take_try(request, "sign-in", email):
        form.add_error("password", throttle.please_wait(wait))
        return None
    person = auth.authenticate(request, username=email, password=form.cleaned_data["password"])
    if person is None or person.pk != link.person.pk:
        form.add_error("password", _("That is not the password of this account."))
        return None
    forget_tries(request, "sign-in", email)
    pending_link.agree(request)
    return enter(request, link.person, redirect_to=link.next)


def _by_passkey(request: HttpRequest, link: pending_link.PendingLink) -> HttpResponse | None:
    wait = throttle.take("passkey", throttle.address_of(request), 30, 300)
    found = None if wait else passkey_that_signs_in(request)
    if found is None or found.user_id != link.person.pk:
        told = throttle.please_wait(wait) if wait else _("That passkey does not belong to this account.")
        toast(request, told, tone="bad")
        return None
    pending_link.agree(request)
    return enter_with_passkey(request, found, redirect_to=link.next)


def _by_being_in(request: HttpRequest, link: pending_link.PendingLink) -> HttpResponse | None:
    if not _is_in(request, link):
        return None
    pending_link.agree(request)
    if made := pending_link.finish(request, link.person):
        toast(request, linked(made))
    return redirect(link.next or "today")


def _is_in(request: HttpRequest, link: pending_link.PendingLink) -> bool:
    """Say whether the person of the account is signed in here, and proved it within a quarter of an hour."""
    return request.user.is_authenticated and request.user.pk == link.person.pk and is_fresh(request)


def _context(request: HttpRequest, link: pending_link.PendingLink, form: ConfirmForm) -> dict[str, Any]:
    held = set(SocialAccount.objects.filter(user=link.person).values_list("provider", flat=True)) - {link.provider.key}
    context = {
        "form": form,
        "provider": link.provider,
        "email": link.person.email,
        "is_in": _is_in(request, link),
        "has_password": link.person.has_usable_password(),
        "has_passkey": bool(second_factor.factors_of(link.person.pk).passkeys),
        "others": [one for one in settings.OIDC_PROVIDERS if one.key in held],
    }
    context["can_prove"] = any(context[name] for name in ("is_in", "has_password", "has_passkey", "others"))
    return context
