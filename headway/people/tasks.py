"""What runs in the background: the rules of retention, once a day."""

import logging

from django_tasks import task

from . import retention
from .actions.retention import apply_retention
from .actor import system_actor
from .models import Organisation

log = logging.getLogger("headway.people")


@task()
def keep_to_the_rules() -> None:
    """Remove what is over, organisation by organisation; one that fails keeps no other from its own."""
    run_retention()


def run_retention() -> dict[str, dict[str, int]]:
    """Do it now. Returns organisation → rule → how many; the installation's own under an empty name."""
    removed: dict[str, dict[str, int]] = {}
    for organisation in Organisation.objects.filter(is_demonstration=False).order_by("pk"):
        try:
            change = apply_retention(organisation, by=system_actor(organisation))
            removed[organisation.name] = change.after["removed"]
        except Exception:
            log.exception("the rules of retention failed for organisation %s", organisation.pk)
    removed[""] = retention.remove_of_installation()
    return removed
