"""`headway backup`, `headway export` and `headway restore`: what they do and print."""

from collections.abc import Callable
from pathlib import Path

from django.utils.translation import gettext as _

from headway.backup import copy
from headway.backup.errors import Refused
from headway.backup.export import Kept, export
from headway.backup.restore import restore
from headway.lib.formats import number
from headway.people.models import Organisation

__all__ = ["Refused", "back_up", "bring_back", "check", "take_out"]

Say = Callable[[str], None]


def back_up(place: Path, *, keep: int | None, secret_key: bool, say: Say) -> None:
    """Copy the installation to a file, or to a new file in a folder. Raises Refused."""
    if keep is not None and not place.is_dir():
        raise Refused(_("--keep is for a folder of backups, and %(path)s is none.") % {"path": place})
    _say_kept(copy.back_up(place, keep=keep, secret_key=secret_key), say)
    if not secret_key:
        say(
            _(
                "The secret key (secret.key in the data folder, or HEADWAY_SECRET_KEY) is not in it: keep it apart. "
                "Without it everybody signs in anew and second factors are lost. --secret-key puts it in."
            )
        )


def check(path: Path, *, say: Say) -> None:
    """Read a backup or an export once over. Raises Refused."""
    copy.check(path)
    say(_("%(path)s is whole: every part is what it was when it was written.") % {"path": path})


def take_out(path: Path, *, organisation: str, secrets: bool, replace: bool, say: Say) -> None:
    """Write everything, or one organisation, in open formats. Raises Refused."""
    if path.exists() and not replace:
        raise Refused(
            _("There is a %(path)s already. Choose another name, or overwrite it: --replace") % {"path": path}
        )
    if organisation and secrets:
        raise Refused(_("Secrets belong to the whole installation: leave out --organisation, or --with-secrets."))
    of = _organisation(organisation) if organisation else None
    _say_kept(export(path, organisation=of, secrets=secrets), say)
    if secrets:
        say(_("Hashes of passwords, second factors, tokens and the secret key are in it: keep it as you keep a key."))
    else:
        say(_("No password is in it: after a restore people need a link to set one. --with-secrets brings them along."))


def bring_back(path: Path, *, say: Say) -> None:
    """Read an export or a backup into this installation, which must be empty. Raises Refused."""
    done = restore(path)
    say(
        _("Restored: %(rows)s rows and %(files)s files, written by Headway %(version)s.")
        % {"rows": number(done.rows), "files": number(done.files), "version": done.version}
    )
    if not done.has_secrets:
        say(_("There are no passwords in it: people need a link to set one."))


def _organisation(name: str) -> Organisation:
    found = list(Organisation.objects.filter(name__iexact=name.strip()))
    if len(found) == 1:
        return found[0]
    names = ", ".join(Organisation.objects.order_by("name").values_list("name", flat=True))
    raise Refused(_("There is no organisation %(name)s here, but: %(names)s.") % {"name": name, "names": names or "–"})


def _say_kept(kept: Kept, say: Say) -> None:
    say(
        _("%(path)s: %(rows)s rows, %(files)s files, %(size)s MB, read once over after it was written.")
        % {
            "path": kept.path,
            "rows": number(kept.rows),
            "files": number(kept.files),
            "size": number(kept.bytes / 1e6, 1),
        }
    )
