"""Places in the backlog for items that an import creates."""

from collections.abc import Iterator, Mapping

from headway.lib import ranks


class Ranks:
    """Hands out ranks behind the last item: by the tracker's own order where the file tells it, else row by row."""

    def __init__(self, last: str | None, places_by_line: Mapping[int, int]) -> None:
        self._last = last
        self._places = places_by_line
        self._planned = ranks.many_between(last, None, len(places_by_line)) if places_by_line else ()
        self._next = iter(self._one_by_one())

    def of(self, line: int) -> str:
        place = self._places.get(line)
        return self._planned[place] if place is not None else next(self._next)

    def _one_by_one(self) -> Iterator[str]:
        last = self._planned[-1] if self._planned else self._last
        while True:
            some = ranks.many_between(last, None, 500)
            yield from some
            last = some[-1]
