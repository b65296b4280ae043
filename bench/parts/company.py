"""A made-up company of the size that is measured: people, teams, OKRs, a Sprint that runs, a long backlog.

What every program of this folder fills its database with. Django must be set up before, but for `make`.
"""

import datetime as dt
import random
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

#: Words that can be looked for by somebody who reads what a program asks.
WORDS = [
    *("pay", "card", "stamp", "ferry", "ticket", "price", "harbour", "crew"),
    *("night", "reader", "label", "queue", "order", "refund", "gate", "season"),
]


def make(teams: Sequence[tuple[str, int]], *, people: int, in_sprint: int, priced: int, words: Sequence[str]) -> Any:
    """Fill the database of this environment, which is up to date and empty.

    Each team has so many open items, half as many done before, a running Sprint of `in_sprint` cards with bets, and
    `priced` more items with a price. Returns session keys of all people, and by team the ids of its columns and the
    numbers of the items in the Sprint and of the first open ones outside it.
    """
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    dice = random.Random(1)
    organisation, crew = make_crew(people, words)
    made = {key: _make_team(organisation, key, count, crew, in_sprint, priced, words, dice) for key, count in teams}
    sessions = []
    for person in crew:
        client = Client()
        client.force_login(person)
        sessions.append(client.session.session_key)
    return {"sessions": sessions, **made}


def make_crew(people: int, words: Sequence[str]) -> tuple[Any, list[Any]]:
    """Make an organisation and its people."""
    from headway.lib import clock
    from headway.people.models import Membership, Organisation, Person

    now = clock.now()
    organisation = Organisation.objects.create(name="Bench", created_at=now)
    crew = [
        Person.objects.create(email=f"p{n}@example.org", name=f"{w.title()} {v.title()}", created_at=now)
        for n, (w, v) in enumerate(zip(words[:people], words[people : 2 * people], strict=True))
    ]
    for person in crew:
        Membership.objects.create(organisation=organisation, person=person, joined_at=now)
    return organisation, crew


def make_team(organisation: Any, key: str, crew: Sequence[Any]) -> Any:
    """Make a team with its columns. Everybody may do everything there: rights are not what is measured."""
    from headway.people.models import Role, Team, TeamRole
    from headway.scrum import actions

    team = Team.objects.create(organisation=organisation, key=key, name=f"Team {key.title()}")
    for person in crew:
        for role in (Role.DEVELOPER, Role.PRODUCT_OWNER):
            TeamRole.objects.create(team=team, person=person, role=role)
    actions.ensure_columns(team)
    return team


def make_key_results(team: Any) -> list[Any]:
    """Make six Key Results of a team in the running cycle, each with five measurements."""
    from headway.lib import clock
    from headway.okr.models import Cycle, KeyResult, Measurement, Objective

    now, today = clock.now(), clock.today()
    cycle, _made = Cycle.objects.get_or_create(
        organisation=team.organisation,
        name="Now",
        defaults={"starts_on": today - dt.timedelta(days=40), "ends_on": today + dt.timedelta(days=50)},
    )
    key_results = []
    for number in range(6):
        objective = Objective.objects.create(
            cycle=cycle,
            organisation=team.organisation,
            team=team,
            title=f"Boarding is easy {number}",
            position=number,
        )
        made = KeyResult.objects.create(
            objective=objective,
            title=f"Tickets bought before the harbour {number}",
            short_name=f"Bought {number}",
            baseline=30,
            target=50,
        )
        key_results.append(made)
        for week in range(5):
            Measurement.objects.create(
                key_result=made, value=30 + week, measured_on=today - dt.timedelta(days=35 - 7 * week), entered_at=now
            )
    return key_results


