"""What somebody holds of the OKRs: the Key Results that they own."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from headway.lib import clock
from headway.people import holdings
from headway.people.actor import Actor
from headway.people.models import Person

from .actions import edit_key_result
from .models import KeyResult


@holdings.register("okr.keyresult", _("Key Results that they own"))
class KeyResults:
    """Key Results of cycles that are not over."""

    def of(self, person_id: int, organisation_id: int) -> Sequence[holdings.Held]:
        rows = KeyResult.objects.active().filter(
            owner=person_id,
            objective__organisation=organisation_id,
            objective__cycle__archived_at=None,
            objective__cycle__ends_on__gte=clock.today(),
        )
        return [
            holdings.Held(
                row.pk,
                row.title,
                row.objective.team.name if row.objective.team else "",
                ("key-result", {"key_result_id": row.pk}),
            )
            for row in rows.select_related("objective__team")
        ]

    def hand_over(self, held: holdings.Held, *, giver: Person, to: Person | None, by: Actor) -> None:
        edit_key_result(KeyResult.objects.select_related("objective").get(pk=held.subject_id), by=by, owner=to)
