"""What statuses mean, and which are asked."""

import pytest

from headway.sync.statuses import category_from_tracker, category_of, is_dropped


@pytest.mark.parametrize(
    ("status", "category"),
    [
        ("To Do", "todo"),
        ("READY_FOR_DEVELOPMENT", "todo"),
        ("Tareas por hacer", "todo"),
        ("En curso", "doing"),
        ("In Bearbeitung", "doing"),
        ("In_QA", "doing"),
        ("Finalizada", "done"),
        ("Terminé(e)", "done"),
        ("WON'T_DO", "done"),
        ("Won’t do", "done"),
        ("Concluído", "done"),
    ],
)
def test_known_statuses(status: str, category: str) -> None:
    assert category_of(status) == category


@pytest.mark.parametrize("status", ["Parked", "On hold", "Blocked", "Waiting for GP", "Locally tested", "🚀", "x"])
def test_what_may_mean_two_things_is_never_guessed(status: str) -> None:
    assert category_of(status) is None


def test_the_trackers_own_category() -> None:
    assert category_from_tracker("Por hacer") == "todo"
    assert category_from_tracker("indeterminate") == "doing"
    assert category_from_tracker("Listo") == "done"
    assert category_from_tracker("No Category") is None


def test_ends_without_delivery() -> None:
    assert is_dropped("Won't Do")
    assert is_dropped("REJECTED")
    assert is_dropped("not_planned")
    assert not is_dropped("Done")
