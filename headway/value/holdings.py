"""What somebody holds of the value loop: the bets that they champion."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from headway.people import holdings
from headway.people.actor import Actor
from headway.people.models import Person

from .actions import hand_champion_over
from .models import Bet


@holdings.register("value.bet", _("Bets that they champion"))
class Bets:
    """Bets that are not judged yet, of items that are there and teams that still are."""

    def of(self, person_id: int, organisation_id: int) -> Sequence[holdings.Held]:
        rows = Bet.objects.filter(
            champion=person_id,
            verdict=None,
            serves__item__removed_at=None,
            serves__item__team__organisation=organisation_id,
            serves__item__team__archived_at=None,
        )
        order = ("serves__item__team__name", "serves__item__team_id", "serves__item__rank", "id")
        return [
            holdings.Held(
                row.pk,
                f"{row.serves.item.key} {row.serves.item.title}",
                row.serves.item.team.name,
                ("item", {"team_key": row.serves.item.team.key, "number": row.serves.item.number}),
            )
            for row in rows.select_related("serves__item__team").order_by(*order)
        ]

    def hand_over(self, held: holdings.Held, *, giver: Person, to: Person | None, by: Actor) -> None:
        hand_champion_over(Bet.objects.get(pk=held.subject_id), to=to, by=by)
