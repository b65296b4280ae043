"""The statuses that an item went through, as far as a row tells: from a date per status, or from its few dates."""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

from headway.scrum.models import Category

from .rows import TrackerRow


class Step(NamedTuple):
    """An item entered a status."""

    status: str
    category: str
    at: dt.datetime


class Times(NamedTuple):
    created_at: dt.datetime | None
    started_at: dt.datetime | None
    done_at: dt.datetime | None


def steps_of(
    row: TrackerRow,
    category: str,
    *,
    category_of: Callable[[str], str],
    name_of: Callable[[str], str],
    is_dropped: bool,
) -> list[Step]:
    """Return the steps in order of time. `category` is what the present status means.

    Nothing is invented: an item that is done on a day that the file does not tell has no step into done. What ended
    without delivery (`is_dropped`) has none either, for it must never count as delivered. `name_of` names the usual
    status of a category, for a step whose own name is unknown.
    """
    if row.history:
        return _from_history(row, category, category_of, name_of, is_dropped=is_dropped)
    changed = row.category_changed_at
    started = row.started_at or (changed if category == Category.DOING else None)
    done = (row.done_at or changed) if category == Category.DONE and not is_dropped else None
    steps = []
    if row.created_at:
        name = row.status if category == Category.TODO and row.status else name_of(Category.TODO)
        steps.append(Step(name, Category.TODO, row.created_at))
    if started and category != Category.TODO and not (done and started > done):
        name = row.status if category == Category.DOING else name_of(Category.DOING)
        steps.append(Step(name, Category.DOING, started))
    if done:
        steps.append(Step(row.status or name_of(Category.DONE), Category.DONE, done))
    return steps


def times_of(row: TrackerRow, category: str, steps: list[Step]) -> Times:
    """Return when the work was created, began and was done (for the last time); None where the file does not tell."""
    created = row.created_at or (steps[0].at if steps else None)
    done = _entered_for_good(steps, Category.DONE) if category == Category.DONE else None
    started = None
    if category != Category.TODO:
        first_doing = next((step.at for step in steps if step.category == Category.DOING), None)
        started = row.started_at or first_doing
    if started and done and started > done:
        started = None
    return Times(created, started, done)


def _from_history(
    row: TrackerRow,
    category: str,
    category_of: Callable[[str], str],
    name_of: Callable[[str], str],
    *,
    is_dropped: bool,
) -> list[Step]:
    steps = [Step(status, category_of(status), at) for status, at in row.history]
    if row.created_at and row.created_at < steps[0].at:
        steps.insert(0, Step(name_of(Category.TODO), Category.TODO, row.created_at))
    if category == Category.DONE and (row.done_at or is_dropped):
        while steps and steps[-1].category == Category.DONE:
            steps.pop()
        if row.done_at and not is_dropped:
            steps.append(Step(row.status or name_of(Category.DONE), Category.DONE, row.done_at))
            steps.sort(key=lambda step: step.at)
    elif category != Category.DONE and steps[-1].category != category:
        # It came back (or went on) after the last date of the table: no later than it was last touched.
        last = steps[-1].at
        steps.append(Step(row.status or name_of(category), category, max(last, row.updated_at or last)))
    return steps


def _entered_for_good(steps: list[Step], category: str) -> dt.datetime | None:
    """Return when the last unbroken run of steps in a category began, if the steps end in it."""
    at = None
    for step in reversed(steps):
        if step.category != category:
            break
        at = step.at
    return at
