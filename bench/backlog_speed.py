"""How fast a large backlog is read: the board, an item, search, and what the full-text index costs a write.

    python bench/backlog_speed.py [FOLDER] [--items 10000] [--postgres]

Fills a data folder of its own with made-up items (FOLDER, which other programs of this folder read, is not needed) and
asks for pages as a browser does, in this process. Prints medians of eleven: the time on the clock, and what of it this
process computed (on a busy machine the clock says little; a database server's part is in the clock alone).
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
ROUNDS = 11
WORDS = [
    "pay",
    "card",
    "stamp",
    "ferry",
    "ticket",
    "price",
    "harbour",
    "crew",
    "night",
    "reader",
    "label",
    "queue",
    "order",
    "refund",
    "gate",
    "season",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {"HEADWAY_DATA": folder, "DJANGO_SETTINGS_MODULE": "headway.settings"}
        os.environ.pop("DATABASE_URL", None)
        if given.postgres:
            sys.path.insert(0, str(TOOLS))
            import postgres

            os.environ["DATABASE_URL"] = stack.enter_context(postgres.server())
        # Static files get their names once, as `headway serve` does it.
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        for command in (["migrate"], ["collectstatic", "--noinput"]):
            subprocess.run([sys.executable, "-m", "django", *command], **quiet)  # type: ignore[call-overload]
        measure(given.items)


def measure(count: int) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    from headway.people.actor import actor_for
    from headway.scrum import queries
    from headway.scrum.models import Item
    from headway.search import index
    from headway.search.queries import find, similar_key_results

    print(f"{connection.vendor}, {count:,} items")
    team, person, key_result = make_team()
    items = make_items(team, count)
    index.drop_triggers(connection)
    bare = clocked(lambda: Item.objects.bulk_create(items, batch_size=500))
    Item.objects.all().delete()
    index.create_triggers(connection)
    indexed = clocked(lambda: Item.objects.bulk_create(items, batch_size=500))
    print(f"  write all of them: {bare[0]:.2f} s ({bare[1]:.2f} computing), with the index", end=" ")
    print(f"{indexed[0]:.2f} s ({indexed[1]:.2f})")

    sprint = make_sprint(team, key_result)
    viewer = actor_for(person, team.organisation)
    assert viewer is not None
    client = Client()
    client.force_login(person)
    middle = Item.objects.get(number=count // 2)
    for name, ask in {
        "board of a Sprint of 60 items": lambda: client.get("/t/BEN/board/"),
        "board of everything": lambda: client.get("/t/BEN/board/?sprint=all"),
        "move a card": lambda: move(client, sprint),
        "beside the lanes": lambda: client.get("/t/BEN/board/beside/"),
        "item": lambda: client.get(f"/t/BEN/items/{middle.number}/"),
        "search page, one letter": lambda: client.get("/search/?q=p"),
        "search, two words": lambda: find("harb tick", viewer=viewer),
        "suggest Key Results": lambda: similar_key_results(middle, viewer=viewer),
        "throughput": lambda: queries.throughput(team),
    }.items():
        rounds = [clocked(ask) for _ in range(ROUNDS)]
        clock, own = (1000 * statistics.median(times) for times in zip(*rounds, strict=True))
        print(f"  {name:32} {clock:8.1f} ms, computing {own:6.1f} ms")


def move(client, sprint):  # type: ignore[no-untyped-def]
    """Move a card to the next column and round again, as the board's script does."""
    from headway.scrum.models import Column

    item = sprint.items.in_order().first()
    columns = list(Column.objects.filter(team=sprint.team).values_list("pk", flat=True))
    to = columns[(columns.index(item.column_id) + 1) % len(columns)]
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/t/BEN/board/"}
    return client.post(f"/t/BEN/items/{item.number}/column/", {"column": to}, headers=headers)


def clocked(act: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds on the clock and those of computing in this process."""
    begin, began = time.perf_counter(), time.process_time()
    answer = act()
    spent = time.perf_counter() - begin, time.process_time() - began
    status = getattr(answer, "status_code", 200)
    if status != 200:
        raise SystemExit(f"answered {status}")
    return spent


def make_team():  # type: ignore[no-untyped-def]
    import datetime as dt

    from headway.lib import clock
    from headway.okr.models import Cycle, KeyResult, Objective
    from headway.people.models import Membership, Organisation, Person, Role, Team, TeamRole
    from headway.scrum.actions import ensure_columns

    organisation = Organisation.objects.create(name="Bench", created_at=clock.now())
    team = Team.objects.create(organisation=organisation, key="BEN", name="Bench")
    person = Person.objects.create(email="bench@example.org", name="Bea Bench", created_at=clock.now())
    Membership.objects.create(organisation=organisation, person=person, joined_at=clock.now())
    TeamRole.objects.create(team=team, person=person, role=Role.SCRUM_MASTER)
    ensure_columns(team)
    days = dt.timedelta(days=40)
    cycle = Cycle.objects.create(
        organisation=organisation, name="Now", starts_on=clock.today() - days, ends_on=clock.today() + days
    )
    objective = Objective.objects.create(cycle=cycle, organisation=organisation, team=team, title="Boarding is easy")
    key_result = KeyResult.objects.create(
        objective=objective,
        title="Tickets bought before the harbour",
        short_name="Bought before",
        baseline=30,
        target=50,
    )
    return team, person, key_result


def make_items(team, count):  # type: ignore[no-untyped-def]
    import datetime as dt

    from headway.lib import clock, ranks
    from headway.scrum.models import Column, Item

    dice, now = random.Random(1), clock.now()
    columns = {column.category: column for column in Column.objects.filter(team=team)}
    made = []
    for number, rank in enumerate(ranks.many_between(None, None, count), 1):
        category = dice.choices(["todo", "doing", "done"], [6, 1, 13])[0]
        began = now - dt.timedelta(days=dice.randrange(10, 700))
        made.append(
            Item(
                team=team,
                number=number,
                title=" ".join(dice.choices(WORDS, k=6)),
                description=" ".join(dice.choices(WORDS, k=80)),
                column=columns[category],
                category=category,
                rank=rank,
                size=dice.choice([None, 1, 2, 3, 5]),
                created_at=began,
                updated_at=now,
                started_at=None if category == "todo" else began,
                done_at=began + dt.timedelta(days=dice.randrange(1, 9)) if category == "done" else None,
                tracker_key=f"BEN-{number}",
                extra={"Labels": dice.choices(WORDS, k=2)},
            )
        )
    return made


def make_sprint(team, key_result):  # type: ignore[no-untyped-def]
    from headway.lib import clock
    from headway.people.actor import system_actor
    from headway.scrum import actions
    from headway.scrum.models import Item
    from headway.value.models import Bet, Serves, SprintAim

    system = system_actor(team)
    sprint = actions.start_sprint(actions.create_sprint(team, by=system, goal="Board in one minute"), by=system)
    SprintAim.objects.create(sprint=sprint, key_result=key_result)
    items = list(Item.objects.open()[:40]) + list(Item.objects.filter(category="done")[:20])
    actions.add_items_to_sprint(items, sprint, by=system)
    for item in items:
        serves = Serves.objects.create(item=item, key_result=key_result, at=clock.now())
        Bet.objects.create(serves=serves, low=0.1, likely=0.5, high=1, chance=0.5, at=clock.now())
    return sprint


if __name__ == "__main__":
    main()
