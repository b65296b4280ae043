"""What somebody is told whose action was refused because another was faster."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.lib.formats import number
from headway.scrum.actions import Meanwhile
from headway.scrum.models import Item

from .activity import sentence_of


def told_meanwhile(item: Item, error: Meanwhile) -> str:
    """Say what another did to an item meanwhile, of many to one of them and how many more. Three queries."""
    if error.change is None:
        return _("Somebody changed %(item)s meanwhile.") % {"item": item.key}
    told = sentence_of(error.change, error.item or item)
    said = (_("Already done: %(told)s.") if error.is_done else _("Meanwhile: %(told)s.")) % {"told": told}
    if not error.others:
        return said
    more = ngettext(
        "%(count)s more of these items was changed too.",
        "%(count)s more of these items were changed too.",
        error.others,
    )
    return f"{said} {more % {'count': number(error.others)}}"
