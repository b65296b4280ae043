from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import FirstStart
from tests.places import Place, Places, places


@pytest.fixture
def make_place(after_first_start: FirstStart, tmp_path: Path) -> Iterator[Places]:
    """Make installations of the kind of database that this run tests."""
    with places(tmp_path, after_first_start) as make:
        yield make


@pytest.fixture(scope="session")
def wrenfield(after_first_start: FirstStart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An installation with two organisations, for tests that only read it."""
    with places(tmp_path_factory.mktemp("places"), after_first_start) as make:
        yield filled(make("wrenfield"))


@pytest.fixture(scope="session")
def exported(wrenfield: Place) -> bytes:
    """An export of it without secrets."""
    wrenfield.do("export", "exported.zip")
    return (wrenfield.folder / "exported.zip").read_bytes()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The name of a file that is not there yet."""
    return tmp_path / "out.zip"


def filled(place: Place) -> Place:
    place.python("from tests.backup.filling import fill\nfill()")
    return place
