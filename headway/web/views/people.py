"""Sign-in and out, one-time links, the organisation in use, what a browser keeps, and undo."""

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from headway.live import history
from headway.live.models import Change
from headway.people import actions
from headway.people.models import OneTimeLink, Organisation, Person

from ..context import THEMES
from . import Request, add_errors, back, is_htmx, next_address, toast
from .people_forms import NewPasswordForm, SetupForm, SignInForm

YEAR = 365 * 24 * 3600
TRIES = 5
PAUSE_SECONDS = 60
BACKEND = "django.contrib.auth.backends.ModelBackend"


@sensitive_post_parameters("password")
@never_cache
@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with e-mail and password; after five wrong tries the address rests for a minute."""
    form = SignInForm(request.POST or None)
    if request.user.is_authenticated and request.method == "GET":
        return redirect(settings.LOGIN_REDIRECT_URL)
    if request.method == "POST" and form.is_valid():
        person = _authenticate(request, form)
        if person is not None:
            auth.login(request, person)
            return redirect(next_address(request) or settings.LOGIN_REDIRECT_URL)
    own = list(Organisation.objects.filter(is_demonstration=False).values_list("name", flat=True)[:2])
    context = {
        "form": form,
        "next": next_address(request),
        "organisation": own[0] if len(own) == 1 else "",
        "has_demonstration": _has_demonstration(),
    }
    return render(request, "people/sign_in.html", context, status=422 if form.errors else 200)


@require_POST
@login_not_required
def sign_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("sign-in")


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
            auth.login(request, person, backend=BACKEND)
            toast(request, _("%(name)s is here. Now its first team.") % {"name": form.cleaned_data["organisation"]})
            return redirect("teams")
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
            auth.login(request, person, backend=BACKEND)
            return redirect(settings.LOGIN_REDIRECT_URL)
    context = {"form": form, "person": link.person}
    return render(request, "people/password_link.html", context, status=422 if form.errors else 200)


@require_POST
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
        history.undo(change, by=request.actor)
        toast(request, _("Taken back."))
    except history.CannotUndo as reason:
        toast(request, str(reason), tone="bad")
    if is_htmx(request):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return back(request)


@require_POST
@login_not_required
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in this browser: system, light or dark."""
    chosen = request.POST.get("theme", "")
    return _keep(request, back(request, "sign-in"), "theme", chosen if chosen in THEMES else "")


@require_POST
@login_not_required
def keys(request: HttpRequest) -> HttpResponse:
    """Switch single-letter shortcuts on or off in this browser."""
    return _keep(request, back(request, "sign-in"), "keys", "" if request.POST.get("keys") else "off")


def _keep(request: HttpRequest, response: HttpResponse, name: str, value: str) -> HttpResponse:
    if value:
        response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(name, samesite="Lax")
    return response


def _authenticate(request: HttpRequest, form: SignInForm) -> Person | None:
    """Return the person, or None with the reason at the form."""
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    tries_key = f"sign-in:{email.casefold()}"
    tries = cache.get_or_set(tries_key, 0, PAUSE_SECONDS) or 0
    if tries >= TRIES:
        form.add_error(None, _("Five tries. Wait a minute, then try once more."))
        return None
    person = auth.authenticate(request, username=email, password=password)
    if person is None:
        cache.set(tries_key, tries + 1, PAUSE_SECONDS)
        form.add_error(None, _("E-mail and password do not go together."))
        return None
    cache.delete(tries_key)
    return person


def _has_demonstration() -> bool:
    return Organisation.objects.filter(is_demonstration=True).exists()


def _link_is_void(request: HttpRequest) -> HttpResponse:
    return render(request, "people/link_is_void.html", status=410)
