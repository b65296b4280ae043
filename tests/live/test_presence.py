"""Who looks at a page: told to other processes, believed for a while, and kept nowhere."""

import json

from headway.live.presence import BELIEVED, FITS, REPEAT_EVERY, Presence

BOARD, SHEET = (1, "/t/ANT/board/"), (1, "/t/ANT/backlog/")


def exchange(one: Presence, other: Presence, now: float) -> None:
    for body in list(one.to_tell(now)):
        other.hear(json.loads(json.dumps(body)), now)


def test_each_process_knows_the_people_of_the_other() -> None:
    here, there = Presence(), Presence()
    here.join(BOARD, 7)
    here.join(BOARD, 7)  # a second window
    there.join(BOARD, 8)
    exchange(here, there, 1)
    exchange(there, here, 1)
    assert here.people_at(BOARD) == there.people_at(BOARD) == {7, 8}
    here.leave(BOARD, 7)
    exchange(here, there, 2)
    assert there.people_at(BOARD) == {7, 8}
    here.leave(BOARD, 7)
    exchange(here, there, 3)
    assert there.people_at(BOARD) == {8}
    assert here.people_at(BOARD) == {8}


def test_a_new_process_asks_for_what_the_others_know() -> None:
    old, new = Presence(), Presence()
    old.join(SHEET, 7)
    assert list(old.to_tell(1))
    assert not list(old.to_tell(2)), "nothing changed"
    exchange(new, old, 3)
    exchange(old, new, 3)
    assert new.people_at(SHEET) == {7}


def test_it_is_repeated_and_a_dead_process_is_forgotten() -> None:
    alive, watching = Presence(), Presence()
    alive.join(BOARD, 7)
    exchange(alive, watching, 1)
    assert not list(alive.to_tell(REPEAT_EVERY))
    exchange(alive, watching, REPEAT_EVERY + 1)
    assert watching.forget_silent(BELIEVED + 2) == set()
    assert watching.forget_silent(REPEAT_EVERY + BELIEVED + 2) == {BOARD}
    assert watching.people_at(BOARD) == frozenset()


def test_a_telling_fits_into_a_notice() -> None:
    presence = Presence()
    for number in range(400):
        presence.join((1, f"/t/ANT/items/{number}/"), number)
    bodies = list(presence.to_tell(1))
    assert len(bodies) > 1
    assert all(len(json.dumps(body)) < FITS + 500 for body in bodies)
    assert sum(len(body["pages"]) for body in bodies) == 400
