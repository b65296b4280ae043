"""A background task that leaves a trace, for the test of the worker."""

from pathlib import Path

from django_tasks import task


@task()
def touch(path: str) -> None:
    Path(path).touch()
