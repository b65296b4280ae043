"""`headway administrator`, `setup-link`, `clear-sign-in`, `members`, `retention`: what they do and print."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from headway import serve
from headway.people import actions
from headway.people.access import Forbidden
from headway.people.actor import system_actor
from headway.people.member_table import NotATable, decode, plan_members
from headway.people.models import Membership, Organisation
from headway.people.sign_in.actions import clear
from headway.people.tasks import run_retention

Say = Callable[[str], None]


class Refused(Exception):
    """What was asked for cannot be done; the message says why and what to do."""


def administrator(email: str, *, name: str, organisation: str, address: str, say: Say) -> None:
    """Make somebody an administrator and print the link with which they set a password."""
    serve.migrate()
    where = _organisation(organisation)
    try:
        token, is_new = actions.recover_administrator(where, by=system_actor(where), email=email, name=name)
    except (ValidationError, Forbidden) as error:
        raise Refused(_reasons(error)) from error
    told = _("%(email)s is a new administrator of %(organisation)s.") if is_new else _(
        "%(email)s is an administrator of %(organisation)s now."
    )  # fmt: skip
    say(told % {"email": email, "organisation": where.name})
    say(_("This link sets a password, once, within a week:"))
    say("  " + address.rstrip("/") + reverse("password-link", args=[token]))


def setup_link(*, address: str, say: Say) -> None:
    """Print a new link for the first administrator; the earlier one works no longer."""
    serve.migrate()
    token = actions.issue_setup_link()
    if token is None:
        raise Refused(_("There is an administrator already. For a way in: headway administrator EMAIL."))
    say(_("Create the first administrator (this link works once; an earlier one works no longer):"))
    say("  " + address.rstrip("/") + reverse("setup", args=[token]))


def clear_sign_in(email: str, *, organisation: str, say: Say) -> None:
    """Take every way in from a member, who then comes in anew: by a provider, or by a link."""
    serve.migrate()
    where = _organisation(organisation)
    rows = Membership.objects.filter(organisation=where, deactivated_at=None).select_related("person", "organisation")
    member = rows.filter(person__email__iexact=email.strip()).first()
    if member is None:
        raise Refused(
            _("Nobody with the e-mail %(email)s is active in %(organisation)s.")
            % {"email": email, "organisation": where.name}
        )
    try:
        clear(member, by=system_actor(where))
    except (ValidationError, Forbidden) as error:
        raise Refused(_reasons(error)) from error
    say(_("Nobody can sign in as %(name)s until they prove anew who they are.") % {"name": member.person.name})


def members(
    file: Path, *, organisation: str, address: str, links: Path | None, dry_run: bool, as_json: bool, say: Say
) -> None:
    """Bring members in from a table; the links of those who are new are printed, or written into a file."""
    serve.migrate()
    where = _organisation(organisation)
    try:
        text = decode(file.read_bytes())
        plan = plan_members(where, text)
    except (OSError, NotATable) as error:
        raise Refused(str(error)) from error
    if plan.errors:
        told = [_("Line %(line)d: %(told)s") % {"line": line, "told": told} for line, told in plan.errors]
        raise Refused("\n".join([*told, _("Nothing was written.")]))
    counts = {what: plan.count(what) for what in ("invite", "give", "nothing")}
    invited = [] if dry_run else _write(where, text)
    rows = [(made.name, made.email, address.rstrip("/") + reverse("invitation", args=[made.token])) for made in invited]
    if links is not None and not dry_run:
        _write_links(links, rows)
    if as_json:
        document = {"dry_run": dry_run, **counts, "unread": list(plan.unread)}
        document["links"] = [] if links else [dict(zip(("name", "email", "link"), row, strict=True)) for row in rows]
        say(json.dumps(document, ensure_ascii=False))
        return
    say(_("%(invite)d to invite, %(give)d to give roles, %(nothing)d with nothing to do.") % counts)
    if plan.unread:
        say(_("Columns that are not read: %(names)s.") % {"names": ", ".join(plan.unread)})
    if dry_run:
        say(_("Nothing was written."))
    elif links is not None:
        say(_("The links are in %(file)s; we keep no copy.") % {"file": links})
    else:
        for name, email, link in rows:
            say(f"{name or email}\t{email}\t{link}")


def retention(*, as_json: bool, say: Say) -> None:
    """Remove now what the rules say is over, as the worker does each night."""
    serve.migrate()
    removed = run_retention()
    if as_json:
        say(json.dumps(removed, ensure_ascii=False))
        return
    for organisation, counts in removed.items():
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        say(f"{organisation or _('Installation')}: {told or _('nothing')}")


def _organisation(name: str) -> Organisation:
    """Return the organisation of this name, or the only one."""
    rows = Organisation.objects.filter(is_demonstration=False)
    found = list(rows.filter(name__iexact=name.strip()) if name else rows)
    if len(found) == 1:
        return found[0]
    names = ", ".join(rows.order_by("name").values_list("name", flat=True))
    if not names:
        raise Refused(_("There is no organisation yet. Make the first one: headway setup-link."))
    raise Refused(_("Say which organisation, with --organisation: %(names)s.") % {"names": names})


def _write(organisation: Organisation, text: str) -> list[actions.InvitedMember]:
    try:
        _change, invited = actions.import_members(organisation, text, by=system_actor(organisation))
    except (ValidationError, Forbidden) as error:
        raise Refused(_reasons(error)) from error
    return invited


def _write_links(path: Path, rows: list[tuple[str, str, str]]) -> None:
    """Write the links into a file that only its owner reads."""
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "email", "link"])
        writer.writerows(rows)


def _reasons(error: ValidationError | Forbidden) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
