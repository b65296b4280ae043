"""Why something was not kept or not brought back, in words that say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.utils.translation import gettext as _


class Refused(Exception):
    """It was not done, and nothing was changed; the message tells a person why and what to do."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the system says of a file into a Refused."""
    try:
        yield
    except OSError as error:
        raise Refused(_in_words(error, path)) from error


def _in_words(error: OSError, path: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _("There is no room left at %(path)s. Make room, or choose another disk; nothing was kept.") % {
            "path": path.parent
        }
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return _("%(path)s cannot be reached with the rights of this user. Change them, or choose another folder.") % {
            "path": path
        }
    if error.errno == errno.ENOENT:
        return _("There is no %(path)s.") % {"path": error.filename or path}
    return f"{path}: {error.strerror or error}"
