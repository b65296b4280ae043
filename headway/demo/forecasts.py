"""What the teams of the demonstration were told in the past weeks, and how good it was: by the code of every day.

Each week's forecast is made from what was done until then, kept, and scored where its date has passed.
"""

import datetime as dt

from headway.people.models import Organisation, Team
from headway.value import keeping
from headway.value.actions.kept_forecasts import score_due, write_kept
from headway.value.queries import forecast_for

WEEKS = 13
#: What they asked each week: when so many items will be done, and how many within so many days.
ITEMS, DAYS = 6, 14


def write_forecasts(organisation: Organisation, *, today: dt.date) -> None:
    """Ask what was asked in each of the past weeks, keep the answers, and score those whose date has passed."""
    with keeping.gathered() as rows:
        for team in Team.objects.filter(organisation=organisation).select_related("organisation"):
            for week in range(WEEKS, 0, -1):
                day = today - dt.timedelta(weeks=week)
                forecast_for(team, items=ITEMS, today=day)
                forecast_for(team, by=day + dt.timedelta(days=DAYS - 1), today=day)
    write_kept(rows)
    score_due([organisation])
