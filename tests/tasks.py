"""Background tasks for the tests of the worker: one leaves a trace, one fails."""

from pathlib import Path

from django_tasks import task


@task()
def touch(path: str) -> None:
    Path(path).touch()


@task()
def fail(word: str) -> None:
    raise ValueError(word)
