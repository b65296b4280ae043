"""What bench/kill.py does inside the installation: fill it, and look at what a kill left. No program of its own."""

from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402

from headway.live.models import Change  # noqa: E402
from headway.okr.models import CheckIn, Measurement  # noqa: E402
from headway.people.models import Team, TeamRole  # noqa: E402
from headway.scrum.models import Column, Item, Transition  # noqa: E402


def fill(writers: int) -> list[dict[str, Any]]:
    """Make an organisation with a team and so many Developers; return what each needs to write."""
    from tests.world import make_cycle, make_key_result, make_objective, make_organisation, make_person, make_team

    call_command("migrate", interactive=False, verbosity=0)
    organisation = make_organisation("Kill")
    team = make_team(organisation, "KIL", "Kill")
    objective = make_objective(make_cycle(organisation), team=team)
    columns = dict(Column.objects.filter(team=team).values_list("name", "pk"))
    told = []
    for number in range(1, writers + 1):
        person = make_person(organisation, f"Writer{number} Poe", is_administrator=number == 1)
        TeamRole.objects.create(team=team, person=person, role="developer")
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        key_result = make_key_result(objective, f"Result {number}", unit="", baseline=0.0, target=1e9)
        told.append(
            {
                "number": number,
                "session": client.cookies["sessionid"].value,
                "key_result": key_result.pk,
                "columns": columns,
            }
        )
    return told


def look(writers: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Compare what was acknowledged with what is there, then look whether anything is half done."""
    lost = [told for writer in writers for told in _lost(writer)]
    return {"lost": lost, "half_done": [*_half_done(), *_unsound()]}


def _lost(writer: dict[str, Any]) -> list[str]:
    there = set(Item.objects.values_list("title", flat=True))
    values = set(Measurement.objects.values_list("value", flat=True))
    found = [f"item {subject!r}" for kind, subject, _ in writer["told"] if kind == "created" and subject not in there]
    found += [f"value {value}" for kind, _, value in writer["told"] if kind == "measured" and value not in values]
    stood = dict(Item.objects.values_list("number", "column__name"))
    last = dict(writer["stands"])
    under_way = writer["under_way"]
    for number, column in last.items():
        may_be = {column}
        if under_way and under_way[0] == "moved" and under_way[1] == number:
            may_be.add(under_way[2])
        if stood.get(number) not in may_be:
            found.append(f"item {number} is in {stood.get(number)!r}, not in {column!r}")
    return found


def _half_done() -> list[str]:
    items = {item.pk: item for item in Item.objects.select_related("column")}
    made = list(Change.objects.filter(name="item.created").values_list("subject_id", flat=True))
    found = []
    if sorted(made) != sorted(items):
        found.append(f"items and the Changes that made them differ: {sorted(set(made) ^ set(items))}")
    last: dict[int, Transition] = {}
    count: dict[int, int] = {}
    for row in Transition.objects.order_by("id"):
        last[row.item_id] = row
        count[row.item_id] = count.get(row.item_id, 0) + 1
    moves: dict[int, int] = {}
    to: dict[int, int] = {}
    for change in Change.objects.filter(name="item.moved").order_by("id"):
        moves[change.subject_id] = moves.get(change.subject_id, 0) + 1
        to[change.subject_id] = change.after["column_id"]
    for pk, item in items.items():
        if item.category != item.column.category:
            found.append(f"item {pk} is {item.category} in a column of {item.column.category}")
        if pk not in last or last[pk].status != item.column.name:
            found.append(f"item {pk} is in {item.column.name}, its history says otherwise")
        if count.get(pk, 0) != 1 + moves.get(pk, 0):
            found.append(f"item {pk} has {count.get(pk, 0)} entries of history and {moves.get(pk, 0)} moves")
        if pk in to and to[pk] != item.column_id:
            found.append(f"item {pk} is in column {item.column_id}, its last Change says {to[pk]}")
    team = Team.objects.get(key="KIL")
    if team.next_item_number != max((item.number for item in items.values()), default=0) + 1:
        found.append("the next number of an item does not follow the last")
    return found + _measurements() + _search(set(items))


def _measurements() -> list[str]:
    measured = list(Measurement.objects.values_list("pk", flat=True))
    checked = dict(CheckIn.objects.values_list("pk", "measurement_id"))
    told = list(Change.objects.filter(name="key_result.checked_in").values_list("subject_id", flat=True))
    found = []
    if sorted(told) != sorted(checked):
        found.append(f"check-ins and their Changes differ: {sorted(set(told) ^ set(checked))}")
    alone = Change.objects.filter(name="measurement.recorded").values_list("subject_id", flat=True)
    named = [*alone, *(pk for pk in checked.values() if pk is not None)]
    if sorted(named) != sorted(measured):
        found.append(f"measurements and what tells of them differ: {sorted(set(measured) ^ set(named))}")
    return found


def _search(items: set[int]) -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT rowid / 8 FROM search_entry WHERE rowid % 8 = 1")
        else:
            cursor.execute("SELECT subject_id FROM search_entry WHERE kind = 'item'")
        indexed = {int(row[0]) for row in cursor.fetchall()}
    return [f"item {pk} and search differ" for pk in items ^ indexed]


def _unsound() -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA integrity_check")
            found = [str(row[0]) for row in cursor.fetchall() if row[0] != "ok"]
            cursor.execute("PRAGMA foreign_key_check")
            found += [f"a row of {row[0]} leads nowhere" for row in cursor.fetchall()]
            cursor.execute("INSERT INTO search_entry (search_entry) VALUES ('integrity-check')")
            return found
        return [told for table in ("scrum_item", "scrum_transition", "live_change") for told in _index(cursor, table)]


def _index(cursor: Any, table: str) -> list[str]:
    """Compare a table with its primary key's index: both must name the same rows."""
    counts = []
    for off in ("enable_seqscan", "enable_indexscan = off; SET LOCAL enable_indexonlyscan"):
        with transaction.atomic():
            cursor.execute(f"SET LOCAL {off} = off")
            cursor.execute(f"SELECT count(*), sum(id) FROM (SELECT id FROM {table} ORDER BY id) rows")
            counts.append(cursor.fetchone())
    return [] if counts[0] == counts[1] else [f"{table} and its index differ: {counts}"]
