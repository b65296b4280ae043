from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import Place, Places, places


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Places]:
    """Make installations of the kind of database that this run tests."""
    with places(tmp_path) as make:
        yield make


@pytest.fixture(scope="session")
def wrenfield(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An installation with two organisations, for tests that only read it."""
    with places(tmp_path_factory.mktemp("places")) as make:
        yield filled(make("wrenfield"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The name of a file that is not there yet."""
    return tmp_path / "out.zip"


def filled(place: Place) -> Place:
    place.python(
        "from django.core.management import call_command\ncall_command('migrate', verbosity=0)\n"
        "from tests.backup.filling import fill\nfill()"
    )
    return place
