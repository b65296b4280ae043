"""What somebody is told when another was faster, and how they do it nonetheless."""

from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.translation import gettext as _

from headway.desks.meanwhile import told_meanwhile as told_meanwhile
from headway.live.known import last_change
from headway.scrum.actions import Meanwhile
from headway.scrum.models import Item

from . import Request, toast

LONGEST = 500
#: of a form that is sent once more: its own token is put in anew, and what was seen is seen by now
_LEFT_OUT = frozenset({"csrfmiddlewaretoken", "seen", "from"})


def seen_of(request: HttpRequest) -> int | None:
    """Return the last Change that the sender of a form had seen: as the form says, else as the page it is on does."""
    text = request.POST.get("seen") or request.headers.get("Seen-Change") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def seen_now(request: Request) -> int:
    """Return the last Change there is, for the field `seen` of a form that is drawn now."""
    return last_change(request.organisation.pk)


def tell_meanwhile(request: Request, error: Meanwhile, message: str, again: str) -> None:
    """Tell it in a toast; where it is not what was asked for, with a button `again` that does so nonetheless.

    A form too long for a note has no button: the page has seen by now what is told, and sends it again.
    """
    if error.is_done:
        toast(request, message)
        return
    sent = [(name, text) for name in request.POST for text in request.POST.getlist(name) if name not in _LEFT_OUT]
    may_be_kept = sum(len(text) for _name, text in sent) < LONGEST
    if may_be_kept:
        toast(request, message, again=(again, request.get_full_path(), sent), tone="bad")
    else:
        toast(request, f"{message} {_('Send it again to do it nonetheless.')}", tone="bad")


def refused(request: Request, form: BaseForm, item: Item, error: Meanwhile) -> bool:
    """Tell whoever sent a dialog's form what another did meanwhile.

    Where that is what they wanted the dialog is done with (True); else it stays with what was typed and says so: sent
    again, it does what it says.
    """
    told = told_meanwhile(item, error)
    if error.is_done:
        toast(request, told)
        return True
    form.add_error(None, f"{told} {_('Send it again to do it nonetheless.')}")
    return False
