"""The command line: `headway …`. With --json, standard output is one JSON document and nothing else."""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="headway",
    help="OKRs laid over Scrum: serve the web application, import, plan, forecast and report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("headway"))
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Set Django up once, before any command; commands import the areas when they run."""
    if context.invoked_subcommand == "demo":
        os.environ.setdefault("HEADWAY_DATA", "headway-demo")  # never beside somebody's real work by accident
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headway.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise _refused(str(error)) from error


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")] = 8000,
) -> None:
    """Serve the web application: migrates, answers on one port, and keeps a worker running beside it."""
    from headway import serve

    try:
        serve.serve(host=host, port=port, say=typer.echo)
    except serve.CannotServe as error:
        raise _refused(str(error)) from error


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")] = 8000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start it anew, with its days around today.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the demonstration and stop.")] = False,
) -> None:
    """Look around: load a made-up organisation, serve it, sign in with one click. Own data folder unless told."""
    from headway import cli_demo, serve

    try:
        if delete:
            cli_demo.delete(say=typer.echo)
        else:
            serve.serve(host=host, port=port, greet=cli_demo.greeting(fresh=fresh), say=typer.echo)
    except serve.CannotServe as error:
        raise _refused(str(error)) from error


@app.command()
def worker() -> None:
    """Run background tasks on another machine than `headway serve`, on the same PostgreSQL database."""
    from headway import serve

    try:
        serve.work()
    except serve.CannotServe as error:
        raise _refused(str(error)) from error


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    mend_search: Annotated[bool, typer.Option("--mend-search", help="Fill the search index anew first.")] = False,
) -> None:
    """Say what is wrong with this installation, why it matters and how to mend it; exit code 1 where anything is."""
    from headway import cli_doctor

    if mend_search:
        cli_doctor.mend_search(out=_console())
    if not cli_doctor.examine(as_json=as_json, out=_console()):
        raise typer.Exit(1)


@app.command()
def plan(
    team: Annotated[str, typer.Option("--team", help="Key of the team.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Price promises as they were made.")] = False,
) -> None:
    """Print the value sheet: order, range, chance, weeks of work, value, cost of waiting, ties, Not now."""
    from headway import cli_value

    try:
        cli_value.plan(team, as_json=as_json, raw=raw, out=_console())
    except cli_value.Refused as error:
        raise _refused(str(error), error.document if as_json else None) from error


@app.command()
def report(
    team: Annotated[str, typer.Option("--team", help="Key of the team.")],
    format: Annotated[str, typer.Option("--format", help="md, csv or json.")] = "md",
    sprint: Annotated[int | None, typer.Option("--sprint", help="Number of a Sprint; else the cycle.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="First day (2026-09-28).")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="As it stood on the evening of this day.")] = None,
) -> None:
    """Print to do, in progress and done, by the Key Result that it serves."""
    from headway import cli_report, cli_value

    try:
        cli_report.report(team, format=format, sprint=sprint, start=start, end=end, on=on, out=sys.stdout)
    except cli_value.Refused as error:
        raise _refused(str(error)) from error


@app.command()
def brief(
    team: Annotated[str, typer.Argument(help="Key of the team.")],
    file: Annotated[Path | None, typer.Argument(help="File to write; else standard output.")] = None,
    format: Annotated[str | None, typer.Option("--format", help="md or pdf; else by the file's name.")] = None,
) -> None:
    """Write the economic brief: where to focus, what waiting costs, what would change our mind."""
    from headway import cli_brief, cli_value

    try:
        cli_brief.brief(team, format=format, file=file)
    except cli_value.Refused as error:
        raise _refused(str(error)) from error


@app.command()
def forecast(
    team: Annotated[str, typer.Option("--team", help="Key of the team.")],
    items: Annotated[int | None, typer.Option("--items", help="When will so many items be done?")] = None,
    by: Annotated[str | None, typer.Option("--by", help="How many by the evening of this day (2026-12-18)?")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Print a delivery forecast from the team's own throughput, with its chances and its sample."""
    from headway import cli_value

    try:
        cli_value.forecast(team, items=items, by=by, as_json=as_json, out=_console())
    except cli_value.Refused as error:
        raise _refused(str(error), error.document if as_json else None) from error


