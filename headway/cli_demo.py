"""`headway demo`: what it loads, deletes and prints."""

from collections.abc import Callable, Iterator

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway import serve
from headway.demo import actions, queries
from headway.lib import clock
from headway.people.actor import system_actor


def greeting(*, fresh: bool = False) -> Callable[[str], Iterator[str]]:
    """Return what `serve` calls with the address: it loads the demonstration and says where it is."""

    def greet(address: str) -> Iterator[str]:
        days = _bring_up_to_date(fresh=fresh)
        yield _("The demonstration is at %(address)s") % {"address": address + reverse("demonstration")}
        yield _("It lies in %(folder)s. Ctrl+C stops it.") % {"folder": settings.DATA_DIR}
        if days:
            yield ngettext(
                "It was begun %(count)s day ago and changed since; headway demo --fresh begins it anew, today.",
                "It was begun %(count)s days ago and changed since; headway demo --fresh begins it anew, today.",
                days,
            ) % {"count": days}

    return greet


def delete(*, say: Callable[[str], None]) -> None:
    """Delete the demonstration where there is one."""
    serve.migrate()
    organisation = queries.demonstration()
    if organisation is None:
        say(_("There is no demonstration in %(folder)s.") % {"folder": settings.DATA_DIR})
        return
    actions.delete(organisation, by=system_actor(organisation))
    say(_("The demonstration is deleted. Nothing else was touched."))


def _bring_up_to_date(*, fresh: bool) -> int:
    """Load the demonstration; return the days since it was begun where somebody's changes in it were kept, else 0.

    One of another day in which nobody changed anything is begun anew, so that its today is today.
    """
    organisation = queries.demonstration()
    if organisation is not None:
        age = queries.age_of(organisation)
        days = (clock.today() - age.loaded_on).days
        if not fresh and (age.is_touched or not days):
            return days
        actions.delete(organisation, by=system_actor(organisation))
    actions.load(by=system_actor(None))
    return 0
