"""The command line: `headway …`. With --json, standard output is one JSON document and nothing else."""

import os
from typing import Annotated

import typer

app = typer.Typer(
    name="headway",
    help="OKRs laid over Scrum: serve the web application, import, plan, forecast and report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def start() -> None:
    """Set Django up once, before any command; commands import the areas when they run."""
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
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.")] = 8000,
) -> None:
    """Serve the web application: migrates, answers on one port, and keeps a worker running beside it."""
    from headway import serve

    try:
        serve.serve(host=host, port=port, say=typer.echo)
    except serve.CannotServe as error:
        raise _refused(str(error)) from error


@app.command()
def worker() -> None:
    """Run background tasks on another machine than `headway serve`, on the same PostgreSQL database."""
    from headway import serve

    serve.work()


def _refused(reason: str) -> typer.Exit:
    typer.echo(reason, err=True)
    return typer.Exit(1)


def main() -> None:
    app()
