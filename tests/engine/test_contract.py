"""Each question that an engine answers shows an example, and doctest runs it."""

import inspect
from types import FunctionType, ModuleType

import pytest

from headway.engine import attainment, flow, forecast, impact, portfolio, scoring, track_record

ENGINES = (attainment, flow, forecast, impact, portfolio, scoring, track_record)
#: Steps of a search, and an order by a column: what they give is shown by what they are part of.
SHOWN_ELSEWHERE = {
    *("search", "greedy_order", "improved", "repaired", "order_by", "cost_of_delay_order"),
    *("first_place_flips", "value_per_week"),
}


def questions_of(engine: ModuleType) -> list[FunctionType]:
    """Return the functions that an engine offers, those of its own files alone."""
    offered = getattr(engine, "__all__", [name for name in vars(engine) if not name.startswith("_")])
    found = [getattr(engine, name) for name in offered]
    return [one for one in found if inspect.isfunction(one) and one.__module__.startswith(engine.__name__)]


QUESTIONS = [one for engine in ENGINES for one in questions_of(engine)]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: f"{one.__module__.split('.')[2]}.{one.__name__}")
def test_a_question_says_what_it_answers_and_shows_it(question: FunctionType) -> None:
    told = inspect.getdoc(question) or ""
    assert told[:1].isupper()
    assert ">>>" in told or question.__name__ in SHOWN_ELSEWHERE
