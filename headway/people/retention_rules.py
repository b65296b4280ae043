"""What people's area keeps for a while: members who left, links that are over, sessions, rows of the queue."""

import datetime as dt

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

from .actions.anonymising import anonymise
from .actor import system_actor
from .models import Invitation, Membership, OneTimeLink, Organisation
from .retention import rule


@rule(
    "members",
    _("Names of members who left"),
    _("So long after somebody was deactivated they are anonymised: name and e-mail go, what they did stays under a "
      "number. There is no way back. Nobody who belongs to another organisation too is touched."),
    days=None,
)  # fmt: skip
class Members:
    def due(self, organisation: Organisation | None, before: dt.datetime) -> int:
        return self._over(organisation, before).count()

    def remove(self, organisation: Organisation | None, before: dt.datetime) -> int:
        rows = list(self._over(organisation, before))
        for row in rows:
            anonymise(row.person, by=system_actor(organisation))
        return len(rows)

    def _over(self, organisation: Organisation | None, before: dt.datetime) -> QuerySet[Membership]:
        left = Membership.objects.filter(
            organisation=organisation, deactivated_at__lt=before, person__anonymised_at=None
        )
        alone = left.annotate(places=Count("person__memberships")).filter(places=1)
        return alone.select_related("person")


@rule(
    "links",
    _("Invitations and links that are over"),
    _("Used, withdrawn or run out; with them goes the e-mail that they were for."),
    days=30,
)
class Links:
    def due(self, organisation: Organisation | None, before: dt.datetime) -> int:
        return sum(rows.count() for rows in self._over(organisation, before))

    def remove(self, organisation: Organisation | None, before: dt.datetime) -> int:
        count = self.due(organisation, before)
        for rows in self._over(organisation, before):
            rows.delete()
        return count

    def _over(
        self, organisation: Organisation | None, before: dt.datetime
    ) -> tuple[QuerySet[Invitation], QuerySet[OneTimeLink]]:
        over = Q(expires_at__lt=before)
        invitations = Invitation.objects.filter(
            over | Q(accepted_at__lt=before) | Q(revoked_at__lt=before), organisation=organisation
        )
        here = Membership.objects.filter(organisation=organisation).values("person")
        return invitations, OneTimeLink.objects.filter(over | Q(used_at__lt=before), person__in=here)


@rule(
    "sessions",
    _("Sessions that have ended"),
    _("Browser and address of sign-ins. Sessions that are open are never touched. Counted for the whole installation."),
    days=30,
    installation=True,
)
class Sessions:
    def due(self, organisation: Organisation | None, before: dt.datetime) -> int:
        return self._ended(before).count()

    def remove(self, organisation: Organisation | None, before: dt.datetime) -> int:
        ended = self._ended(before)
        count = ended.count()
        UserSession.objects.filter(session_key__in=ended.values("session_key")).delete()
        ended.delete()
        # Rows whose session went on its own, as by signing out.
        alone = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
        return count + alone.filter(last_seen_at__lt=before).delete()[0]

    def _ended(self, before: dt.datetime) -> QuerySet[Session]:
        return Session.objects.filter(expire_date__lt=before)


@rule(
    "tasks",
    _("Log of background tasks"),
    _("What ran, when, and whether it failed. Counted for the whole installation."),
    days=30,
    installation=True,
)
class Tasks:
    def due(self, organisation: Organisation | None, before: dt.datetime) -> int:
        return DBTaskResult.objects.filter(finished_at__lt=before).count()

    def remove(self, organisation: Organisation | None, before: dt.datetime) -> int:
        return DBTaskResult.objects.filter(finished_at__lt=before).delete()[0]
