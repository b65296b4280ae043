"""The running Sprint by the Key Result that its items serve."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils import timezone

from headway.okr.queries import KeyResultRow
from headway.scrum.models import Category, Sprint

from .work import Work, WorkItem


@dataclass(frozen=True)
class PulseRow:
    """The Sprint's items for one Key Result (None: that serve none), by category."""

    key_result_id: int | None
    short_name: str
    title: str
    todo: tuple[WorkItem, ...]
    doing: tuple[WorkItem, ...]
    done: tuple[WorkItem, ...]

    @property
    def cells(self) -> tuple[tuple[str, tuple[WorkItem, ...]], ...]:
        return (Category.TODO, self.todo), (Category.DOING, self.doing), (Category.DONE, self.done)


@dataclass(frozen=True)
class Pulse:
    """Counts are of items: one that serves two Key Results stands in both rows and counts once."""

    rows: tuple[PulseRow, ...]
    todo: int
    doing: int
    done: int
    size: float | None  # None where no item has one
    added: float | None  # size of what came in after the first day
    unserved_share: float | None
    unserved_limit: float | None

    @property
    def is_over_limit(self) -> bool:
        share, limit = self.unserved_share, self.unserved_limit
        return share is not None and limit is not None and share > limit


def pulse_of(work: Work, sprint: Sprint, key_results: Iterable[KeyResultRow], *, limit: float | None) -> Pulse:
    """Return the pulse of a Sprint; `key_results` give the order of the rows. No query."""
    items = [item for item in work.items if sprint.pk in item.in_sprints]
    is_sized = any(item.size is not None for item in items)
    return Pulse(
        rows=tuple(_rows(items, key_results)),
        todo=sum(item.category == Category.TODO for item in items),
        doing=sum(item.category == Category.DOING for item in items),
        done=sum(item.category == Category.DONE for item in items),
        size=sum(item.size or 0.0 for item in items) if is_sized else None,
        added=sum(item.size or 0.0 for item in items if _came_late(item, sprint)) if is_sized else None,
        unserved_share=work.share_without_key_result(items),
        unserved_limit=limit,
    )


def _came_late(item: WorkItem, sprint: Sprint) -> bool:
    if item.added_to_sprint_at is None or sprint.starts_on is None:
        return False
    return timezone.localdate(item.added_to_sprint_at) > sprint.starts_on


def _rows(items: Sequence[WorkItem], key_results: Iterable[KeyResultRow]) -> Iterator[PulseRow]:
    """Yield a row for each Key Result that something serves: those given in their order, then others, then none."""
    names = {row.id: (row.short_name, row.title) for row in key_results}
    for item in items:
        for line in item.promise.key_results:
            if line.key_result_id is not None:
                names.setdefault(line.key_result_id, (line.name, line.title))
    for pk, (short_name, title) in names.items():
        serving = [item for item in items if item.serves(pk)]
        if serving:
            yield _row(pk, short_name, title, serving)
    rest = [item for item in items if not item.serves_key_result]
    if rest:
        yield _row(None, "", "", rest)


def _row(pk: int | None, short_name: str, title: str, items: Sequence[WorkItem]) -> PulseRow:
    def of(category: str) -> tuple[WorkItem, ...]:
        return tuple(item for item in items if item.category == category)

    return PulseRow(pk, short_name, title, of(Category.TODO), of(Category.DOING), of(Category.DONE))
