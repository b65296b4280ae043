"""The command line: `headway …`. With --json, standard output is one JSON document and nothing else."""

import os

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

    django.setup()


def main() -> None:
    app()
