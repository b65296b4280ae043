"""The Sprints that a file names: those that stand, those to create, and days that were unknown."""

import datetime as dt
import re
from collections.abc import Iterable

from headway.people.models import Team
from headway.scrum.models import Sprint

from .plan import sprint_name
from .rows import SprintName


class SprintBook:
    """The Sprints of a team by the names that the tracker knows them by. One query to open it."""

    def __init__(self, team: Team, zone: dt.tzinfo) -> None:
        self._team, self._zone = team, zone
        self._standing = list(Sprint.objects.filter(team=team).order_by("-number"))
        self._by_name = {sprint.tracker_name or sprint.name: sprint for sprint in self._standing}
        self.created: list[int] = []

    def get(self, name: str) -> Sprint | None:
        return self._by_name.get(name)

    def start_of(self, name: str) -> dt.datetime | None:
        """Return the moment at which a Sprint begins, where its first day is known."""
        sprint = self._by_name.get(name)
        return self._midnight(sprint.starts_on) if sprint and sprint.starts_on else None

    def write(self, given: Iterable[SprintName]) -> None:
        """Create the Sprints that are new, in order of time, and fill in days that were unknown."""
        named: dict[str, SprintName] = {}
        for one in given:
            named.setdefault(sprint_name(one.name), one)
        number = max((sprint.number for sprint in self._standing), default=0)
        for name, one in sorted(named.items(), key=_in_time):
            known = self._by_name.get(name)
            if known is None:
                number += 1
                sprint = Sprint(team=self._team, number=number, name=name, tracker_name=name)
                self._fill_in(sprint, one)
                sprint.save()
                self.created.append(sprint.pk)
                self._by_name[name] = sprint
            elif self._fill_in(known, one) or not known.tracker_name:
                known.tracker_name = name
                known.save(update_fields=["starts_on", "ends_on", "started_at", "closed_at", "tracker_name"])

    def _fill_in(self, sprint: Sprint, given: SprintName) -> bool:
        """Fill in what is unknown of a Sprint; an end before the start is none. Return whether it changed."""
        was = (sprint.starts_on, sprint.ends_on, sprint.started_at, sprint.closed_at)
        starts_on, ends_on = sprint.starts_on or given.starts_on, sprint.ends_on or given.ends_on
        if not (starts_on and ends_on and ends_on < starts_on):
            sprint.starts_on, sprint.ends_on = starts_on, ends_on
        if given.is_started and sprint.started_at is None and sprint.starts_on:
            sprint.started_at = self._midnight(sprint.starts_on)
        if given.closed_on and sprint.closed_at is None:
            sprint.closed_at = self._midnight(given.closed_on + dt.timedelta(days=1))
        return was != (sprint.starts_on, sprint.ends_on, sprint.started_at, sprint.closed_at)

    def _midnight(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), tzinfo=self._zone)


def _in_time(named: tuple[str, SprintName]) -> tuple[dt.date, list[tuple[int, str]]]:
    """Sort Sprints by their first known day, and those without by their names as people count ("2" before "10")."""
    name, given = named
    parts = [(int(part), "") if part.isdigit() else (-1, part.casefold()) for part in re.split(r"(\d+)", name) if part]
    return (given.starts_on or given.ends_on or dt.date.max, parts)
