"""Odd promises, Key Results and histories: no page of the product breaks on them, or shows what is no number."""

import datetime as dt
import json
import random
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from headway.api.platform import limits
from headway.lib import clock
from headway.okr.models import KeyResult, Measurement
from headway.people.actions import make_token
from headway.people.models import Role, TeamRole
from headway.scrum.models import Category, Item
from headway.value.models import Bet, NotNow, Serves, Verdict
from headway.value.queries import value_sheet
from tests.api.program import Program
from tests.api.test_access_walk import routes as operations
from tests.value.make import make_bet
from tests.web.test_access_walk import ROUTES
from tests.world import World, make_item, make_key_result, make_measurement, make_objective, make_sprint, make_world

NO_NUMBER = re.compile(r"(?<![A-Za-z])(nan|NaN|inf|-inf|Infinity|None)(?![A-Za-z’'])")
RANGES = {
    "never": (1, 2, 3, 0.0),
    "for sure": (1, 2, 3, 1.0),
    "one point": (2, 2, 2, 0.5),
    "nothing": (0, 0, 0, 0.5),
    "harm": (-3, -2, -1, 0.5),
    "either way": (-5, 0, 5, 0.5),
    "far": (0, 1, 1e12, 0.5),
    "tiny": (1e-12, 2e-12, 3e-12, 0.01),
}
HISTORIES = {
    "nothing done": lambda week: 0,
    "two a week": lambda week: 2,
    "one giant week": lambda week: 60 if week == 3 else 0,
    "weeks missing": lambda week: 3 if week % 4 == 0 else 0,
}


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """Ana may do everything in her team, so that she sees every form."""
    monkeypatch.setattr(limits, "take", lambda request: None)  # the walk is faster than anybody may be
    world = make_world()
    for role in (Role.PRODUCT_OWNER, Role.DEVELOPER):
        TeamRole.objects.create(team=world.team, person=world.people["ana"], role=role)
    return world


def make_history(world: World, done_in: Any) -> None:
    """Finish `done_in(week)` items in each of the last twenty weeks."""
    for week in range(20):
        for number in range(done_in(week)):
            done_at = clock.now() - dt.timedelta(days=7 * week + 1 + number % 7)
            times = {"started_at": done_at - dt.timedelta(days=2), "done_at": done_at}
            make_item(world.team, f"Done {week}.{number}", category=Category.DONE, size=3.0, **times)


def make_odd_key_results(world: World) -> list[KeyResult]:
    """Make every Key Result that is not as it should be, measured as it should not be."""
    objective, stay = make_objective(world.cycle, "Odd", team=world.team), KeyResult.Direction.STAY_WITHIN

    def make(title: str, values: list[float], **fields: Any) -> KeyResult:
        row = make_key_result(objective, title, **fields)
        for place, value in enumerate(values):
            make_measurement(row, value, days_ago=7 * (len(values) - 1 - place))
        return row

    put_away = make("Put away", [31, 33, 35], archived_at=clock.now())
    return [
        put_away,
        make("Never measured", []),
        make("Measured once", [33]),
        make("Always the same", [30.0] * 20),
        make("Reached", [30, 40, 50, 60, 70]),
        make("Below zero", [-50 + place for place in range(20)], baseline=-50.0, target=-10.0, unit="EUR"),
        make("Falls", [12 - place / 9 for place in range(20)], baseline=12.0, target=7.0, direction="decrease"),
        make("Goes the wrong way", [30 - place for place in range(20)]),
        make("Through zero", [place - 10 for place in range(20)], baseline=-10.0, target=10.0, unit=""),
        make("Weeks missing", [30, 31]),
        make("No from", [3, 4], baseline=None),
        make("No to", [3, 4], target=None),
        make("From is to", [5, 5], baseline=5.0, target=5.0),
        make("Stays within", [5, 6], baseline=None, target=None, direction=stay, upper=9.0),
        make("Huge", [1e11, 9e11] * 8, baseline=1e11, target=1e12, unit="EUR", worth=1e9),
        make("Nothing or all", [0, 100] * 10, baseline=0.0, target=100.0),
        make("All or nothing", [31, 32], type=KeyResult.Type.COMMITTED),
    ]


def make_odd_promises(world: World, key_results: list[KeyResult]) -> None:
    """Bet on each in each odd way: open, on the shelf, delivered, and judged in each way."""
    for (name, promise), row in product(RANGES.items(), key_results[::3]):
        make_bet(make_item(world.team, f"{name}: {row.title}", size=3.0), row, *promise)
    for place, row in enumerate(key_results):
        open_item = make_item(world.team, f"Open {row.title}", size=None if place % 2 else 0.5)
        make_bet(open_item, row, lag_weeks=104 if place % 3 else 0)
        if place % 4 == 0:
            NotNow.objects.create(item=make_item(world.team, f"Later {row.title}"), reason="Later", at=clock.now())
            NotNow.objects.create(item=open_item, reason="Not yet", at=clock.now())
        for days_ago in (1, 60):
            done_at = clock.now() - dt.timedelta(days=days_ago + place)
            times = {"started_at": done_at, "done_at": done_at, "created_at": done_at}
            item = make_item(world.team, f"Done {row.title}", category=Category.DONE, **times)
            bet = make_bet(item, row, *list(RANGES.values())[place % len(RANGES)])
            if days_ago == 60:
                judge(bet, place)
    both = make_item(world.team, "Two Key Results")
    for row in key_results[3:5]:
        make_bet(both, row)


def judge(bet: Bet, place: int) -> None:
    outcome, scale, measured = [
        ("moved", 4, 2.0),
        ("did_not", 1, -1e12),
        ("did_not", 2, 0.0),
        ("cannot_tell", None, None),
        ("moved", 5, 1e12),
    ][place % 5]
    Verdict.objects.create(bet=bet, outcome=outcome, scale=scale, measured=measured, judged_on=clock.today())


