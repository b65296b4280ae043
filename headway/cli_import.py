"""`headway import jira|github|csv|okrs` and `headway import undo`: what they ask and print.

The documents are those of docs/howto/import.md.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.prompt import Prompt
from rich.table import Table

from headway import serve
from headway.live.history import CannotUndo
from headway.people.actions import create_organisation, create_team
from headway.people.actor import system_actor
from headway.people.models import Organisation, Team
from headway.sync.actions import begin_import, import_file, undo_import
from headway.sync.documents import import_document, preview_document, refusal_document, undo_document
from headway.sync.models import Import
from headway.sync.okrs import actions as okrs
from headway.sync.plan import Planned
from headway.sync.preview import preview
from headway.sync.rows import NotThisFormat
from headway.sync.sources import open_source, remembered
from headway.sync.survey import Answers, Source, StatusSeen, require_fields
from headway.sync.write import Writer

SHOWN = 20


class Refused(Exception):
    """The command cannot be done; the message says why and what to do. `document` is what --json prints."""

    def __init__(self, message: str, document: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.document = document or {"error": message, "line": None, "todo": ""}


def bring_in(
    provider: str,
    path: Path,
    *,
    team_key: str,
    mapping: Path | None,
    options: Mapping[str, bool | None],
    creates_team: bool,
    dry_run: bool,
    as_json: bool,
    out: Console,
) -> None:
    """Import a tracker's file into a team, or say what would happen; ask what nobody knows where one can be asked."""
    with _refusals(), _team(team_key, creates=creates_team, keeps=not dry_run) as team:
        answers = remembered(team, provider).with_(_answers(mapping, options))
        source = _looked_over(provider, path, answers, team)
        if not as_json and _is_conversation(out):
            asked = _ask(source, provider, options, answers)
            if asked != answers:
                answers = asked
                source = _looked_over(provider, path, answers, team)
        if dry_run:
            found = preview(team, provider, source, may_wait=False)
            document = preview_document(found, source.survey)
        else:
            actor = system_actor(team)
            run = begin_import(team, by=actor, provider=provider, file_name=path.name, size_bytes=path.stat().st_size)
            with _progress(source.survey.rows, as_json=as_json) as on_batch:
                import_file(run, path, by=actor, answers=answers, may_wait=False, on_batch=on_batch, source=source)
            document = import_document(run, source.survey)
    _print(document, as_json=as_json, out=out)


def bring_in_okrs(
    path: Path, *, team_key: str, cycle: str, creates_team: bool, dry_run: bool, as_json: bool, out: Console
) -> None:
    """Import OKRs from Markdown or CSV into a team."""
    with _refusals(), _team(team_key, creates=creates_team, keeps=not dry_run) as team:
        _readable(path)
        document = okrs.import_file(path, team=team, by=system_actor(team), cycle=cycle, dry_run=dry_run)
    _print(document, as_json=as_json, out=out, is_okrs=True)


def take_back(import_id: int, *, as_json: bool, out: Console) -> None:
    """Take an import back, and name what people changed since."""
    with _refusals():
        serve.migrate()
        run = Import.objects.select_related("team", "organisation").filter(pk=import_id).first()
        if run is None:
            raise Refused(_("There is no import %(id)s.") % {"id": import_id})
        actor = system_actor(run.organisation)
        if run.provider == okrs.PROVIDER:
            run = okrs.undo_okrs(run, by=actor)
            document: dict[str, Any] = {"id": run.pk, "left": run.left}
        else:
            document = undo_document(run, undo_import(run, by=actor))
    if as_json:
        _print_document(document, out)
    else:
        _print_undo(document, out)


# Where it goes


@contextmanager
def _team(key: str, *, creates: bool, keeps: bool) -> Iterator[Team]:
    """Find the team, or create it (for a dry run, for as long as that lasts)."""
    serve.migrate()
    key = key.strip().upper()
    team = Team.objects.active().select_related("organisation").filter(key=key).first()
    if team is not None:
        yield team
    elif not creates:
        known = ", ".join(Team.objects.active().values_list("key", flat=True)[:20])
        text = _("There is no team %(key)s.") % {"key": key}
        raise Refused(text + " " + (_("Known here: %(keys)s.") % {"keys": known} if known else _("Add --create-team.")))
    elif keeps:
        yield _new_team(key)
    else:
        with transaction.atomic():
            yield _new_team(key)
            transaction.set_rollback(True)


@transaction.atomic
def _new_team(key: str) -> Team:
    """Create a team in the one organisation; in an empty installation with one that the first administrator takes."""
    organisations = list(Organisation.objects.filter(is_demonstration=False)[:2])
    if len(organisations) > 1:
        raise Refused(_("There is more than one organisation here: create the team in the browser first."))
    organisation = organisations[0] if organisations else create_organisation(_("Organisation"), by=system_actor(None))
    return create_team(organisation, by=system_actor(organisation), key=key, name=key)


# What is asked


