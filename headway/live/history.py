"""Write history and take an action back.

`record()` is called once by each action, inside its transaction. An area registers the inverse of a Change by the
Change's name with `@inverse("item.moved")`; `undo()` finds it there.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.lib.prepared import insert

from . import known
from .models import Change
from .notice import CHANGED, CHANNEL, payload


class Acting(Protocol):
    """Whoever does it: what this area needs to know of an Actor (the whole lies in `people`)."""

    @property
    def organisation_id(self) -> int | None: ...
    @property
    def person_id(self) -> int | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def token_name(self) -> str | None: ...


Inverse = Callable[[Change, Any], Change | None]
_inverses: dict[str, Inverse] = {}
#: PostgreSQL: Changes of an organisation one after the other; whoever listens is told when this commits.
_LOCKED_AND_TOLD = "pg_advisory_xact_lock(%s::int, %s::int), pg_notify(%s, %s)"
_recorded: ContextVar[list[Change] | None] = ContextVar("recorded", default=None)


class CannotUndo(Exception):
    """The action cannot be taken back (any more); the message says why, for a person."""


def inverse(name: str) -> Callable[[Inverse], Inverse]:
    """Register the function that takes back a Change called `name`.

    It is called with the Change and the actor, inside a transaction, does its own permission check, and returns the
    Change that it recorded. It raises CannotUndo where something else has happened since.
    """

    def register(function: Inverse) -> Inverse:
        _inverses[name] = function
        return function

    return register


@contextmanager
def recording() -> Iterator[list[Change]]:
    """Collect the Changes that are recorded inside the block, in their order."""
    changes: list[Change] = []
    token = _recorded.set(changes)
    try:
        yield changes
    finally:
        _recorded.reset(token)


def record(
    name: str,
    *,
    by: Acting,
    subject: Any,
    team_id: int | None = None,
    label: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    undoes: Change | None = None,
    at: dt.datetime | None = None,
) -> Change:
    """Write the Change of an action; call it inside the action's transaction.

    `name` is `noun.past_participle`; `subject` a saved row; `before`/`after` JSON with what the inverse needs. `at`
    stands in place of the moment where that would tell who it was.
    Ids are handed out in commit order per organisation: SQLite writes one at a time, on PostgreSQL an advisory lock
    that lasts until commit does it (a reader that resumes by id would otherwise miss one).
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record() belongs into the action's own transaction")
    known.look_again()
    change = Change(
        organisation_id=by.organisation_id,
        team_id=team_id,
        actor_id=by.person_id,
        actor_kind=by.kind,
        token_name=by.token_name,
        name=name,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        subject_label=(label or str(subject))[:300],
        before=before or {},
        after=after or {},
        at=at or clock.now(),
        undoes=undoes,
    )
    if connection.vendor == "postgresql":
        organisation_id = by.organisation_id or 0
        told = [CHANNEL, payload(CHANGED, organisation=organisation_id)]
        insert(change, after=_LOCKED_AND_TOLD, given=[0x4857, organisation_id % 2**31, *told])
    else:
        insert(change)
    recorded = _recorded.get()
    if recorded is not None:
        recorded.append(change)
    return change


def has_inverse(name: str) -> bool:
    """Say whether a Change of this name can be taken back at all."""
    return name in _inverses


def is_undoable(change: Change) -> bool:
    """Say whether an inverse is known and the Change still stands."""
    return change.name in _inverses and not hasattr(change, "undone_by")


@transaction.atomic
def undo(change: Change, *, by: Acting) -> Change:
    """Take `change` back. Raises CannotUndo with the reason where it is too late or has no way back."""
    locked = Change.objects.select_for_update().get(pk=change.pk)
    if already := Change.objects.filter(undoes=locked).first():
        person = get_user_model()._default_manager.filter(pk=already.actor_id or 0).first()
        who = person.name if person else _("Headway")
        raise CannotUndo(_("%(who)s took this back already.") % {"who": who})
    function = _inverses.get(locked.name)
    if function is None:
        raise CannotUndo(_("This cannot be taken back."))
    done = function(locked, by)
    if done is None:
        raise CannotUndo(_("There is nothing left to take back."))
    if done.undoes_id is None:
        done.undoes = locked
        done.save(update_fields=["undoes"])
    return done
