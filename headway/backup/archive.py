"""The file in which things are kept: a ZIP whose `manifest.json` names every part with its length and SHA-256.

The same content makes the same bytes: parts come in a fixed order, without times of their own.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any

from django.utils.translation import gettext as _

from .errors import Refused, told

MANIFEST = "manifest.json"
CHUNK = 1 << 20


class Writer:
    """Write the parts of an archive, one after the other, then `close` it with its manifest."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._zip.close()

    def add(self, name: str, content: Iterable[bytes]) -> dict[str, Any]:
        """Write a part from pieces; return its {"path", "bytes", "sha256"}."""
        digest, length = hashlib.sha256(), 0
        with self._zip.open(_entry(name), "w", force_zip64=True) as part:
            for piece in content:
                part.write(piece)
                digest.update(piece)
                length += len(piece)
        return {"path": name, "bytes": length, "sha256": digest.hexdigest()}

    def close(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, readable as it lies, and end."""
        text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
        # Stored, not packed: two archives that differ in their date only, differ there only (and in its checksum).
        self._zip.writestr(_entry(MANIFEST), text.encode(), zipfile.ZIP_STORED)


class Reader:
    """Read an archive; every part that is not named in the manifest is out of reach."""

    def __init__(self, file: zipfile.ZipFile, manifest: dict[str, Any], path: Path) -> None:
        self._zip = file
        self.manifest = manifest
        self.path = path

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Every part with its length and SHA-256."""
        return [*self.manifest["tables"], *self.manifest["files"], *self.manifest["others"]]

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a part to read it as a stream."""
        with self._zip.open(name) as part:
            yield part

    def check(self) -> None:
        """Read everything once. Raises Refused where a part is missing or not what it was."""
        for part in self.parts:
            try:
                digest, length = hashlib.sha256(), 0
                with self.open(part["path"]) as file:
                    while piece := file.read(CHUNK):
                        digest.update(piece)
                        length += len(piece)
            except (KeyError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
                raise _damaged(self.path, part["path"]) from error
            if length != part["bytes"] or digest.hexdigest() != part["sha256"]:
                raise _damaged(self.path, part["path"])


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Open an archive of ours. Raises Refused where it is none, or is cut off."""
    with told(path):
        if not path.is_file():
            raise FileNotFoundError(2, "", str(path))
        try:
            with zipfile.ZipFile(path) as file:
                manifest = json.loads(file.read(MANIFEST))
                if not str(manifest["format"]).startswith("headway-"):
                    raise KeyError("format")
                for part in [*manifest["tables"], *manifest["files"], *manifest["others"]]:
                    _check_name(part["path"])
                yield Reader(file, manifest, path)
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise Refused(
                _("%(path)s is no export or backup of Headway, or it is cut off. Take another copy.") % {"path": path}
            ) from error


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write to; it becomes `path` when all is written and on the disk.

    A run that breaks off leaves `path` as it was. Raises Refused where it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with told(path):
            # Hashes of passwords and more: for this account alone, whatever rights new files get here.
            part.touch(mode=0o600)
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(path)
            sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o600 << 16
    return entry


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ValueError(name)


def _damaged(path: Path, part: str) -> Refused:
    return Refused(
        _("%(path)s is damaged: %(part)s is not what it was when it was written. Take another copy.")
        % {"path": path, "part": part}
    )
