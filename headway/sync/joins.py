"""Parents and links: joined when every key is known, because they may come later in a file or be another team's."""

from collections.abc import Iterable

from headway.people.models import Team
from headway.scrum.models import Item, ItemLink

from .bulk import set_column
from .plan import PARENT, fit_key

INWARD = " ←"  # at the end of a link's kind: it leads from the other item to this one


class Joins:
    """What is to be joined; memory grows with the number of keys, parents and links."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self._ids: dict[str, int] = {}
        self._parents: list[tuple[int, str]] = []
        self._links: list[tuple[int, str, str]] = []

    def know(self, item: Item) -> None:
        self._ids[item.tracker_key] = item.pk

    def add_parent(self, item: Item, key: str) -> None:
        self._parents.append((item.pk, key))

    def add_links(self, item: Item, links: Iterable[tuple[str, str]]) -> None:
        self._links += [(item.pk, kind, fit_key(key)) for kind, key in links]

    def join(self) -> None:
        """Write them; whatever leads to an item that is not here stays with the item that names it."""
        self._join_parents()
        self._join_links()

    def _join_parents(self) -> None:
        if not self._parents:
            return
        ids = self._with_others({key for _pk, key in self._parents})
        set_column(Item, "parent", [(pk, ids[key]) for pk, key in self._parents if ids.get(key, pk) != pk])
        for pk, key in self._parents:
            if key not in ids:  # the parent's own row could not be read, or waits
                item = Item.objects.get(pk=pk)
                item.extra[PARENT] = key
                item.save(update_fields=["extra"])

    def _join_links(self) -> None:
        if not self._links:
            return
        ids = self._with_others({key for _pk, _kind, key in self._links})
        joined = [
            ItemLink(item_id=ids[key], to_id=pk, type=kind.removesuffix(INWARD)[:80])
            if kind.endswith(INWARD)
            else ItemLink(item_id=pk, to_id=ids[key], type=kind[:80])
            for pk, kind, key in self._links
            if ids.get(key, pk) != pk
        ]
        ItemLink.objects.bulk_create(joined, ignore_conflicts=True, batch_size=1000)

    def _with_others(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the ids of these keys: of this file, else of any item of the organisation."""
        unknown = [key for key in keys if key not in self._ids]
        found: dict[str, int] = {}
        others = Item.objects.active().filter(team__organisation_id=self._team.organisation_id)
        for start in range(0, len(unknown), 500):
            part = others.filter(tracker_key__in=unknown[start : start + 500])
            found.update(part.values_list("tracker_key", "pk"))
        return found | self._ids


def drop_links(item: Item, links: Iterable[tuple[str, str]], kinds: Iterable[str]) -> None:
    """Take away the outward links of these kinds to tracked items that the tracker no longer names."""
    named = {(kind, fit_key(key)) for kind, key in links}
    for link in item.links.filter(type__in=list(kinds)).exclude(to__tracker_key="").select_related("to"):
        if (link.type, link.to.tracker_key) not in named:
            link.delete()
