"""Each signal appears when it should, not otherwise, and says what, why in a figure, how old and what to do."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from headway.agreements.queries import ImpedimentRow
from headway.desks.signals import (
    Conflicts,
    Desk,
    DueBet,
    Facts,
    FullColumn,
    OpenDecision,
    Signal,
    Target,
    signals,
)
from headway.desks.work import WorkItem
from headway.okr.queries import KeyResultRow, Progress
from headway.scrum.queries import SprintHead
from headway.value.queries.promises import BetLine, Delivered, Promise, ServesLine

TODAY = dt.date(2026, 11, 17)


@pytest.fixture(autouse=True)
def _it_is_that_day(settings: Any) -> None:
    """A date of this year is said without the year."""
    settings.TEST_NOW = f"{TODAY}T12:00:00+00:00"


def days_ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def moment(days: int) -> dt.datetime:
    return dt.datetime.combine(days_ago(days), dt.time(12), dt.UTC)


def an_item(**fields: Any) -> WorkItem:
    number = fields.get("number", 1)
    known: dict[str, Any] = {
        "id": number,
        "key": f"ANT-{number}",
        "number": number,
        "title": f"Item {number}",
        "kind": "story",
        "size": 3.0,
        "tracker_key": "",
        "category": "todo",
        "sprint": "",
        "in_sprints": frozenset(),
        "is_in_open_sprint": False,
        "is_in_running_sprint": False,
        "added_to_sprint_at": None,
        "day": None,
        "blocked_days": None,
        "blocked_because": "",
        "created_at": moment(10),
        "started_at": None,
        "done_at": None,
        "is_shelved": False,
        "promise": serving(bet=a_bet()),
    }
    return WorkItem(**known | fields)


def a_bet(judge_on: dt.date | None = None) -> BetLine:
    return BetLine(9, 1.0, 2.0, 3.0, 0.5, judge_on, "", None)


def serving(bet: BetLine | None = None, kind: str = "") -> Promise:
    """Serve a Key Result, or a kind, or (with "learning+") both."""
    kr = ServesLine(1, 7, "Calls", "Repeat orders without a call", "%", "", "", bet)
    of_kind = ServesLine(2, None, kind.rstrip("+"), "why", "", kind.rstrip("+"), "why", None)
    return Promise(((kr, of_kind) if kind.endswith("+") else (of_kind,)) if kind else (kr,))


def a_key_result(**progress: Any) -> KeyResultRow:
    known: dict[str, Any] = {
        "now": 32.0,
        "measured_on": days_ago(1),
        "moved": 0.1,
        "time_used": 0.6,
        "band": "at_risk",
    }
    return KeyResultRow(
        id=7,
        title="Repeat orders without a call",
        short_name="Calls",
        unit="%",
        direction="increase",
        baseline=30.0,
        target=50.0,
        lower=None,
        upper=None,
        type="aspirational",
        klass="leading",
        ebm_area="",
        owner_id=None,
        owner="",
        measured_from="",
        worth=None,
        objective_id=1,
        objective="",
        team_id=1,
        progress=Progress(**known | progress),
    )


def a_sprint(**fields: Any) -> SprintHead:
    known: dict[str, Any] = {
        "id": 4,
        "number": 4,
        "name": "Sprint 4",
        "goal": "One tap",
        "starts_on": days_ago(8),
        "ends_on": days_ago(-3),
        "is_started": True,
        "is_closed": False,
        "day": 7,
        "days": 10,
    }
    return SprintHead(**known | fields)


def an_impediment(**fields: Any) -> ImpedimentRow:
    known: dict[str, Any] = {
        "id": 1,
        "title": "No test numbers",
        "item_id": None,
        "owner_id": None,
        "owner": "",
        "asked": "",
        "raised_on": days_ago(5),
        "age_days": 5,
    }
    return ImpedimentRow(**known | fields)


def quiet() -> Facts:
    """A team to which nothing needs to be said."""
    return Facts(
        team_key="ANT",
        today=TODAY,
        open_items=[an_item()],
        alarm_days=8,
        sprint=a_sprint(),
        sprint_names_key_result=True,
        last_sprint_ended_on=None,
        full_columns=[],
        impediments=[],
        key_results=[(a_key_result(moved=0.6, band="on_track"), delivered(0.9))],
        judged={},
        upper_key_results=[],
        cycle_starts_on=days_ago(50),
        due_bets=[],
        conflicts=None,
        decisions=[],
    )


def delivered(share: float) -> Delivered:
    return Delivered(share * 10, 10.0, 5, 0)


def of(kind: str, **facts: Any) -> list[Signal]:
    return [signal for signal in signals(replace(quiet(), **facts)) if signal.kind == kind]


def one(kind: str, **facts: Any) -> Signal:
    found = of(kind, **facts)
    assert len(found) == 1
    return found[0]


def test_a_team_that_needs_nothing_hears_nothing():
    assert signals(quiet()) == []


# Product Owner


def test_much_work_and_little_outcome_is_the_alarm():
    signal = one("work_ahead", key_results=[(a_key_result(), delivered(0.8))], judged={7: [2, 3, 1]})
    assert signal.desk is Desk.PRODUCT_OWNER
    assert (signal.what.replace("\u202f", " "), signal.age_days) == ("Calls: 80 % delivered, 10 % moved", 1)
    assert signal.why == "3 bets judged, none better than 3 of 5"
    assert signal.target == Target("key-result", {"key_result_id": 7})


@pytest.mark.parametrize(
    ("progress", "share"),
    [
        ({"band": "on_track", "moved": 0.1}, 0.9),  # early in the cycle
        ({"moved": 0.1}, 0.3),  # little was delivered
        ({"moved": None, "band": ""}, 0.9),  # nobody measured: another signal says so
    ],
)
def test_no_alarm_where_work_and_outcome_fit_together(progress, share):
    assert of("work_ahead", key_results=[(a_key_result(**progress), delivered(share))]) == []


def test_no_alarm_where_there_is_no_work():
    assert of("work_ahead", key_results=[(a_key_result(), Delivered(0.0, 0.0, 0, 0))]) == []


def test_a_key_result_that_nothing_serves():
    nothing = Delivered(0.0, 0.0, 0, 0)
    signal = one("without_work", key_results=[(a_key_result(), nothing)], open_items=[])
    assert (signal.what, signal.age_days) == ("Calls: no work serves it", 50)
    assert signal.why.replace("\u202f", " ") == "10 % moved in 60 % of the time"
    assert of("without_work", key_results=[(a_key_result(), nothing)]) == []  # an open item serves it
    assert of("without_work", key_results=[(a_key_result(), delivered(1.0))], open_items=[]) == []
    assert of("without_work", key_results=[(a_key_result(moved=1.0), nothing)], open_items=[]) == []


def test_a_guardrail_needs_watching_not_work():
    row = replace(a_key_result(moved=None, band=""), klass="guardrail", direction="stay_within", upper=3.0)
    assert of("without_work", key_results=[(row, Delivered(0.0, 0.0, 0, 0))], open_items=[]) == []


def test_open_work_without_a_link_is_one_row_with_its_share():
    loose = [an_item(number=n, promise=Promise(), created_at=moment(n)) for n in (2, 3)]
    signal = one("without_link", open_items=[an_item(), *loose])
    assert signal.what == "2 items have no link"
    assert signal.why.replace("\u202f", " ").startswith("67 %")
    assert signal.age_days == 3
    assert one("without_link", open_items=loose[:1]).what == "1 item has no link"


def test_a_kind_with_its_reason_is_a_link():
    assert of("without_link", open_items=[an_item(promise=serving(kind="health"))]) == []


def test_work_for_a_key_result_without_a_range():
    signal = one("without_range", open_items=[an_item(), an_item(number=2, promise=serving())])
    assert signal.what == "1 item has no range"
    assert "Of 2 to do" in signal.why


@pytest.mark.parametrize(
    "fields",
    [
        {"promise": serving(kind="health")},  # serves no Key Result: nothing to promise
        {"promise": serving(kind="learning+")},  # is there to learn from
        {"promise": serving(), "category": "doing"},  # begun: too late for a promise
    ],
)
def test_no_range_is_asked_where_none_belongs(fields):
    assert of("without_range", open_items=[an_item(**fields)]) == []


# Development Team


def test_a_blocked_item_says_why_and_whether_it_is_slow():
    item = an_item(category="doing", day=9, blocked_days=5, blocked_because="Contract not signed")
    signal = one("blocked", open_items=[item])
    assert (signal.desk, signal.what, signal.age_days) == (Desk.TEAM, "“Item 1” is blocked, day 9", 5)
    assert signal.why == "Contract not signed. Longer in progress than most of our items ever were (8 days)"
    assert one("blocked", open_items=[replace(item, day=4)]).why == "Contract not signed"
    assert of("ageing", open_items=[item]) == []


def test_the_longest_blocked_comes_first():
    items = [an_item(number=n, category="doing", day=2, blocked_days=n) for n in (1, 3, 2)]
    assert [signal.age_days for signal in of("blocked", open_items=items)] == [3, 2, 1]


def test_an_item_older_than_nearly_all_before_it():
    assert one("ageing", open_items=[an_item(category="doing", day=9, started_at=moment(12))]).age_days == 12
    assert of("ageing", open_items=[an_item(category="doing", day=8)]) == []


def test_without_enough_history_nothing_is_called_slow():
    assert of("ageing", alarm_days=None, open_items=[an_item(category="doing", day=99)]) == []


def test_a_full_column_and_one_over_its_limit():
    assert one("full_column", full_columns=[FullColumn("Doing", 4, 4)]).what == "Doing is full: 4 of 4"
    assert one("full_column", full_columns=[FullColumn("Doing", 5, 4)]).what == "Doing is over its limit: 5 of 4"


def test_an_impediment_says_who_holds_it():
    signal = one("impediment", impediments=[an_impediment(item_id=1, asked="Dispatch")])
    assert (signal.what, signal.why, signal.action) == (
        "No test numbers",
        "ANT-1: Nobody holds it, Dispatch was asked",
        "Own",
    )
    held = one("impediment", impediments=[an_impediment(owner_id=2, owner="Ana", asked="Dispatch")])
    assert (held.why, held.action) == ("Ana holds it and asked Dispatch", "Look")


def test_what_a_blocked_item_tells_is_not_told_twice():
    item = an_item(category="doing", blocked_days=2)
    assert of("impediment", open_items=[item], impediments=[an_impediment(item_id=1)]) == []


def test_a_sprint_without_goal_and_one_whose_goal_names_no_key_result():
    signal = one("sprint_goal", sprint=a_sprint(goal=""), sprint_names_key_result=False)
    assert signal.what == "Sprint 4 has no goal"
    assert signal.why.startswith("Day 7 of 10")
    assert one("sprint_goal", sprint_names_key_result=False).what == "Sprint 4: the goal names no Key Result"
    assert of("sprint_goal", sprint=None, sprint_names_key_result=False) == []


def test_no_sprint_runs_where_there_were_some():
    assert one("no_sprint", sprint=None, last_sprint_ended_on=days_ago(3)).age_days == 3
    assert of("no_sprint", sprint=None) == []  # a team that has no Sprints
    assert of("no_sprint", last_sprint_ended_on=days_ago(3)) == []


# Organisation


@pytest.mark.parametrize(("days", "is_said"), [(14, False), (15, True)])
def test_a_key_result_that_nobody_measured_for_two_weeks(days, is_said):
    row = a_key_result(measured_on=days_ago(days), band="on_track")
    found = of("not_measured", key_results=[(row, delivered(0.5))])
    assert bool(found) is is_said
    if is_said:
        assert found[0].what == "Calls: last measured 15 days ago"
        assert found[0].age_days == 15


@pytest.mark.parametrize(
    "progress", [{"measured_on": None, "now": None}, {"measured_on": days_ago(60), "is_history": True}]
)
def test_one_that_was_never_measured_in_the_cycle(progress):
    row = a_key_result(moved=None, band="", **progress)
    signal = one("not_measured", upper_key_results=[row])
    assert (signal.what, signal.age_days) == ("Calls was not measured this cycle", 50)


def test_before_two_weeks_of_the_cycle_have_passed_nobody_is_asked_to_measure():
    row = a_key_result(measured_on=None, now=None, moved=None, band="")
    assert of("not_measured", upper_key_results=[row], cycle_starts_on=days_ago(14)) == []
    assert of("not_measured", upper_key_results=[row], cycle_starts_on=None) == []


def test_a_bet_whose_day_has_come():
    due = DueBet(an_item(category="done"), "Calls", "%", a_bet(judge_on=days_ago(4)))
    signal = one("verdict_due", due_bets=[due])
    assert (signal.what, signal.age_days) == ("Did “Item 1” move Calls?", 4)
    assert signal.why.replace("\u202f", " ") == "Promised 1 to 3 %; to be judged on 13 Nov"
    assert signal.target == Target("verdict", {"team_key": "ANT", "bet_id": 9})


def test_many_bets_due_are_one_row():
    due = [DueBet(an_item(number=n), "Calls", "%", a_bet(judge_on=days_ago(n))) for n in range(1, 6)]
    signal = one("verdict_due", due_bets=due)
    assert (signal.what, signal.age_days) == ("5 verdicts are due", 5)
    assert "Item 5" in signal.why
    assert len(of("verdict_due", due_bets=due[:3])) == 3


def test_conflicts_of_an_import_wait():
    signal = one("conflicts", conflicts=Conflicts(2, days_ago(1)))
    assert (signal.what, signal.age_days, signal.verb) == ("2 conflicts of an import wait", 1, "import_items")


def test_a_decision_to_look_back_at():
    decision = OpenDecision("Two carriers", "Time", days_ago(30), days_ago(4), Target("board"))
    signal = one("look_back", decisions=[decision])
    assert (signal.what, signal.age_days) == ("Did it hold? “Two carriers”", 4)
    assert of("look_back", decisions=[replace(decision, review_on=days_ago(-1))]) == []


def test_every_signal_says_who_may_act_and_where():
    facts = replace(
        quiet(),
        open_items=[an_item(promise=Promise()), an_item(number=2, category="doing", blocked_days=1)],
        conflicts=Conflicts(1, TODAY),
        full_columns=[FullColumn("Doing", 1, 1)],
    )
    for signal in signals(facts):
        assert signal.what
        assert signal.why
        assert signal.verb
        assert signal.target.page
