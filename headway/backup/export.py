"""Everything in open formats: a line of JSON for each row, files as they are, and a manifest that counts them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import models
from django.utils.translation import gettext as _

from headway.people.models import Organisation

from . import policy
from .archive import Reader, Writer, new_file, opened, pieces_of
from .errors import Refused, told
from .moment import applied_state, snapshot
from .tables import Scope, add_readme, add_secret_key, add_tables, head


@dataclass(frozen=True)
class Kept:
    """What was written: rows of every table together, files, bytes of the whole."""

    path: Path
    rows: int
    files: int
    bytes: int


def export(path: Path, *, organisation: Organisation | None = None, secrets: bool = False) -> Kept:
    """Write everything, or one organisation, into a new archive at `path` and read it once over.

    Takes no lock: others go on writing, and the archive holds the moment at which it began. Raises Refused.
    """
    with told(path):
        return _export(path, organisation, secrets)


def _export(path: Path, organisation: Organisation | None, secrets: bool) -> Kept:
    state = applied_state()
    if not state.is_current:
        raise Refused(_("The database is of another version of Headway. Start this one once: headway serve"))
    with new_file(path) as part:
        with Writer(part) as writer, snapshot():
            manifest = head("headway-export", state, secrets=secrets) | {
                "scope": "organisation" if organisation else "installation",
                "organisations": _names(organisation),
            }
            add_readme(writer, manifest)
            scope = Scope(organisation)
            models_ = policy.exported(secrets=secrets)
            if organisation:
                scope.find_people(models_)
            add_tables(writer, manifest, models_, scope, secrets=secrets)
            for name in sorted(set(_files_of(models_, scope))):
                stored = Path(default_storage.path(name))
                if stored.is_file():
                    manifest["files"].append(writer.add(f"files/{name}", pieces_of(stored)))
            if secrets and not organisation:
                add_secret_key(writer, manifest)
            writer.close(manifest)
        with opened(part) as archive:
            archive.check()
            return told_of(archive, path, part)


def told_of(archive: Reader, path: Path, part: Path) -> Kept:
    """Count what an archive holds; `part` is where it lies until it has its name."""
    return Kept(path, archive.manifest["rows"], len(archive.manifest["files"]), part.stat().st_size)


def _files_of(of: list[type[models.Model]], scope: Scope) -> Iterator[str]:
    for model in of:
        for column in policy.file_columns(model):
            names = scope.rows_of(model).exclude(**{column: ""}).values_list(column, flat=True)
            yield from {str(name) for name in names if name}


def _names(organisation: Organisation | None) -> list[str]:
    found = Organisation.objects.order_by("pk")
    return list((found.filter(pk=organisation.pk) if organisation else found).values_list("name", flat=True))
