"""A whole cycle: promises, measurements, verdicts, the record they make, and an order that is worth more for it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from headway.okr.models import Measurement
from headway.scrum.models import Item
from headway.value.models import Verdict
from headway.value.queries import value_sheet
from headway.value.queries.track_record import track_record
from tests.browser import LiveServer, arrive, ready
from tests.value.story import AIMS, HOPED, KNOWN, NEXT, PAST, Piece, Story, begin, brought

pytestmark = pytest.mark.e2e

IN_THE_BROWSER = (PAST[-2], PAST[-1])
"""One of each kind is judged by clicks, the others before by the same figures."""


@pytest.fixture
def story(live: LiveServer, settings: Any) -> Story:
    """A team with eight delivered bets, of which six are judged and two are due."""
    story = begin(settings)
    story.bet_on(PAST)
    for place, piece in enumerate(PAST):
        story.work_a_sprint(piece)
        if place >= len(IN_THE_BROWSER):
            story.judge_as_computed(PAST[place - len(IN_THE_BROWSER)])
    for _ in range(4):
        story.pass_week()
    return story


@pytest.fixture
def bo(open_page: Callable[..., Page], live: LiveServer, story: Story) -> Page:
    """The Product Owner's browser."""
    page = open_page(color_scheme="light", viewport={"width": 1440, "height": 900})
    live.sign_in(page, story.world.people["bo"])
    return page


def test_the_order_read_by_the_record_brings_more_than_the_promised_one(bo: Page, story: Story) -> None:
    for piece in IN_THE_BROWSER:
        judge(bo, piece)
    the_record_tells_the_kinds_apart(story)

    story.bet_on(NEXT)
    promised, read = best_order(story, raw=True), best_order(story, raw=False)
    assert promised != read
    the_sheet_shows_what_it_counts(bo, story)
    take(bo, read)
    assert present_order(story) == [piece.title for piece in read]

    measured = what_was_measured(story, by_working=read)
    # The truth, which only the test knows: in this order the same work brings more, and it can be measured.
    assert brought(read) > brought(promised)
    assert measured > points_after(promised, sprints=len(read) // 2)


def judge(page: Page, piece: Piece) -> None:
    """Agree with what the figures say."""
    page.goto("/t/ANT/verdicts/")
    page.get_by_role("link", name=piece.title).click()
    arrive(page, r"/t/ANT/verdicts/\d+/$")
    expect(page.get_by_text("fake launches").first).to_be_visible()
    page.get_by_role("textbox", name="What we learned").fill(f"{piece.title}: less is enough")
    page.get_by_role("button", name="Record the verdict").click()
    expect(page.locator(".toast")).to_contain_text("is recorded")
    expect(page.get_by_role("button", name="Withdraw the verdict")).to_be_visible()
    verdict = Verdict.objects.get(bet__serves__item__title=piece.title)
    assert (verdict.method, verdict.outcome, verdict.overruled_because) == ("placebo", "moved", "")
    assert verdict.low < piece.brings < verdict.high


def the_record_tells_the_kinds_apart(story: Story) -> None:
    """What the programme reads out of the measurements is nearer to the truth than what was promised."""
    record = track_record(story.team)
    assert record.verdicts == len(PAST)
    assert record.areas[HOPED].record.size < 0.7 < record.areas[KNOWN].record.size
    for piece in NEXT:
        read = record.of(story.key_results[piece.on]).corrected(piece.low, piece.likely, piece.high, piece.chance)
        if AIMS[piece.on].area == HOPED:
            assert abs(read.likely - piece.brings) < abs(piece.likely - piece.brings)


def best_order(story: Story, *, raw: bool) -> list[Piece]:
    """Return the pieces in the best order found, by promises as they were made or as the record reads them."""
    sheet = value_sheet(story.team, story.world.bo, raw=raw)
    assert sheet.plan is not None
    pieces = {piece.title: piece for piece in NEXT}
    titles = {row.number: row.title for row in sheet.rows}
    return [pieces[titles[number]] for number in sheet.plan.best.order]


def the_sheet_shows_what_it_counts(page: Page, story: Story) -> None:
    page.goto("/t/ANT/backlog/")
    now = page.get_by_role("region", name="Now", exact=True)
    hoped = now.get_by_role("row").filter(has_text=NEXT[0].title)
    size = track_record(story.team).of(story.key_results[NEXT[0].on]).size
    expect(hoped).to_contain_text(f"× {size:.2f}")
    sheet = value_sheet(story.team, story.world.bo)
    assert sheet.value_present is not None
    assert sheet.value_best is not None
    assert sheet.value_present < sheet.value_best
    expect(page.locator("#orders")).to_contain_text(f"{sheet.value_best:.1f} points")
    page.goto("/t/ANT/backlog/?raw=1")
    expect(now.get_by_role("row").filter(has_text=NEXT[0].title)).not_to_contain_text("×")


def take(page: Page, order: Sequence[Piece]) -> None:
    """The Product Owner puts each piece at its rank."""
    page.goto("/t/ANT/backlog/")
    rows = page.get_by_role("region", name="Now", exact=True).locator("tr[data-row]")
    for rank, piece in enumerate(order, start=1):
        if piece.title in rows.nth(rank - 1).inner_text():
            continue
        rows.filter(has_text=piece.title).focus()
        page.keyboard.press("m")
        dialog = page.get_by_role("dialog", name="Move to rank…")
        dialog.get_by_label("Rank").fill(str(rank))
        dialog.get_by_role("button", name="Move").click()
        expect(dialog).to_be_hidden()
        expect(rows.nth(rank - 1)).to_contain_text(piece.title)
        ready(page)
    expect(page.locator("#orders")).to_contain_text("no better order found")


def present_order(story: Story) -> list[str]:
    titles = {piece.title for piece in NEXT}
    items = Item.objects.filter(team=story.team, title__in=titles).in_order()
    return list(items.values_list("title", flat=True))


def what_was_measured(story: Story, *, by_working: Sequence[Piece]) -> float:
    """Work half of the pieces, and return what the Key Results moved meanwhile, as measured [points]."""
    before = measured_points(story)
    for piece in by_working[: len(by_working) // 2]:
        story.work_a_sprint(piece)
    return measured_points(story) - before


def measured_points(story: Story) -> float:
    latest = {
        name: Measurement.objects.current().filter(key_result=row).latest("measured_on").value
        for name, row in story.key_results.items()
    }
    return sum(100 * abs(value - AIMS[name].baseline) / AIMS[name].way for name, value in latest.items())


def points_after(order: Sequence[Piece], *, sprints: int) -> float:
    """Return what the first pieces of an order really move together [points]."""
    return sum(100 * piece.brings / AIMS[piece.on].way for piece in order[:sprints])
