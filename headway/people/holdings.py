"""What somebody holds that is still open, and the way to hand it to somebody else.

The areas above know what that is (a Key Result's owner, an item's assignee, an impediment): each registers a kind,

    @holdings.register("okr.keyresult", _("Key Results"))
    class _KeyResults:
        def of(self, person_id, organisation_id): …
        def hand_over(self, held, *, giver, to, by): …

and the deactivation of a member asks all of them. Handing over runs the area's own action, so that each thing keeps
its own history, as whoever deactivates, with the rights of the organisation: an administrator may not write items,
but may see to it that nothing is left in the hands of somebody who is gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction

from .actor import Actor
from .models import Person


@dataclass(frozen=True)
class Held:
    """One open thing that a person holds. `address` is (name of a page, its parts), for a link."""

    subject_id: int
    label: str
    where: str = ""  # the team's name, or nothing for what is the organisation's
    address: tuple[str, dict[str, Any]] | None = None


class Kind(Protocol):
    """What an area registers. Queries: `of` takes one or two, whatever it finds."""

    def of(self, person_id: int, organisation_id: int) -> Sequence[Held]: ...

    def hand_over(self, held: Held, *, giver: Person, to: Person | None, by: Actor) -> None: ...


@dataclass(frozen=True)
class Group:
    """The open things of one kind."""

    kind: str
    title: str
    held: tuple[Held, ...]


K = TypeVar("K", bound=type[Kind])
_kinds: dict[str, tuple[Any, Kind]] = {}


def register(name: str, title: Any) -> Callable[[K], K]:
    """Register a kind under the label of its model; `title` is a lazy text, in the plural."""

    def keep(kind: K) -> K:
        _kinds[name] = (title, kind())
        return kind

    return keep


def open_holdings(person_id: int, organisation_id: int) -> tuple[Group, ...]:
    """Return what a person holds that is still open, kind by kind; kinds with nothing are left out."""
    groups = (
        Group(name, str(title), tuple(kind.of(person_id, organisation_id))) for name, (title, kind) in _kinds.items()
    )
    return tuple(group for group in groups if group.held)


def hand_over(giver: Person, *, to: Person | None, organisation_id: int, by: Actor) -> tuple[int, list[str]]:
    """Hand all that is open to `to`, or let go of it (None); call it in a transaction.

    Returns how many things went, and the labels of those that stay because their own rules refuse the change.
    """
    doer = replace(by, kind="system")
    count, stay = 0, []
    for group in open_holdings(giver.pk, organisation_id):
        for held in group.held:
            try:
                with transaction.atomic():
                    _kinds[group.kind][1].hand_over(held, giver=giver, to=to, by=doer)
                count += 1
            except ValidationError:
                stay.append(held.label)
    return count, stay
