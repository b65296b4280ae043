"""What the value sheet costs on the server: ``python bench/value_sheet_speed.py [--postgres]``.

Fills a data folder of its own with 60, then 300 bets on 12 Key Results, and asks for pages as a browser does, in this
process. Prints medians of nine of this process's processor time, the number of SQL queries, and bytes on the wire.
"""

import argparse
import datetime as dt
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
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 9
KEY_RESULTS = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {"HEADWAY_DATA": folder, "DJANGO_SETTINGS_MODULE": "headway.settings", "HEADWAY_ACCESS_LOG": "0"}
        os.environ.pop("DATABASE_URL", None)
        if given.postgres:
            sys.path.insert(0, str(ROOT / "tools"))
            import postgres

            os.environ["DATABASE_URL"] = stack.enter_context(postgres.server())
        sys.path.insert(0, str(ROOT))
        for command in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"]):
            subprocess.run([Path(sys.executable).with_name("django-admin"), *command], check=True)
        import django

        django.setup()
        print(f"{'':58s} {'target':>7s} {'ms':>8s} {'queries':>8s} {'bytes':>8s}")
        for items in (60, 300):
            measure(items)


def measure(items: int) -> None:
    from django.test import Client

    from headway.scrum.actions import rank_item
    from headway.value.actions import change_bet
    from headway.value.models import Bet
    from headway.value.queries import value_sheet

    world = filled(items)
    client = Client(headers={"accept-encoding": "gzip", "host": "localhost"})
    client.force_login(world.people["bo"])
    page, part = f"/t/{world.team.key}/backlog/", {"HX-Request": "true"}
    chance = random.Random(items)
    bets = list(Bet.objects.filter(serves__item__team=world.team).order_by("pk"))
    rows = [row.item_id for row in value_sheet(world.team, world.bo).rows]

    def changed() -> None:
        change_bet(chance.choice(bets), by=world.bo, chance=chance.uniform(0.2, 0.8))

    def ranked() -> None:
        from headway.scrum.models import Item

        one, other = Item.objects.select_related("team").filter(pk__in=chance.sample(rows, 2))
        rank_item(one, before=other, by=world.bo)

    def tried() -> str:
        order = [row.number for row in value_sheet(world.team, world.bo).rows]
        order.insert(chance.randrange(items), order.pop(chance.randrange(items)))
        return f"{page}?order={'.'.join(map(str, order))}"

    row(f"{items} bets: page after a bet has changed", "", client, lambda: page, before=changed)
    row(f"{items} bets: page after an item has moved", "", client, lambda: page, before=ranked)
    row(f"{items} bets: page while nothing changes", "", client, lambda: page)
    row(f"{items} bets: what-if after moving one item", "50", client, tried, headers=part)


def filled(items: int) -> Any:
    from django.core.management import call_command

    from headway.lib import clock
    from headway.live import known
    from headway.value.models import Bet, Serves
    from tests.value.make import make_done
    from tests.world import make_item, make_key_result, make_measurement, make_world

    call_command("flush", interactive=False, verbosity=0)
    known.forget()
    world = make_world()
    make_done(world.team, a_week=5)
    chance = random.Random(items)
    key_results = [make_key_result(world.objective, f"Key Result {n}") for n in range(KEY_RESULTS)]
    for key_result in key_results:
        value = 30.0
        for week in range(20, 0, -1):
            value += chance.gauss(0.3, 1.0)
            make_measurement(key_result, value, days_ago=7 * week)
    for number in range(items):
        item = make_item(world.team, f"Item {number}", size=chance.choice([1, 2, 3, 5, 8]))
        for key_result in chance.sample(key_results, chance.choice([1, 1, 2])):
            likely = chance.uniform(0.5, 4)
            serves = Serves.objects.create(item=item, key_result=key_result, at=clock.now())
            Bet.objects.create(
                serves=serves,
                low=0.4 * likely,
                likely=likely,
                high=2 * likely,
                chance=chance.uniform(0.2, 0.8),
                at=clock.now() - dt.timedelta(days=1),
            )
    return world


def row(
    what: str,
    target: str,
    client: Any,
    address: Callable[[], str],
    *,
    before: Callable[[], None] | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address())
    spent, queries, size = [], 0, 0
    for _ in range(ROUNDS):
        if before:
            before()
        asked = address()
        with CaptureQueriesContext(connection) as seen:
            started = time.process_time()
            answer = client.get(asked, headers=headers)
            spent.append(1e3 * (time.process_time() - started))
        assert answer.status_code == 200, answer.status_code
        queries, size = len(seen), len(answer.content)
    print(f"{what:58s} {target:>7s} {statistics.median(spent):8.1f} {queries:8d} {size:8d}", flush=True)


if __name__ == "__main__":
    main()
