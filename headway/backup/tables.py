"""Tables as parts of an archive: which rows, in which order, and where their counting stands."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import Max, Q
from django.db.models.functions import Collate

from headway.lib import clock
from headway.people.models import Organisation, Person

from . import policy, rows
from .archive import Writer
from .moment import State

FORMAT_VERSION = 1
SECRET_KEY = "secret.key"
README = Path(__file__).with_name("README.in-an-export.txt")


class Scope:
    """Whose rows: those of one organisation and of the people in it, or everything."""

    def __init__(self, organisation: Organisation | None = None) -> None:
        self._id = organisation.pk if organisation else None
        self._strangers: set[int] = set()

    def find_people(self, of: list[type[models.Model]]) -> None:
        """Look for people who are named in rows of the organisation and are no members of it."""
        named: set[int] = set()
        for model in of:
            if not policy.path_to_organisation(model):
                continue
            for column in policy.people_columns(model):
                named.update(self.rows_of(model).order_by().values_list(column, flat=True).distinct())
        members = Person.objects.filter(memberships__organisation=self._id).values_list("pk", flat=True)
        self._strangers = {person for person in named if person is not None} - set(members)

    def rows_of(self, model: type[models.Model]) -> models.QuerySet[Any]:
        everything = model._base_manager.all()
        if self._id is None:
            return everything
        if path := policy.path_to_organisation(model):
            return everything.filter(**{path: self._id})
        if path := policy.path_to_person(model):
            members = Person.objects.filter(memberships__organisation=self._id).values("pk")
            return everything.filter(Q(**{f"{path}__in": members}) | Q(**{f"{path}__in": self._strangers}))
        return everything.none()


def head(format: str, state: State, *, secrets: bool) -> dict[str, Any]:
    """Return a manifest without its parts."""
    return {
        "format": format,
        "format_version": FORMAT_VERSION,
        "headway": version("headway"),
        "made_at": clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "secrets": secrets,
        "migrations": state.last,
        "rows": 0,
        "tables": [],
        "files": [],
        "others": [],
    }


def add_readme(writer: Writer, manifest: dict[str, Any]) -> None:
    manifest["others"].append(writer.add("README.txt", [README.read_bytes()]))


def add_secret_key(writer: Writer, manifest: dict[str, Any]) -> None:
    """Add the secret of the installation, where it lies in the data folder."""
    path = Path(settings.DATA_DIR) / SECRET_KEY
    if path.exists():
        manifest["others"].append(writer.add(SECRET_KEY, [path.read_bytes()]))


def add_tables(
    writer: Writer,
    manifest: dict[str, Any],
    of: list[type[models.Model]],
    scope: Scope,
    *,
    secrets: bool,
) -> None:
    """Write each table as a part, sorted by its key, and name it in the manifest."""
    labels = {model._meta.label_lower for model in of}
    for model in of:
        fields = rows.fields_of(model)
        instead = policy.instead_of_secrets(model, secrets=secrets) | {
            field.attname: None
            for field in fields
            if field.is_relation and field.related_model._meta.label_lower not in labels
        }
        count = 0

        def counted(content: Iterator[bytes]) -> Iterator[bytes]:
            nonlocal count
            for line in content:
                count += 1
                yield line

        content = rows.lines(_in_order(scope.rows_of(model)), fields, instead)
        part = writer.add(f"tables/{model._meta.label_lower}.jsonl", counted(content))
        manifest["rows"] += count
        manifest["tables"].append(
            {
                "name": model._meta.label_lower,
                **part,
                "rows": count,
                "last_id": last_id(model),
                "columns": [field.attname for field in fields],
            }
        )


def last_id(model: type[models.Model]) -> int | None:
    """Return the last id that a table gave away, also to a row that is gone; None where it counts none."""
    if not isinstance(model._meta.pk, models.AutoField | models.BigAutoField | models.SmallAutoField):
        return None
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            found = cursor.fetchone()
            return int(found[0]) if found else 0
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
        sequence = cursor.fetchone()[0]
        cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}")
        given = int(cursor.fetchone()[0])
    return max(given, model._base_manager.aggregate(last=Max("pk"))["last"] or 0)


def set_last_id(model: type[models.Model], last: int) -> None:
    """Let a table go on counting after `last`."""
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            if last:
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])
            return
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)", [f'"{table}"', column, max(last, 1), last > 0]
        )


def _in_order(found: models.QuerySet[Any]) -> models.QuerySet[Any]:
    key = found.model._meta.pk
    if isinstance(key, models.CharField | models.TextField):  # a language would sort "a" beside "A"
        return found.order_by(Collate("pk", "C" if connection.vendor == "postgresql" else "BINARY"))
    return found.order_by("pk")
