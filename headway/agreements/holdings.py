"""What somebody holds of the agreements: the impediments that they took up."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from headway.people import holdings
from headway.people.actor import Actor
from headway.people.models import Person

from .actions import own_impediment
from .models import Impediment


@holdings.register("agreements.impediment", _("Impediments that they took up"))
class Impediments:
    """Impediments that stand in the way still."""

    def of(self, person_id: int, organisation_id: int) -> Sequence[holdings.Held]:
        rows = Impediment.objects.filter(
            owner=person_id, team__organisation=organisation_id, team__archived_at=None, resolved_on=None
        )
        return [holdings.Held(row.pk, row.title, row.team.name) for row in rows.select_related("team")]

    def hand_over(self, held: holdings.Held, *, giver: Person, to: Person | None, by: Actor) -> None:
        impediment = Impediment.objects.select_related("team").get(pk=held.subject_id)
        own_impediment(impediment, by=by, owner_id=to.pk if to else None)
