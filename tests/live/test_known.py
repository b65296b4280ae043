"""What a process remembers between requests holds exactly as long as history says."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from headway.live import known
from headway.live.history import record
from headway.live.known import Aspect
from tests.world import World, make_team, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> Iterator[World]:
    known.forget()
    yield make_world()
    known.forget()


def changed(world: World, name: str, team_id: int | None = None, **after: object) -> None:
    with transaction.atomic():
        record(name, by=world.ana, subject=world.team, team_id=team_id or world.team.pk, after=dict(after))


def made_anew(world: World, aspect: Aspect, *, of_team: bool = True) -> bool:
    """Ask in a request of its own; say whether the value had to be made."""
    made = []
    with known.request():
        known.remembered(
            ("value", aspect, of_team),
            lambda: made.append(1),
            organisation_id=world.organisation.pk,
            rests_on=aspect,
            team_id=world.team.pk if of_team else None,
        )
    return bool(made)


def test_a_value_is_made_once_while_nothing_changes(world: World) -> None:
    assert made_anew(world, Aspect.WORK)
    assert not made_anew(world, Aspect.WORK)


@pytest.mark.parametrize(
    ("name", "after", "touched"),
    [
        ("item.ranked", {"rank": "a1"}, {Aspect.WORK}),
        ("item.moved", {"column_id": 1}, {Aspect.WORK}),
        ("item.moved", {"column_id": 1, "category": "doing", "started_at": "2999-01-01"}, {*["WORK", "STATES"]}),
        (
            "item.moved",
            {"category": "done", "done_at": "2999-01-01T00:00:00+00:00"},
            {*["WORK", "DONE", "OPEN", "STATES", "SCOPE"]},
        ),
        ("item.moved", {"category": "done"}, {*["WORK", "DONE", "OPEN", "STATES", "SCOPE"]}),
        (
            "item.moved",
            {"category": "todo", "done_at": "2001-01-01T00:00:00+00:00"},
            {*["WORK", "DONE", "OPEN", "STATES", "SCOPE", "PAST"]},
        ),
        ("item.edited", {"size": 3}, {*["WORK", "SIZES", "DONE", "PAST", "SCOPE"]}),
        ("item.edited", {"assignees": [1]}, {*["WORK", "HOLDERS"]}),
        ("item.linked", {}, {*["WORK", "PROMISES", "OPEN"]}),
        ("item.created", {"title": "New", "sprint_id": None}, {*["WORK", "SIZES", "OPEN", "STATES"]}),
        ("item.created", {"title": "New", "sprint_id": 7}, {*["WORK", "SIZES", "OPEN", "STATES", "SCOPE"]}),
        ("roles.set", {}, set(Aspect)),
        ("something.unheard_of", {}, set(Aspect)),
    ],
)
def test_a_change_touches_what_it_names_and_an_unknown_one_everything(
    world: World, name: str, after: dict[str, object], touched: set[Aspect | str]
) -> None:
    for aspect in Aspect:
        made_anew(world, aspect)
    changed(world, name, **after)
    anew = {aspect for aspect in Aspect if made_anew(world, aspect)}
    assert anew == {aspect if isinstance(aspect, Aspect) else Aspect[aspect] for aspect in touched}


def test_work_of_another_team_touches_only_what_rests_on_any(world: World) -> None:
    made_anew(world, Aspect.WORK)
    made_anew(world, Aspect.WORK, of_team=False)
    changed(world, "item.ranked", team_id=make_team(world.organisation, "BEE", "Bee").pk)
    assert not made_anew(world, Aspect.WORK)
    assert made_anew(world, Aspect.WORK, of_team=False)


def test_a_request_sees_its_own_write(world: World) -> None:
    values = iter(["before", "after"])

    def ask() -> str:
        return known.remembered(
            "own", lambda: next(values), organisation_id=world.organisation.pk, rests_on=Aspect.FRAME
        )

    with known.request():
        assert [ask(), ask()] == ["before", "before"]
        changed(world, "roles.set")
        assert ask() == "after"


def test_nothing_is_remembered_inside_a_transaction(world: World) -> None:
    with transaction.atomic():
        assert made_anew(world, Aspect.WORK)
        assert made_anew(world, Aspect.WORK)


def test_a_value_of_older_history_never_takes_the_place_of_a_newer_one(world: World) -> None:
    def ask(value: str, meanwhile: bool) -> str:
        def make() -> str:
            if meanwhile:  # while this is being made, another request meets a newer history
                changed(world, "roles.set")
                with known.request():
                    ask("newer", meanwhile=False)
            return value

        return known.remembered("raced", make, organisation_id=world.organisation.pk, rests_on=Aspect.FRAME)

    with known.request():
        ask("older", meanwhile=True)
    with known.request():
        assert ask("made again", meanwhile=False) == "newer"


def test_what_is_remembered_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MOST_BYTES", 100)
    with known.request():
        for name in ("first", "second"):
            known.remembered(name, lambda: "x" * 80, organisation_id=world.organisation.pk, rests_on=Aspect.FRAME)
        made = []
        known.remembered("first", lambda: made.append(1), organisation_id=world.organisation.pk, rests_on=Aspect.FRAME)
    assert made
