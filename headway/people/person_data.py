"""Everything that is held about a person, as a ZIP: data.json for programs, about.md to read.

It asks every table that points at a person, whichever area it belongs to, so that no new one is forgotten. Secrets
(passwords, hashes, tokens, keys of sessions) are never in it.
"""

import io
import json
import re
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.models import Change

from .models import Membership, Organisation, Person

_SECRET = re.compile(r"password|hash|secret|token|session_key|credential|public_id")
_SECRET_FIELDS = {"mfa.authenticator": {"data"}, "socialaccount.socialaccount": {"extra_data"}}

Row = dict[str, Any]


def person_data(person: Person, organisations: Iterable[Organisation], *, with_account: bool) -> dict[str, Any]:
    """Return what is held about a person in these organisations, as one JSON document.

    `with_account` adds what belongs to the person and to no organisation: sessions, second factors. A query a table.
    """
    ids = [organisation.pk for organisation in organisations]
    parts: dict[str, list[Row]] = {}
    for name, rows in _tables(person, ids, with_account=with_account):
        parts[name] = [*parts.get(name, []), *(_row(row) for row in rows)]
    return {
        "made_at": clock.now().isoformat(),
        "person": _row(person),
        "held": {name: rows for name, rows in sorted(parts.items()) if rows},
        "changes": [_change(change) for change in _changes(person, ids)],
    }


def as_zip(document: dict[str, Any]) -> bytes:
    """Return the document as a ZIP of data.json and about.md."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(document, ensure_ascii=False, indent=2))
        archive.writestr("about.md", "\n".join(_markdown(document)) + "\n")
    return file.getvalue()


def _tables(
    person: Person, organisation_ids: list[int], *, with_account: bool
) -> Iterator[tuple[str, Iterable[models.Model]]]:
    """Yield (name, rows) of every relation to a person: "okr.keyresult by owner"."""
    for model in apps.get_models():
        path = _way_to_organisation(model)
        if path is None and not with_account:
            continue
        for field in (*model._meta.concrete_fields, *model._meta.many_to_many):
            if field.related_model is not Person or model is Person:
                continue
            rows = model._default_manager.filter(**{field.name: person})
            if path is not None:
                rows = rows.filter(**{f"{path}__in": organisation_ids})
            yield f"{model._meta.label_lower} ({field.name})", rows.order_by("pk").iterator()


def _way_to_organisation(model: type[models.Model]) -> str | None:
    """Return the shortest way of foreign keys from a model to its organisation ("item__team__organisation")."""
    waiting: deque[tuple[type[models.Model], str]] = deque([(model, "")])
    seen: set[type[models.Model]] = set()
    while waiting:
        here, path = waiting.popleft()
        if here in seen:
            continue
        seen.add(here)
        for field in here._meta.concrete_fields:
            upper: Any = field.related_model
            if upper is Organisation:
                return path + field.name
            if isinstance(upper, type) and upper is not Person and upper not in seen:
                waiting.append((upper, f"{path}{field.name}__"))
    return None


def _changes(person: Person, organisation_ids: list[int]) -> Iterable[Change]:
    """Return what they did and what was done to them, the oldest first."""
    members = list(Membership.objects.filter(person=person).values_list("pk", flat=True))
    about = models.Q(actor_id=person.pk)
    about |= models.Q(subject_type=Person._meta.label_lower, subject_id=person.pk)
    about |= models.Q(subject_type=Membership._meta.label_lower, subject_id__in=members)
    return Change.objects.filter(about, organisation_id__in=organisation_ids).order_by("pk").iterator()


def _row(row: models.Model) -> Row:
    secret = _SECRET_FIELDS.get(row._meta.label_lower, set())
    return {
        field.attname: _plain(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if not _SECRET.search(field.name) and field.name not in secret
    }


def _change(change: Change) -> Row:
    return {
        "at": change.at.isoformat(),
        "what": change.name,
        "about": change.subject_label,
        "subject": f"{change.subject_type} {change.subject_id}",
        "by": change.actor_id,
        "before": change.before,
        "after": change.after,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | bool | list | dict | None):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _markdown(document: dict[str, Any]) -> Iterator[str]:
    yield "# " + _("What is held about %(name)s") % {"name": _line(document["person"]["name"])}
    yield ""
    yield _("Made %(day)s. The same is in data.json, for programs.") % {"day": document["made_at"][:10]}
    yield ""
    yield from _fields(document["person"])
    for name, rows in document["held"].items():
        yield ""
        yield f"## {_title(name)}"
        for row in rows:
            yield ""
            yield from _fields(row)
    yield ""
    yield "## " + _("What was done, and when")
    yield ""
    for change in document["changes"]:
        yield f"- {change['at'][:16].replace('T', ' ')}: {change['what']}, {_line(change['about'])}"


def _title(name: str) -> str:
    label, _sign, field = name.partition(" ")
    return f"{apps.get_model(label)._meta.verbose_name_plural} {field}"


def _fields(row: Row) -> Iterator[str]:
    for name, value in row.items():
        if value not in (None, "", [], {}):
            yield f"- {name.replace('_', ' ')}: {_line(value)}"


def _line(value: Any) -> str:
    return " ".join(str(value).split())
