"""One-time links, the organisation in use, what a browser keeps, and undo."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from headway.live import history
from headway.live.models import Change
from headway.people import actions, throttle
from headway.people.models import OneTimeLink, Organisation

from ..context import THEMES
from ..sign_in import enter, enter_with_passkey, open_without_factor
from . import Request, add_errors, back, go, is_htmx, toast
from .my_sign_in import passkey_name, registered
from .people_forms import NewPasswordForm, PasskeyForm, SetupForm

YEAR = 365 * 24 * 3600


@sensitive_post_parameters("password")
@never_cache
@login_not_required
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Create the organisation and its first administrator, with the link that the first start printed."""
    if actions.find_link(token, OneTimeLink.Purpose.SETUP) is None:
        return _link_is_void(request)
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = actions.complete_setup(token, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("%(name)s is here. Now its first team.") % {"name": form.cleaned_data["organisation"]})
            return enter(request, person, redirect_to=resolve_url("teams"))
    context = {"form": form, "token": token, "has_demonstration": _has_demonstration()}
    return render(request, "people/first_run.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("password")
@never_cache
@login_not_required
def password_link(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password with a link that an administrator handed over."""
    link = actions.find_link(token, OneTimeLink.Purpose.PASSWORD)
    if link is None or link.person is None:
        return _link_is_void(request)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = actions.use_password_link(token, form.cleaned_data["password"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            return enter(request, person)
    context = {"form": form, "person": link.person, "token": token}
    return render(request, "people/password_link.html", context, status=422 if form.errors else 200)


@never_cache
@login_not_required
def passkey_link(request: HttpRequest, token: str) -> HttpResponse:
    """Use such a link to add a passkey instead, where there is no password yet: no password is needed then."""
    link = actions.find_link(token, OneTimeLink.Purpose.PASSWORD)
    if link is None or link.person is None or link.person.has_usable_password():
        return _link_is_void(request)
    from allauth.mfa.webauthn.internal import auth as webauthn

    if request.method != "POST":
        return JsonResponse(webauthn.begin_registration(link.person, True))
    form = PasskeyForm(request.POST)
    credential = registered(form) if form.is_valid() else None
    if credential is None:
        toast(request, _("The browser's answer does not fit. Try once more."), tone="bad")
        return redirect("password-link", token=token)
    name = passkey_name(request)
    passkey = actions.use_password_link_with_passkey(token, name=name, credential=credential)
    return enter_with_passkey(request, passkey)


@require_POST
@open_without_factor
def switch_organisation(request: Request) -> HttpResponse:
    """Look at another organisation of the viewer's."""
    chosen = request.POST.get("organisation", "")
    mine = {str(organisation.pk): organisation for organisation in request.organisations}
    if chosen not in mine:
        raise Http404
    request.session["organisation"] = mine[chosen].pk
    request.session.pop("team", None)
    return redirect("today")


@require_POST
def undo(request: Request, change_id: int) -> HttpResponse:
    """Take an action back; the note of what was done carries this address."""
    change = get_object_or_404(Change, pk=change_id, organisation_id=request.actor.organisation_id)
    try:
        done = history.undo(change, by=request.actor)
        toast(request, _("Taken back."), _where_undoable(done))
        if done.name == "team.archived":  # the pages of the team are gone
            return go(request, resolve_url("teams"))
    except history.CannotUndo as reason:
        toast(request, str(reason), tone="bad")
    if is_htmx(request):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return back(request)


def _where_undoable(change: Change) -> Change | None:
    return change if history.is_undoable(change) else None


@require_POST
@login_not_required
@open_without_factor
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in this browser: system, light or dark."""
    chosen = request.POST.get("theme", "")
    return _keep(request, back(request, "sign-in"), "theme", chosen if chosen in THEMES else "")


@require_POST
@login_not_required
@open_without_factor
def keys(request: HttpRequest) -> HttpResponse:
    """Switch single-letter shortcuts on or off in this browser."""
    return _keep(request, back(request, "sign-in"), "keys", "" if request.POST.get("keys") else "off")


def _keep(request: HttpRequest, response: HttpResponse, name: str, value: str) -> HttpResponse:
    if value:
        path = settings.SESSION_COOKIE_PATH
        response.set_cookie(name, value, max_age=YEAR, path=path, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(name, path=settings.SESSION_COOKIE_PATH, samesite="Lax")
    return response


def _has_demonstration() -> bool:
    return Organisation.objects.filter(is_demonstration=True).exists()


def _link_is_void(request: HttpRequest) -> HttpResponse:
    wait = throttle.take("void-link", throttle.address_of(request), 30, 600)
    told = throttle.please_wait(wait) if wait else ""
    return render(request, "people/link_is_void.html", {"told": told}, status=429 if wait else 410)
