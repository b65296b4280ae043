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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {"HEADWAY_DATA": folder, "DJANGO_SETTINGS_MODULE": "headway.settings", "HEADWAY_ACCESS_LOG": "0"}
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
    from parts import company

    from headway.lib import clock
    from headway.people.actor import actor_for
    from headway.scrum import queries
    from headway.scrum.models import Item
    from headway.search import index
    from headway.search.queries import find, similar_key_results
    from headway.value.models import Bet, Serves

    print(f"{connection.vendor}, {count:,} items")
    organisation, crew = company.make_crew(1, company.WORDS)
    person = crew[0]
    team = company.make_team(organisation, "BEN", crew)
    key_result = company.make_key_results(team)[0]
    open_items = count * 7 // 20
    items = company.items_of(
        team, to_do=open_items, done=count - open_items, words=company.WORDS, dice=random.Random(1)
    )
    index.drop_triggers(connection)
    bare = clocked(lambda: Item.objects.bulk_create(items, batch_size=500))
    Item.objects.all().delete()
    index.create_triggers(connection)
    indexed = clocked(lambda: Item.objects.bulk_create(items, batch_size=500))
    print(f"  write all of them: {bare[0]:.2f} s ({bare[1]:.2f} computing), with the index", end=" ")
    print(f"{indexed[0]:.2f} s ({indexed[1]:.2f})")

    sprint = company.start_sprint(
        team, [*Item.objects.open()[:40], *Item.objects.filter(category="done")[:20]], key_result
    )
    serves = [Serves(item=item, key_result=key_result, at=clock.now()) for item in sprint.items.all()]
    bets = [
        Bet(serves=row, low=0.1, likely=0.5, high=1, chance=0.5, at=clock.now())
        for row in Serves.objects.bulk_create(serves)
    ]
    Bet.objects.bulk_create(bets)
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
    if status not in {200, 204}:
        raise SystemExit(f"answered {status}")
    return spent


if __name__ == "__main__":
    main()