def parts_of(world: World) -> dict[str, list[Any]]:
    """Return what an address can name."""
    items = Item.objects.active().filter(team=world.team)
    bets = Bet.objects.filter(serves__item__team=world.team)
    return {
        "team_key": ["ANT"],
        "suffix": ["csv", "json", "md"],
        "number": list(items.filter(serves__isnull=False).order_by("number").values_list("number", flat=True)),
        "key_result_id": list(KeyResult.objects.order_by("pk").values_list("pk", flat=True)),
        "objective_id": [world.objective.pk],
        "bet_id": list(bets.order_by("pk").values_list("pk", flat=True)),
        "cycle_id": [world.cycle.pk],
        "measurement_id": list(Measurement.objects.values_list("pk", flat=True)[:1]),
    }


def pages(world: World, *, is_whole: bool) -> Iterator[str]:
    """Every page that shows anything of value; of those for one thing each every 29th, none unless `is_whole`."""
    parts = parts_of(world)
    for name, route in ROUTES.items():
        if route.reads in ("", "public", "probe", "stream") or not set(route.parts) <= parts.keys():
            continue
        if name.startswith(NOT_OF_VALUE) or not (is_whole or route.parts in OF_A_WHOLE):
            continue
        for at, values in enumerate(product(*(parts[part] for part in route.parts))):
            if len(route.parts) < 2 or at % STEP == 0:
                yield reverse(name, kwargs=dict(zip(route.parts, values, strict=True)))


STEP = 29
OF_A_WHOLE = ((), ("team_key",))
NOT_OF_VALUE = (
    *("import", "okr-import", "export", "settings", "team", "keeping", "member", "invitation", "authenticator"),
    *("passkey", "my-sign-in", "confirm", "recovery", "holiday", "public", "api-tokens", "cycle", "roles", "unit"),
    *("your-data", "retention", "profile", "browser", "organisation", "sign-in", "people", "clear", "hand-over"),
)


def breaches(world: World, addresses: Iterator[str]) -> list[str]:
    client = Client(raise_request_exception=False)
    client.force_login(world.people["ana"])
    found = []
    for address in addresses:
        answer = client.get(address)
        if answer.status_code not in (200, 302, 404):
            found.append(f"{address}: {answer.status_code}")
        elif answer.status_code == 200 and "text/html" in answer["Content-Type"]:
            html = re.sub(r"<script.*?</script>", "", answer.content.decode(), flags=re.S)
            found += [f"{address}: …{html[hit.start() - 60 : hit.end() + 20]}…" for hit in NO_NUMBER.finditer(html)][:1]
    return found


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no number of JSON")


def breaches_of_the_api(world: World, *, is_whole: bool) -> list[str]:
    _token, text = make_token(world.people["ana"], world.organisation, by=world.ana, name="Odd", scopes=["read"])
    program, parts, found = Program(text), parts_of(world), []
    program._client.raise_request_exception = False
    for route in operations():
        names = re.findall(r"{(\w+)}", route.path)
        if route.method != "GET" or not set(names) <= parts.keys() or not (is_whole or tuple(names) in OF_A_WHOLE):
            continue
        for at, values in enumerate(product(*(parts[name] for name in names))):
            if len(names) > 1 and at % STEP:
                continue
            path = route.path.format_map(dict(zip(names, values, strict=True)))
            answer = program.get(path + ("?items=5" if path.endswith("/forecast") else ""))
            if answer.status_code not in (200, 404, 422, 403):
                found.append(f"{path}: {answer.status_code}")
            elif answer["Content-Type"].startswith("application/json"):
                json.loads(answer.content, parse_constant=refuse)
    return found


@pytest.mark.parametrize("history", HISTORIES)
def test_no_page_breaks_or_shows_what_is_no_number(world: World, history: str) -> None:
    make_sprint(world.team, 4)
    make_history(world, HISTORIES[history])
    make_odd_promises(world, make_odd_key_results(world))
    is_whole = history == "two a week"
    assert not breaches(world, pages(world, is_whole=is_whole))
    assert not breaches_of_the_api(world, is_whole=is_whole)


def test_a_thousand_bets_on_one_key_result_are_priced_and_ordered(world: World) -> None:
    make_history(world, HISTORIES["two a week"])
    first = make_item(world.team, "Bet 0", size=3.0)
    make_measurement(world.key_result, 32)
    draws, now = random.Random(1), clock.now()
    numbers = range(first.number + 1, first.number + 1000)
    items = Item.objects.bulk_create(
        Item(
            team=world.team,
            number=number,
            title=f"Bet {number}",
            size=3.0,
            rank=f"{first.rank}{number:05}1",
            column=first.column,
            category=Category.TODO,
            created_at=now,
            updated_at=now,
        )
        for number in numbers
    )
    links = Serves.objects.bulk_create(Serves(item=item, key_result=world.key_result, at=now) for item in items)
    Bet.objects.bulk_create(
        Bet(serves=row, low=0.1, likely=draws.uniform(0.2, 2), high=3, chance=draws.uniform(0.1, 0.9), at=now)
        for row in links
    )
    make_bet(first, world.key_result)
    sheet = value_sheet(world.team, world.ana)
    assert len(sheet.rows) == 1000
    assert sheet.value_present <= sheet.value_best <= 100
    addresses = ["/t/ANT/backlog/", f"/okrs/{world.key_result.pk}/", "/t/ANT/verdicts/", "/t/ANT/ledger/"]
    assert not breaches(world, iter([*addresses, f"/t/ANT/items/{first.number}/why/", "/t/ANT/best-order/"]))
