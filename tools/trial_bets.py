"""Give a team of the trial a Key Result and bets, through the same actions as the browser: no export holds any.

    HEADWAY_DATA=… python tools/trial_bets.py TEAM

The numbers are made up and always the same; they exercise the value sheet and say nothing about the team.
"""

import datetime as dt
import sys

import django

BETS = 12


def main(team_key: str) -> int:
    """Bet on the first open items; print how many bets were placed."""
    django.setup()

    from headway.lib import clock
    from headway.okr.actions import create_cycle, create_key_result, create_objective
    from headway.people.actor import system_actor
    from headway.people.models import Team
    from headway.scrum.models import Category, Item
    from headway.value.actions import place_bet

    team = Team.objects.select_related("organisation").get(key=team_key)
    by = system_actor(team)
    today = clock.today()
    quarter = {"starts_on": today - dt.timedelta(days=14), "ends_on": today + dt.timedelta(days=77)}
    cycle = create_cycle(team.organisation, by=by, name=f"Trial of {team_key}", **quarter)
    objective = create_objective(cycle, by=by, title="The trial has a number to move", team=team)
    key_result = create_key_result(
        objective, by=by, title="Share of answered calls from 0 to 100 %", unit="%", baseline=0.0, target=100.0
    )
    items = Item.objects.active().filter(team=team, category=Category.TODO, started_at=None).in_order()[:BETS]
    for place, item in enumerate(items):
        likely = 2.0 + place % 5
        chance = 0.2 + 0.1 * (place % 4)
        place_bet(item, by=by, key_result=key_result, low=likely / 2, likely=likely, high=2 * likely, chance=chance)
    print(len(items))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