@app.command()
def backup(
    place: Annotated[Path, typer.Argument(help="A folder, or the name of a new file.", show_default=False)],
    keep: Annotated[int | None, typer.Option(min=1, help="Keep so many of the backups in the folder.")] = None,
    secret_key: Annotated[bool, typer.Option("--secret-key", help="Put the secret key in too.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only read an existing backup or export once over.")] = False,
) -> None:
    """Copy the whole installation to a file, while it runs, and read the copy once over."""
    from headway import cli_keep

    try:
        if check:
            cli_keep.check(place, say=typer.echo)
        else:
            cli_keep.back_up(place, keep=keep, secret_key=secret_key, say=typer.echo)
    except cli_keep.Refused as error:
        raise _refused(str(error)) from error


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Name of the new ZIP file.", show_default=False)],
    organisation: Annotated[str, typer.Option("--organisation", help="Only this organisation, by its name.")] = "",
    secrets: Annotated[
        bool, typer.Option("--with-secrets", help="With hashes of passwords, second factors, tokens, secret key.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite the file where it exists.")] = False,
) -> None:
    """Write everything in open formats: JSON Lines and files in a ZIP that `headway restore` reads."""
    from headway import cli_keep

    try:
        cli_keep.take_out(file, organisation=organisation, secrets=secrets, replace=replace, say=typer.echo)
    except cli_keep.Refused as error:
        raise _refused(str(error)) from error


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="An export or a backup.", show_default=False)],
) -> None:
    """Read an export or a backup into this installation, which must be empty."""
    from headway import cli_keep

    try:
        cli_keep.bring_back(file, say=typer.echo)
    except cli_keep.Refused as error:
        raise _refused(str(error)) from error


@app.command()
def reindex() -> None:
    """Fill the index of the search anew from the tables, and make what keeps it."""
    from django.db import connection

    from headway.search import index

    index.renew(connection)
    typer.echo("The index of the search is filled anew.")


_Address = Annotated[str, typer.Option("--address", help="Where people reach Headway; links begin with it.")]
_Organisation = Annotated[str, typer.Option("--organisation", help="Its name, where there are several.")]


@app.command("administrator")
def administrator(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Of a member, or of somebody new.")],
    name: Annotated[str, typer.Option(help="Of somebody new.")] = "",
    organisation: _Organisation = "",
    address: _Address = "http://127.0.0.1:8000",
) -> None:
    """Make somebody an administrator and print a link to set a password: the way back in where all are lost."""
    from headway import cli_people

    try:
        cli_people.administrator(email, name=name, organisation=organisation, address=address, say=typer.echo)
    except cli_people.Refused as error:
        raise _refused(str(error)) from error


@app.command("setup-link")
def setup_link(address: _Address = "http://127.0.0.1:8000") -> None:
    """Print a new link for the first administrator, where the one that the first start printed is lost."""
    from headway import cli_people

    try:
        cli_people.setup_link(address=address, say=typer.echo)
    except cli_people.Refused as error:
        raise _refused(str(error)) from error


@app.command("clear-sign-in")
def clear_sign_in(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Of a member.")],
    organisation: _Organisation = "",
) -> None:
    """Take every way in from somebody whose account another may hold: password, factors, providers, tokens, sessions.

    An administrator does it in the browser; this is for somebody who belongs to several organisations.
    """
    from headway import cli_people

    try:
        cli_people.clear_sign_in(email, organisation=organisation, say=typer.echo)
    except cli_people.Refused as error:
        raise _refused(str(error)) from error


