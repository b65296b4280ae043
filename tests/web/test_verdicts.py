"""Verdicts and the impact ledger as pages: due, judged by the figures, overruled by people, and what it all brought."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.scrum.models import Category, Item
from headway.value.actions import enter_verdict
from headway.value.models import Bet, Verdict
from headway.value.queries import impact_ledger, verdict_list
from headway.value.queries.track_record import track_record
from tests.value.make import make_bet
from tests.web.test_backlog import signed_in
from tests.world import World, make_item, make_key_result, make_measurement, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def shipped(world: World, title: str = "Verify after ordering", *, days_ago: int = 40, **fields: Any) -> Item:
    done_at = clock.now() - dt.timedelta(days=days_ago)
    times = {"done_at": done_at, "started_at": done_at - dt.timedelta(days=7)}
    return make_item(world.team, title, category=Category.DONE, **times | fields)


def measured(world: World, *, jump: float, days_ago: int = 40, weeks: int = 20) -> None:
    """Measure the Key Result each week: 30 and a little more or less, and `jump` more after the launch."""
    for week in range(weeks):
        days = 7 * week + 2
        make_measurement(world.key_result, 30 + (week % 3) * 0.4 + (jump if days < days_ago else 0), days_ago=days)


@pytest.fixture
def bet(world: World) -> Bet:
    measured(world, jump=5)
    return make_bet(shipped(world), world.key_result, 2, 4, 6, 0.6)


def page_of(bet: Bet) -> str:
    return f"/t/ANT/verdicts/{bet.pk}/"


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def judge(**fields: str) -> dict[str, str]:
    return {"outcome": "moved", "scale": "4", "evidence": "3", "judged_on": clock.today().isoformat()} | fields


def test_the_list_shows_what_is_due_and_what_is_not(world: World, bet: Bet) -> None:
    make_bet(shipped(world, "Just out", days_ago=3), world.key_result)
    make_bet(make_item(world.team, "Still open"), world.key_result)
    page = text(signed_in(world, "bo"), "/t/ANT/verdicts/")
    due, later = page.split("<h2>Not yet</h2>")
    assert "Verify after ordering" in due
    assert "Just out" in later
    assert "Still open" not in page


def test_an_empty_list_leads_to_the_value_sheet(world: World) -> None:
    page = text(signed_in(world, "bo"), "/t/ANT/verdicts/")
    assert "Nothing with a bet is shipped yet" in page
    assert 'href="/t/ANT/backlog/"' in page


def test_the_list_is_narrowed_to_one_key_result(world: World, bet: Bet) -> None:
    other = make_key_result(world.objective, "Calls")
    make_bet(shipped(world, "Fewer menus"), other)
    page = text(signed_in(world, "bo"), f"/t/ANT/verdicts/?kr={other.pk}")
    assert "Fewer menus" in page
    assert "Verify after ordering" not in page


def test_the_screen_proposes_what_the_figures_say(world: World, bet: Bet) -> None:
    page = text(signed_in(world, "bo"), page_of(bet))
    assert 'value="moved" checked' in page
    assert 'value="4" checked' in page
    assert "fake launches" in page
    assert "Nothing that kept the old way beside it" in page


def test_who_agrees_records_the_figures_as_they_were(world: World, bet: Bet) -> None:
    client = signed_in(world, "bo")
    client.post(page_of(bet), judge(learned="A real hurdle", follow_up="keep"))
    verdict = Verdict.objects.get()
    assert verdict.method == "placebo"
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.low < verdict.measured < verdict.high
    assert verdict.chance_moved > 0.9
    make_measurement(world.key_result, 90, days_ago=0)
    again = text(client, page_of(bet))
    assert f"{verdict.measured:+.1f}" in again
    assert "A real hurdle" in again
    assert "later values do not change a verdict" in again


def test_who_sees_it_otherwise_says_why_and_it_counts_as_words(world: World, bet: Bet) -> None:
    client = signed_in(world, "cy")
    refused = client.post(page_of(bet), judge(outcome="did_not", scale="2"))
    assert refused.status_code == 422
    assert "moved, grade 4 of 5" in refused.content.decode()
    assert not Verdict.objects.exists()
    client.post(page_of(bet), judge(outcome="did_not", scale="2", overruled_because="A campaign ran"))
    verdict = Verdict.objects.get()
    assert (verdict.method, verdict.measured, verdict.overruled_because) == ("words", None, "A campaign ran")
    assert verdict.facts["outcome"] == "moved", "what the figures said is kept beside it"
    assert "the figures were overruled" in text(client, page_of(bet))


def test_with_too_little_data_the_screen_says_from_when(world: World) -> None:
    measured(world, jump=0, days_ago=3)
    bet = make_bet(shipped(world, days_ago=3), world.key_result)
    page = text(signed_in(world, "bo"), page_of(bet))
    assert "Nothing to see before" in page
    signed_in(world, "bo").post(page_of(bet), judge(outcome="cannot_tell", scale=""))
    assert Verdict.objects.get().method == "words"
    assert "people&#39;s words" in text(signed_in(world, "di"), page_of(bet))


def test_the_page_of_a_key_result_leads_to_its_verdicts(world: World, bet: Bet) -> None:
    assert f'href="{page_of(bet)}"' in text(signed_in(world, "di"), f"/okrs/{world.key_result.pk}/")


def test_an_experiment_comes_before_the_series(world: World, bet: Bet) -> None:
    figures = {
        "control_size": "4000",
        "control_mean": "30",
        "treatment_size": "4000",
        "treatment_mean": "41",
    }
    signed_in(world, "bo").post(page_of(bet), judge(scale="5", **figures))
    verdict = Verdict.objects.get()
    assert verdict.method == "experiment"
    assert verdict.measured == pytest.approx(11.0)
    assert verdict.experiment == {"control": [4000, 30, 2100], "treatment": [4000, 41, 2419]}


@pytest.fixture
def elsewhere(world: World) -> KeyResult:
    """A Key Result that was measured in the same weeks, and that nothing touched."""
    other = make_key_result(world.objective, "Elsewhere")
    for week in range(20):
        make_measurement(other, 50 + (week % 4) * 0.3, days_ago=7 * week + 2)
    return other


def test_what_a_control_changes_is_shown_before_anything_is_recorded(
    world: World, bet: Bet, elsewhere: KeyResult
) -> None:
    client = signed_in(world, "bo")
    assert "Show what it changes" in text(client, page_of(bet))
    look = {"controls": str(elsewhere.pk), "look": "1", "learned": "Typed already", "outcome": "did_not"}
    answer = client.post(page_of(bet), look)
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 200
    assert not Verdict.objects.exists()
    assert "If compared with Elsewhere" in page
    assert "Alone" in page
    assert "Typed already" in page
    assert 'value="moved" checked' in page
    assert f'value="{elsewhere.pk}" checked' in page
    client.post(page_of(bet), judge(controls=str(elsewhere.pk), evidence="4"))
    assert Verdict.objects.get().method == "control"
    again = text(client, page_of(bet))
    assert "Compared with Elsewhere" in again
    assert "a series that it could not touch" in again


def test_a_control_that_was_touched_is_refused_with_its_reason(world: World, bet: Bet, elsewhere: KeyResult) -> None:
    make_bet(shipped(world, "Its own launch", days_ago=38), elsewhere)
    client = signed_in(world, "bo")
    for more in ({"look": "1"}, {}):
        answer = client.post(page_of(bet), judge(controls=str(elsewhere.pk), **more))
        assert "landed on it in the same four weeks" in answer.content.decode()
    assert answer.status_code == 422
    assert client.post(page_of(bet), judge(controls="999999")).status_code == 422
    assert not Verdict.objects.exists()


def test_the_screen_tells_what_the_verdict_changes_for_the_next_promises(world: World, bet: Bet) -> None:
    client = signed_in(world, "bo")
    page = text(client, page_of(bet))
    assert "if it is as the figures say" in page
    assert "0 to <b>1</b>" in page
    enter_verdict(bet, by=world.bo, outcome="moved", scale=4)
    size = track_record(world.team).of(world.key_result).size
    assert f"× 1.00 to <b>× {size:.2f}</b>" in text(client, page_of(bet))
    later = make_bet(shipped(world, "Later", days_ago=200), world.key_result, 2, 4, 6, 0.6)
    enter_verdict(later, by=world.bo, outcome="moved", measured=1, scale=3, judged_on=clock.today())
    now = track_record(world.team).of(world.key_result).size
    page = text(client, page_of(bet))
    assert "Now, after 2 verdicts" in page
    assert f"× {now:.2f}" in page


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"control_size": "4000"}, "Give size, mean and standard deviation"),
        ({"follow_item": "999"}, "There is no item of this number"),
        ({"measured": "nan"}, "Enter a number"),
        ({"judged_on": "2999-01-01"}, "choose today or earlier"),
        ({"follow_up": "celebrate"}, "celebrate is not one of"),
        ({"overruled_because": "For fun"}, "Nothing is overruled"),
        ({"measured": "1", "low": "2", "overruled_because": "So"}, "between what it was at least"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(world: World, bet: Bet, fields: dict[str, str], told: str) -> None:
    answer = signed_in(world, "bo").post(page_of(bet), judge(**fields))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Verdict.objects.exists()


def test_what_follows_is_an_item_of_the_team(world: World, bet: Bet) -> None:
    item = make_item(world.team, "Watch five people")
    client = signed_in(world, "bo")
    client.post(page_of(bet), judge(follow_up="tweak", follow_item=str(item.number)))
    assert Verdict.objects.get().follow_item == item
    assert "Watch five people" in text(client, page_of(bet))


def test_the_second_of_two_who_judge_is_told(world: World, bet: Bet) -> None:
    first, second = signed_in(world, "bo"), signed_in(world, "cy")
    first.post(page_of(bet), judge())
    answer = second.post(page_of(bet), judge())
    assert answer.status_code == 422
    assert "was judged on" in answer.content.decode()
    assert Verdict.objects.count() == 1


def test_undo_takes_the_verdict_back_and_brings_it_again_with_its_facts(world: World, bet: Bet) -> None:
    client = signed_in(world, "bo")
    client.post(page_of(bet), judge(learned="So it is"))
    before = Verdict.objects.values().get()
    client.post(f"/changes/{Change.objects.latest('id').pk}/undo/")
    assert not Verdict.objects.exists()
    client.post(f"/changes/{Change.objects.latest('id').pk}/undo/")
    after = Verdict.objects.values().get()
    assert {**after, "id": 0} == {**before, "id": 0}


def test_di_reads_and_may_not_judge_and_eve_finds_nothing(world: World, bet: Bet) -> None:
    di = signed_in(world, "di")
    assert "Record the verdict" not in text(di, page_of(bet))
    assert di.post(page_of(bet), judge()).status_code == 403
    eve = signed_in(world, "eve")
    for address in ("/t/ANT/verdicts/", page_of(bet), "/t/ANT/ledger/"):
        assert eve.get(address).status_code == 404


def test_bets_that_landed_together_share_the_effect(world: World, bet: Bet) -> None:
    make_bet(shipped(world, "The other one", days_ago=38), world.key_result, 2, 4, 6, 0.6)
    page = text(signed_in(world, "bo"), page_of(bet))
    assert "50" in page
    assert "The other one" in page
    assert "share" in page


def test_the_ledger_never_credits_more_than_was_moved(world: World, bet: Bet) -> None:
    other = make_bet(shipped(world, "The other one", days_ago=200), world.key_result, 2, 4, 6, 0.6)
    Verdict.objects.create(bet=other, outcome="moved", measured=20, scale=5, judged_on=clock.today())
    enter_verdict(bet, by=world.bo, outcome="moved", scale=4)
    ledger = impact_ledger(world.team, world.cycle, today=clock.today())
    [row] = ledger.key_results
    assert row.moved == pytest.approx(5.0)
    assert row.explained == pytest.approx(row.moved)
    assert sum(line.brought or 0 for line in row.lines) == pytest.approx(row.moved)
    assert row.measured > row.moved
    assert [one.verdicts for one in ledger.ranking] == [2]


def test_the_ledger_tells_what_explains_the_movement(world: World, bet: Bet) -> None:
    enter_verdict(bet, by=world.bo, outcome="moved", scale=4)
    page = text(signed_in(world, "di"), "/t/ANT/ledger/")
    assert "judged bets explain" in page
    assert "What a week of work brought" in page


def test_the_ledger_without_verdicts_says_how_it_begins(world: World, bet: Bet) -> None:
    assert "begins with the first verdict" in text(signed_in(world, "bo"), "/t/ANT/ledger/")
    assert signed_in(world, "bo").get("/t/ANT/ledger/?cycle=99999").status_code == 404


def test_the_ledger_warns_where_delivered_and_moved_part(world: World) -> None:
    bet = make_bet(shipped(world), world.key_result)
    make_measurement(world.key_result, 30.2, days_ago=1)
    enter_verdict(bet, by=world.bo, outcome="did_not", scale=2)
    assert "Delivered and moved part" in text(signed_in(world, "bo"), "/t/ANT/ledger/")


def test_list_and_ledger_ask_as_often_however_many_bets_there_are(world: World, bet: Bet) -> None:
    enter_verdict(bet, by=world.bo, outcome="moved", scale=4)
    counts = []
    for _more in range(2):
        with CaptureQueriesContext(connection) as asked:
            verdict_list(world.team, today=clock.today())
            impact_ledger(world.team, world.cycle, today=clock.today())
        counts.append(len(asked))
        for number in range(5):
            more = make_bet(shipped(world, f"More {number}", days_ago=200), world.key_result)
            Verdict.objects.create(bet=more, outcome="moved", measured=1, scale=4, judged_on=clock.today())
    assert counts[0] == counts[1]
