"""What runs in the background, once a day: forecasts are scored, and closed estimates are nobody's any more."""

from django_tasks import task

from .actions import forget_givers
from .actions.kept_forecasts import score_due


@task()
def score_forecasts() -> None:
    """Score the forecasts whose date has passed."""
    score_due()


@task()
def forget_who_estimated() -> None:
    """Drop the digests of estimates that can no longer change."""
    forget_givers()