@app.command("members")
def members(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns: name, email, team, roles, administrator.")],
    organisation: _Organisation = "",
    address: _Address = "http://127.0.0.1:8000",
    links: Annotated[Path | None, typer.Option(help="Write the links into this file instead of printing them.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each line; write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Invite those of a table who are new, and give roles to those who are here; all of it or nothing."""
    from headway import cli_people

    try:
        cli_people.members(
            file,
            organisation=organisation,
            address=address,
            links=links,
            dry_run=dry_run,
            as_json=as_json,
            say=typer.echo,
        )
    except cli_people.Refused as error:
        raise _refused(str(error)) from error


@app.command("retention")
def retention(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Remove what is over by the rules of each organisation, as the worker does each night."""
    from headway import cli_people

    cli_people.retention(as_json=as_json, say=typer.echo)


import_app = typer.Typer(
    help="Bring a file in: a tracker's export, or OKRs. Or take an import back.", no_args_is_help=True
)
app.add_typer(import_app, name="import")

_File = Annotated[Path, typer.Argument(help="The file.", show_default=False)]
_TeamKey = Annotated[str, typer.Option("--team", help="Key of the team.", show_default=False)]
_Map = Annotated[Path | None, typer.Option("--map", help="JSON: what columns, statuses and options mean.")]
_CreateTeam = Annotated[bool, typer.Option("--create-team", help="Create the team where there is none.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@import_app.command("jira")
def import_jira(
    file: _File,
    team: _TeamKey,
    map: _Map = None,
    create_team: _CreateTeam = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Bring in Jira's CSV export."""
    _bring_in("jira", file, team, map, {}, create_team, dry_run, as_json)


@import_app.command("github")
def import_github(
    file: _File,
    team: _TeamKey,
    map: _Map = None,
    pull_requests: Annotated[
        bool | None, typer.Option("--include-pull-requests/--no-pull-requests", help="Pull requests too.")
    ] = None,
    milestones: Annotated[
        bool | None, typer.Option("--milestones-as-sprints/--no-milestones-as-sprints", help="Milestones are Sprints.")
    ] = None,
    create_team: _CreateTeam = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Bring in GitHub's issues, as JSON."""
    options = {"pull_requests": pull_requests, "milestones": milestones}
    _bring_in("github", file, team, map, options, create_team, dry_run, as_json)


@import_app.command("csv")
def import_csv(
    file: _File,
    team: _TeamKey,
    map: _Map = None,
    create_team: _CreateTeam = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Bring in any table of work items; --map says what its columns are."""
    _bring_in("csv", file, team, map, {}, create_team, dry_run, as_json)


@import_app.command("okrs")
def import_okrs(
    file: _File,
    team: _TeamKey,
    cycle: Annotated[str, typer.Option("--cycle", help="Name of the cycle, where the file names none.")] = "",
    create_team: _CreateTeam = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Bring in OKRs, from Markdown or CSV."""
    from headway import cli_import

    try:
        cli_import.bring_in_okrs(
            file,
            team_key=team,
            cycle=cycle,
            creates_team=create_team,
            dry_run=dry_run,
            as_json=as_json,
            out=_console(),
        )
    except cli_import.Refused as error:
        raise _refused(str(error), error.document if as_json else None) from error


@import_app.command("undo")
def import_undo(
    import_id: Annotated[int, typer.Argument(metavar="ID", help="Its number.")], as_json: _Json = False
) -> None:
    """Take an import back; what people changed since stays, and is named."""
    from headway import cli_import

    try:
        cli_import.take_back(import_id, as_json=as_json, out=_console())
    except cli_import.Refused as error:
        raise _refused(str(error), error.document if as_json else None) from error


def _bring_in(
    provider: str,
    file: Path,
    team: str,
    mapping: Path | None,
    options: dict[str, bool | None],
    create_team: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from headway import cli_import

    try:
        cli_import.bring_in(
            provider,
            file,
            team_key=team,
            mapping=mapping,
            options=options,
            creates_team=create_team,
            dry_run=dry_run,
            as_json=as_json,
            out=_console(),
        )
    except cli_import.Refused as error:
        raise _refused(str(error), error.document if as_json else None) from error


def _console() -> "Console":
    from rich.console import Console

    return Console()


def _refused(reason: str, document: dict[str, Any] | None = None) -> typer.Exit:
    """Say on standard error why it was not done; with --json the document on standard output says it too."""
    if document is not None:
        typer.echo(json.dumps(document, ensure_ascii=False))
    typer.echo(reason, err=True)
    return typer.Exit(1)


def main() -> None:
    app()
