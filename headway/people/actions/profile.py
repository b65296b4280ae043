"""What everybody changes for themselves: name, place and password."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from headway.live.history import inverse

from .. import local
from ..actor import Actor
from ..models import Person
from ..sign_in import sessions
from ..sign_in.actions import note
from .rows import edit_row, require_self, undo_edit


@transaction.atomic
def edit_person(person: Person, *, by: Actor, name: str) -> Person:
    """A person changes the own name."""
    require_self(by, person)
    return edit_row(person, "person.edited", {"name": name.strip()}, by=by)


@transaction.atomic
def place_person(person: Person, *, by: Actor, locale: str, time_zone: str, week_start: int | None) -> Person:
    """A person says where they are; empty (or None) is "as the organisation". Raises ValidationError."""
    require_self(by, person)
    local.check_locale(locale)
    local.check_time_zone(time_zone)
    values = {"locale": locale, "time_zone": time_zone, "week_start": week_start}
    return edit_row(person, "person.placed", values, by=by)


@transaction.atomic
def set_password(person: Person, password: str, *, by: Actor, keep_session: str | None = None) -> None:
    """Set a person's password and end all sessions but `keep_session`, the key of the one that asks for it.

    Raises ValidationError with what a good password needs.
    """
    require_self(by, person)
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    person.set_password(password)
    person.save(update_fields=["password"])
    sessions.end(person.pk, keep=keep_session)
    note(person, "password.set", by=by)


inverse("person.edited")(undo_edit(Person, "read"))
inverse("person.placed")(undo_edit(Person, "read"))