def _answers(mapping: Path | None, options: Mapping[str, bool | None]) -> Answers:
    document: Any = {}
    if mapping is not None:
        try:
            document = json.loads(mapping.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise Refused(_("%(file)s cannot be read: %(why)s.") % {"file": mapping, "why": error.strerror}) from error
        except ValueError as error:
            raise Refused(_("%(file)s is no JSON: %(why)s.") % {"file": mapping, "why": error}) from error
    given = {name: value for name, value in options.items() if value is not None}
    return Answers.from_json(document).with_(Answers(options=given))


def _looked_over(provider: str, path: Path, answers: Answers, team: Team) -> Source:
    _readable(path)
    source = open_source(provider, path, answers, team)
    require_fields(source.survey)
    unknown = [name for name in answers.columns if source.headings and name not in source.headings]
    if provider != "github" and unknown:
        print(_("Not in this file: %(columns)s.") % {"columns": ", ".join(unknown)}, file=sys.stderr)  # noqa: T201
    return source


def _readable(path: Path) -> None:
    if not path.is_file():
        raise Refused(_("There is no file %(path)s.") % {"path": path})


def _is_conversation(out: Console) -> bool:
    return sys.stdin.isatty() and out.is_terminal


def _ask(source: Source, provider: str, options: Mapping[str, bool | None], answers: Answers) -> Answers:
    """Ask once what nobody knows; an empty answer leaves a status unexplained."""
    survey = source.survey
    console = Console(stderr=True)
    statuses = {}
    for seen in survey.unknown_statuses:
        answer = _ask_status(seen, console)
        if answer:
            statuses[seen.name] = answer
    asked: dict[str, Any] = {}
    if survey.is_date_order_open:
        text = _("Dates like 05/11/26: is the day (dmy) or the month (mdy) first?")
        asked["dates"] = Prompt.ask(text, choices=["dmy", "mdy"], default="dmy", console=console)
    if provider == "github" and survey.milestones and answers.options.get("milestones") is None:
        text = _("Shall milestones become Sprints?")
        asked["milestones"] = Prompt.ask(text, choices=["yes", "no"], default="no", console=console) == "yes"
    return answers.with_(Answers(statuses=statuses, options=asked))


def _ask_status(seen: StatusSeen, console: Console) -> str:
    count = ngettext("%(count)s item", "%(count)s items", seen.rows) % {"count": seen.rows}
    text = _("What does the status “%(status)s” mean (%(items)s)?") % {"status": seen.name, "items": count}
    choices = ["todo", "doing", "done", "skip", "later"]
    answer = Prompt.ask(escape(text), choices=choices, default="later", console=console)
    return "" if answer == "later" else answer


# What is printed


@contextmanager
def _progress(rows: int, *, as_json: bool) -> Iterator[Callable[[Writer, Sequence[Planned]], None]]:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=as_json or not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task(_("Rows"), total=rows)

        def on_batch(writer: Writer, _batch: Sequence[Planned]) -> None:
            bar.update(task, completed=writer.counts["read"])

        yield on_batch


def _print(document: Mapping[str, Any], *, as_json: bool, out: Console, is_okrs: bool = False) -> None:
    if as_json:
        _print_document(document, out)
        return
    names = {
        "read": _("rows read"),
        "created": _("created"),
        "changed": _("changed"),
        "unchanged": _("unchanged"),
        "kept": _("kept as ours, to be decided"),
        "missing": _("no longer in the file"),
    }
    table = Table(show_header=False, box=None)
    for name, text in names.items():
        if name in document:
            table.add_row(str(document[name]), text)
    if document["skipped"]:
        table.add_row(str(len(document["skipped"])), _("skipped"))
    out.print(table)
    for row in document["skipped"][:SHOWN]:
        out.print(_("Line %(line)s: %(reason)s") % {"line": row["line"], "reason": row["reason"]}, markup=False)
    if len(document["skipped"]) > SHOWN:
        out.print(_("… and %(count)s more; --json names them all.") % {"count": len(document["skipped"]) - SHOWN})
    if document["unmapped"]:
        text = (
            _("Not known here: %(names)s.")
            if is_okrs
            else _(
                "Nobody has said what these mean, they count as to do: %(names)s. Say it with --map, or in the browser."
            )
        )
        out.print(text % {"names": ", ".join(document["unmapped"])}, markup=False)
    if assumed := document.get("assumed"):
        out.print(_("Dates can be read both ways; taken as %(order)s.") % {"order": assumed["dates"]})
    if document["id"] is None:
        out.print(_("Nothing was written."))
    else:
        out.print(_("Take it back: headway import undo %(id)s") % {"id": document["id"]}, markup=False)


def _print_undo(document: Mapping[str, Any], out: Console) -> None:
    if "taken_back" in document:
        count = document["taken_back"]
        out.print(ngettext("%(count)s row taken back.", "%(count)s rows taken back.", count) % {"count": count})
    else:
        out.print(_("Import %(id)s was taken back.") % {"id": document["id"]})
    if document["left"]:
        out.print(_("These were changed since and stay as they are:"))
    for row in document["left"]:
        who = f"{row['who']}: " if row["who"] else ""
        out.print(f"  {row['key']} {row['title']} ({who}{row['what']})", markup=False)


def _print_document(document: Mapping[str, Any], out: Console) -> None:
    out.file.write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except NotThisFormat as error:
        where = _("Line %(line)s: %(message)s") % {"line": error.line, "message": error.message}
        text = where if error.line else error.message
        raise Refused(f"{text} {error.todo}".strip(), refusal_document(error)) from error
    except (CannotUndo, serve.CannotServe) as error:
        raise Refused(str(error)) from error
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