def items_of(team: Any, *, to_do: int, done: int, words: Sequence[str], dice: random.Random) -> list[Any]:
    """Return items of a team that are not written yet: first those that are open, a few under way, then those done."""
    from headway.lib import clock, ranks
    from headway.scrum.models import Category, Column, Item

    now = clock.now()
    columns = list(Column.objects.filter(team=team))
    first = {category: next(c for c in columns if c.category == category) for category in Category.values}
    often = list(accumulate(1 / (10 + n) for n in range(len(words))))
    made = []
    for number, rank in enumerate(ranks.many_between(None, None, to_do + done), 1):
        category = "done" if number > to_do else "doing" if number % 200 == 7 else "todo"
        began = now - dt.timedelta(days=dice.randrange(10, 700))
        made.append(
            Item(
                team=team,
                number=number,
                title=" ".join(dice.choices(words, cum_weights=often, k=6)),
                description=" ".join(dice.choices(words, cum_weights=often, k=80)),
                column=first[category],
                category=category,
                rank=rank,
                size=dice.choice([None, 1, 2, 3, 5]),
                created_at=began,
                updated_at=now,
                started_at=None if category == "todo" else began,
                done_at=began + dt.timedelta(days=dice.randrange(1, 9)) if category == "done" else None,
                tracker_key=f"{team.key}-{number}",
                extra={"Labels": dice.choices(words, k=2)},
            )
        )
    return made


def start_sprint(team: Any, cards: Sequence[Any], key_result: Any) -> Any:
    """Start a Sprint of these items that aims at a Key Result."""
    from headway.people.actor import system_actor
    from headway.scrum import actions
    from headway.value.models import SprintAim

    system = system_actor(team)
    sprint = actions.start_sprint(actions.create_sprint(team, by=system, goal="Board in one minute"), by=system)
    SprintAim.objects.create(sprint=sprint, key_result=key_result)
    actions.add_items_to_sprint(cards, sprint, by=system)
    return sprint


def _make_team(
    organisation: Any, key: str, count: int, crew: Any, in_sprint: int, priced: int, words: Any, dice: Any
) -> Any:
    from headway.lib import clock
    from headway.people.actor import system_actor
    from headway.people.models import Team
    from headway.scrum import actions
    from headway.scrum.models import Column, Item, Transition
    from headway.value.models import Bet, Serves

    now = clock.now()
    team = make_team(organisation, key, crew)
    columns = list(Column.objects.filter(team=team))
    key_results = make_key_results(team)
    made_items = items_of(team, to_do=count, done=count // 2, words=words, dice=dice)
    Item.objects.bulk_create(made_items, batch_size=500)
    Team.objects.filter(pk=team.pk).update(next_item_number=len(made_items) + 1)
    items = list(Item.objects.filter(team=team).in_order())
    Transition.objects.bulk_create(
        [
            Transition(item=item, status=item.category, category=item.category, at=item.done_at or item.created_at)
            for item in items
        ],
        batch_size=500,
    )
    cards, rest = items[:in_sprint], items[in_sprint:count]
    start_sprint(team, cards, key_results[0])
    system = system_actor(team)
    for number, item in enumerate(Item.objects.filter(pk__in=[card.pk for card in cards]).in_order()):
        item.assignees.add(crew[number % len(crew)])
        if number >= in_sprint // 3:
            to = columns[1 + number % (len(columns) - 1)]
            actions.move_item(item, to=to, by=system)
    # A third of the backlog is linked, some of it with a promise.
    linked = [*cards, *rest[:priced], *rest[priced::3]]
    serves = Serves.objects.bulk_create(
        [Serves(item=item, key_result=key_results[n % 6], at=now) for n, item in enumerate(linked)], batch_size=500
    )
    Bet.objects.bulk_create(
        [
            Bet(serves=row, low=0.1, likely=0.5 + n % 7 / 10, high=2 + n % 5 / 2, chance=0.5, at=now)
            for n, row in enumerate(serves[: in_sprint + priced])
        ]
    )
    return {
        "columns": [column.pk for column in columns],
        "sprint": [card.number for card in cards],
        "open": [item.number for item in rest if item.category == "todo"][:100],
    }
