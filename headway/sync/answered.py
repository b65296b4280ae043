"""A source without a file: the items that came with a status which somebody has explained only now."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping

from headway.people.models import Team

from .models import TrackedItem
from .rows import Skipped, SprintName, TrackerRow
from .survey import StatusSeen, Survey


class AnsweredSource:
    """What the tracker said of these items the last time, with the status and its dates only."""

    def __init__(self, team: Team, provider: str, statuses: Mapping[str, str]) -> None:
        self._rows = TrackedItem.objects.filter(
            item__team=team, item__removed_at=None, provider=provider, fields__status__in=list(statuses)
        ).select_related("item")
        names = Counter(str(name) for name in self._rows.values_list("fields__status", flat=True))
        self.keys: set[str] = set(self._rows.values_list("item__tracker_key", flat=True))
        self.survey = Survey(
            rows=len(self.keys),
            columns=(),
            statuses=tuple(StatusSeen(name, names[name], means) for name, means in statuses.items()),
        )
        self.sprints: Mapping[str, SprintName] = {}
        self.places_by_line: Mapping[int, int] = {}
        self.headings: frozenset[str] = frozenset()
        self.given: frozenset[str] = frozenset({"key", "status"})

    def rows(self) -> Iterator[TrackerRow | Skipped]:
        for line, row in enumerate(self._rows.order_by("pk").iterator(chunk_size=500), start=1):
            dates = [text and dt.datetime.fromisoformat(text) for text in row.fields.get("dates") or [None] * 5]
            created_at, updated_at, category_changed_at, started_at, done_at = dates
            yield TrackerRow(
                line=line,
                key=row.item.tracker_key,
                title=row.item.title,
                status=row.fields["status"],
                created_at=created_at,
                updated_at=updated_at,
                category_changed_at=category_changed_at,
                started_at=started_at,
                done_at=done_at,
            )
