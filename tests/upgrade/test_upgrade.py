"""A database of each earlier release becomes one of this release, with everything that it held."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.places import Place, Places, bring_back, places

HERE = Path(__file__).parent
RELEASES = sorted(path.name.removesuffix(".sqlite.gz") for path in HERE.glob("*.sqlite.gz"))

COUNT = """
from django.db import connection
derived = ("django_migrations", "sqlite_sequence", "search_entry", "django_content_type", "auth_permission")
with connection.cursor() as cursor:
    tables = [name for name in connection.introspection.table_names(cursor) if not name.startswith(derived)]
    counts = {}
    for table in tables:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        counts[table] = cursor.fetchone()[0]
print(json.dumps(counts))
"""

MIGRATE = "from headway import serve; serve.migrate()"

# Some rows by name, as the pages read them; what search finds; and an old move taken back.
LOOK = """
from headway.live.history import undo
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.actor import system_actor
from headway.people.models import Organisation, Person
from headway.scrum.models import Item
from headway.search import queries as search

organisation = Organisation.objects.get(is_demonstration=True)
by = system_actor(organisation)
item = Item.objects.filter(sprint__closed_at=None, removed_at=None).exclude(sprint=None).earliest("id")
moved = Change.objects.filter(name="item.moved", undone_by=None).latest("id")
card = Item.objects.get(pk=moved.subject_id)
stood, moves = card.column_id, card.transitions.count()
undone = undo(moved, by=by)
card.refresh_from_db()
found = search.find(item.title, viewer=by)
print(json.dumps({
    "organisation": organisation.name,
    "nora": Person.objects.get(email="nora@second.example").name,
    "key_results": sorted(KeyResult.objects.values_list("title", flat=True))[:3],
    "found": any(hit.kind == "item" and hit.id == item.pk for hit in found.hits),
    "moved_back": card.column_id == moved.before["column_id"] != stood,
    "undoes": undone.undoes_id == moved.pk,
}))
"""


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Places]:
    with places(tmp_path) as make:
        yield make


def kept(release: str) -> Path:
    return HERE / f"{release}.{'sqlite' if connection.vendor == 'sqlite' else 'postgresql.sql'}.gz"


def test_there_is_a_database_of_a_release_of_each_kind() -> None:
    assert RELEASES
    assert [release for release in RELEASES if not (HERE / f"{release}.postgresql.sql.gz").exists()] == []


@pytest.mark.django_db
@pytest.mark.parametrize("release", RELEASES)
def test_a_database_of_an_earlier_release_keeps_its_content(release: str, make_place: Places) -> None:
    place: Place = make_place("old")
    bring_back(kept(release), place)
    before = place.python(COUNT)
    place.python(MIGRATE)
    after = place.python(COUNT)
    assert before["scrum_item"] > 200
    assert {table: after.get(table) for table in before} == before

    seen = place.python(LOOK)
    assert seen == {
        "organisation": "Wrenfield",
        "nora": "Nora Nord",
        "key_results": seen["key_results"],
        "found": True,
        "moved_back": True,
        "undoes": True,
    }
    assert len(seen["key_results"]) == 3
