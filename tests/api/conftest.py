"""Programs that ask the API: each with a token of somebody of the cast."""

from collections.abc import Callable
from typing import Any

import pytest

from headway.people.access import SCOPES
from headway.people.actions import make_token
from tests.api.program import Program
from tests.world import World, make_world

ALL_SCOPES = sorted(set(SCOPES.values()))


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def program(world: World) -> Callable[..., Program]:
    """Make a program of somebody: `program("ana")`, `program("di", scopes=["read"])`."""

    def program(name: str, *, scopes: list[str] | None = None, **options: Any) -> Program:
        actor, person = getattr(world, name), world.people[name]
        organisation = world.other_team.organisation if name == "eve" else world.organisation
        _token, text = make_token(
            person, organisation, by=actor, name="Nightly", scopes=scopes or ALL_SCOPES, **options
        )
        return Program(text)

    return program


@pytest.fixture
def ana(program: Callable[..., Program]) -> Program:
    """Ana's program: Scrum Master and administrator, every scope."""
    return program("ana")


@pytest.fixture
def bo(program: Callable[..., Program]) -> Program:
    """Bo's program: Product Owner, every scope."""
    return program("bo")


@pytest.fixture
def cy(program: Callable[..., Program]) -> Program:
    """Cy's program: Developer, every scope."""
    return program("cy")
