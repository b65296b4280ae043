"""What goes into an export, and what stays out, with the reason: one table for every model of every app.

A model that is not named here goes in whole. A test fails where such a one cannot be told apart by organisation, or
points at something that stays out; so that nobody adds a model without deciding.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models

#: What never goes into an export: a model, or all models of an app, and why.
KEPT_OUT: dict[str, str] = {
    "contenttypes": "made again by every migrate",
    "auth": "Django's own permissions: made again by every migrate, used by nothing",
    "sessions": "who is signed in where: it ends with the move",
    "usersessions": "who is signed in where: it ends with the move",
    "django_tasks_database": "background work under way, and what it answered: of this machine and this day",
    "people.onetimelink": "links that work once lose their power with the move",
    "people.invitation": "links that work once; invite anew after the move",
    "people.invitedrole": "what comes with such a link",
    "account.emailconfirmation": "links that work once",
    "socialaccount.socialapp": "providers of sign-in stand in the settings of the installation",
    "socialaccount.socialtoken": "keys to other services: not kept, and of this installation if they were",
    "api.answered": "answers kept for a while, for programs that ask twice",
    "schedule.job": "when this machine does its next round of jobs",
    "live.notice": "what running processes told each other a moment ago",
    "people.throttle": "tries that were counted in the last minutes",
    "backup.export": "files that are gone after a day",
    "backup.daily": "where and when this machine keeps its copies",
}

#: What goes into an export only where secrets were asked for: a model and why. Nothing of it can be read back as it is
#: shown to people, but whoever holds it may try.
WITH_SECRETS: dict[str, str] = {
    "mfa.authenticator": "second factors, recovery codes and passkeys",
    "socialaccount.socialaccount": "who somebody is at another provider of sign-in",
    "people.apitoken": "keys for programs",
}

#: Columns that hold a secret, and what stands in their place: a password that nobody has, say.
SECRET_COLUMNS: dict[str, dict[str, Any]] = {
    "people.person": {"password": "!"},
    # By it, and the secret key of the installation, one could find out whose a private estimate is.
    "value.estimate": {"giver": ""},
}

#: Columns that name a file below the data folder, beside every FileField.
STORED_FILES: dict[str, tuple[str, ...]] = {"sync.import": ("stored_as",)}

#: Columns that hold a person's id without being a foreign key.
PLAIN_PEOPLE: dict[str, tuple[str, ...]] = {"live.change": ("actor_id",)}

ORGANISATION, PERSON = "people.organisation", "people.person"


def exported(*, secrets: bool, of: Any = apps) -> list[type[models.Model]]:
    """Return the models of an export in a fixed order; `of` may be the apps of an older state."""
    return [model for model in every_model(of) if not reason_against(model, secrets=secrets)]


def every_model(of: Any = apps) -> list[type[models.Model]]:
    """Return every model that has a table of its own, by name."""
    found: Iterable[type[models.Model]] = of.get_models(include_auto_created=True)
    tables = [model for model in found if model._meta.managed and not model._meta.proxy]
    return sorted(tables, key=lambda model: model._meta.label_lower)


def reason_against(model: type[models.Model], *, secrets: bool) -> str:
    """Say why a model stays out of an export; empty where it goes in."""
    label = model._meta.label_lower
    reason = KEPT_OUT.get(label) or KEPT_OUT.get(model._meta.app_label, "")
    return reason or ("" if secrets else WITH_SECRETS.get(label, ""))


def instead_of_secrets(model: type[models.Model], *, secrets: bool) -> dict[str, Any]:
    """Return what stands in place of a model's secret columns."""
    return {} if secrets else SECRET_COLUMNS.get(model._meta.label_lower, {})


def file_columns(model: type[models.Model]) -> tuple[str, ...]:
    """Return the columns of a model that name a stored file."""
    own = tuple(field.attname for field in model._meta.concrete_fields if isinstance(field, models.FileField))
    return own + STORED_FILES.get(model._meta.label_lower, ())


def people_columns(model: type[models.Model]) -> tuple[str, ...]:
    """Return the columns of a model that name a person."""
    keys = tuple(field.attname for field in _keys(model) if _points_at(field, PERSON))
    return keys + PLAIN_PEOPLE.get(model._meta.label_lower, ())


def path_to_organisation(model: type[models.Model]) -> str:
    """Return the query path from a row to the id of its organisation; empty where it belongs to none.

    The shortest way over foreign keys that are always set, then over others; never by way of a person, who may be of
    several organisations.
    """
    if model._meta.label_lower == ORGANISATION:
        return "pk"
    names = {field.attname for field in model._meta.concrete_fields}
    if "organisation_id" in names:
        return "organisation_id"
    ways = [(False, "", model)]
    seen = {model._meta.label_lower}
    while ways:
        ways.sort(key=lambda way: (way[0], way[1].count("__"), way[1]))
        is_loose, path, there = ways.pop(0)
        if path and "organisation_id" in {field.attname for field in there._meta.concrete_fields}:
            return f"{path}__organisation_id"
        for field in _keys(there):
            label = field.related_model._meta.label_lower
            if label not in seen and label != PERSON:
                seen.add(label)
                longer = f"{path}__{field.name}" if path else field.name
                ways.append((is_loose or field.null, longer, field.related_model))
    return ""


def path_to_person(model: type[models.Model]) -> str:
    """Return the column by which a row belongs to one person and to no organisation; empty where it does not."""
    if model._meta.label_lower == PERSON:
        return "pk"
    for field in _keys(model):
        if not field.null and _points_at(field, PERSON):
            return str(field.name)
        if not field.null and (further := path_to_person(field.related_model)) and field.related_model is not model:
            return f"{field.name}__{further}"
    return ""


def _keys(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.is_relation]


def _points_at(field: Any, label: str) -> bool:
    return bool(field.related_model._meta.label_lower == label)
