"""The days of the demonstration: written around one day, moved so that this day is today."""

import datetime as dt
import re
from dataclasses import dataclass

from django.utils import timezone

_DAY_IN_TEXT = re.compile(r"\{(\d{4}-\d{2}-\d{2})\}")


@dataclass(frozen=True)
class Calendar:
    """Moves a written day to a real one, working day by working day: what was day 7 of 10 stays day 7 of 10.

    On a weekend the last working day before it stands for today, so that nothing lies in the future by mistake.
    """

    written: dt.date
    today: dt.date

    def day(self, text: str) -> dt.date:
        """Return the real day of one that was written as ISO 8601."""
        distance = _working_day(dt.date.fromisoformat(text)) - _working_day(self.written)
        return _day_of(_working_day(self.today) + distance)

    def moment(self, text: str, hour: int, minute: int = 0) -> dt.datetime:
        return at(self.day(text), hour, minute)

    def fill(self, text: str) -> str:
        """Write the real day in place of each {YYYY-MM-DD} of a text."""
        return _DAY_IN_TEXT.sub(lambda found: _written_out(self.day(found[1])), text)


def at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour, minute)))


def working_days_before(day: dt.date, count: int) -> dt.date:
    return _day_of(_working_day(day) - count)


def _working_day(day: dt.date) -> int:
    """Number the working days, Monday to Friday; Saturday and Sunday count as the Friday before."""
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return weeks * 5 + min(weekday, 4)


def _day_of(number: int) -> dt.date:
    weeks, weekday = divmod(number, 5)
    return dt.date.fromordinal(weeks * 7 + weekday + 1)


def _written_out(day: dt.date) -> str:
    return f"{day.day} {day:%B}"
