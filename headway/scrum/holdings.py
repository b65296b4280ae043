"""What somebody holds of the backlog: the open items that they work on."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from headway.people import holdings
from headway.people.actor import Actor
from headway.people.models import Membership, Person

from .actions import edit_item
from .models import Item


@holdings.register("scrum.item", _("Open items that they are assigned to"))
class Items:
    """Items that are neither done nor removed, of teams that still are."""

    def of(self, person_id: int, organisation_id: int) -> Sequence[holdings.Held]:
        rows = Item.objects.open().filter(
            assignees=person_id, team__organisation=organisation_id, team__archived_at=None
        )
        return [
            holdings.Held(
                row.pk,
                f"{row.key} {row.title}",
                row.team.name,
                ("item", {"team_key": row.team.key, "number": row.number}),
            )
            for row in rows.select_related("team").order_by("team__name", "team_id", "rank", "id")
        ]

    def hand_over(self, held: holdings.Held, *, giver: Person, to: Person | None, by: Actor) -> None:
        item = Item.objects.select_related("team").get(pk=held.subject_id)
        # Who left earlier and kept the item goes too: an item is assigned to members only.
        here = Membership.objects.filter(organisation=item.team.organisation_id, deactivated_at=None)
        others = {person.pk: person for person in item.assignees.filter(memberships__in=here).exclude(pk=giver.pk)}
        if to is not None:
            others[to.pk] = to
        edit_item(item, by=by, assignees=list(others.values()))
