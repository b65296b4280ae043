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
def open_as(open_page: Callable[..., Page], live: LiveServer, story: Story) -> Callable[[str], Page]:
    """Open somebody's browser."""

    def open_as(name: str) -> Page:
        page = open_page(color_scheme="light", viewport={"width": 1440, "height": 900})
        live.sign_in(page, story.world.people[name])
        return page

    return open_as


def test_the_order_read_by_the_record_brings_more_than_the_promised_one(
    open_as: Callable[[str], Page], story: Story
) -> None:
    ana, bo = open_as("ana"), open_as("bo")
    for piece in IN_THE_BROWSER:
        judge(bo, piece)
    the_record_tells_the_kinds_apart(story)

    story.bet_on(NEXT)
    promised, read = best_order(story, raw=True), best_order(story, raw=False)
    assert promised != read
    the_sheet_shows_what_it_counts(bo, story)
    propose(ana)
    accept(bo)
    assert present_order(story) == [piece.title for piece in read]

    halfway = what_was_measured(story, by_working=read)
    # The truth, which only the test knows: in this order the same work brings more, and sooner; it can be measured.
    assert brought(read) > brought(promised)
    assert halfway > points_after(promised, sprints=len(read) // 2)
    for _ in range(4):
        story.pass_week()
    for piece in read:
        story.judge_as_computed(piece)
    the_programme_finds_the_same(bo)


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


def propose(page: Page) -> None:
    """The Scrum Master proposes the best order found."""
    page.goto("/t/ANT/backlog/")
    page.get_by_role("link", name="Propose an order").click()
    arrive(page, "/t/ANT/proposals/new/$")
    page.locator("[name=reason]").fill("Our record says where we hope too much")
    page.get_by_role("button", name="Propose it").click()
    arrive(page, r"/t/ANT/proposals/\d+/$")
    expect(page.get_by_role("main")).to_contain_text("It waits for the Product Owner")


def accept(page: Page) -> None:
    """The Product Owner finds it over the value sheet, looks at it and accepts it."""
    page.goto("/t/ANT/backlog/")
    page.get_by_role("region", name="A proposal for the order").get_by_role("link", name="Look at it").click()
    arrive(page, r"/t/ANT/proposals/\d+/$")
    expect(page.get_by_role("main")).to_contain_text("more than the present order")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("region", name="What became of it")).to_contain_text("Accepted by Bo Berg")
    ready(page)


def the_programme_finds_the_same(page: Page) -> None:
    """What was measured of the work tells the programme too that the proposed order had it sooner."""
    page.reload()
    told = page.get_by_role("region", name="What was measured")
    expect(told).to_contain_text("owed to the proposed order having it sooner")
    expect(told).to_contain_text(f"{len(NEXT)} delivered have a verdict with a figure")


def present_order(story: Story) -> list[str]:
    titles = {piece.title for piece in NEXT}
    items = Item.objects.filter(team=story.team, title__in=titles).in_order()
    return list(items.values_list("title", flat=True))


def what_was_measured(story: Story, *, by_working: Sequence[Piece]) -> float:
    """Work all pieces, and return what the Key Results had moved after half of them, as measured [points]."""
    half, before = len(by_working) // 2, measured_points(story)
    for piece in by_working[:half]:
        story.work_a_sprint(piece)
    moved = measured_points(story) - before
    for piece in by_working[half:]:
        story.work_a_sprint(piece)
    return moved


def measured_points(story: Story) -> float:
    latest = {
        name: Measurement.objects.current().filter(key_result=row).latest("measured_on").value
        for name, row in story.key_results.items()
    }
    return sum(100 * abs(value - AIMS[name].baseline) / AIMS[name].way for name, value in latest.items())


def points_after(order: Sequence[Piece], *, sprints: int) -> float:
    """Return what the first pieces of an order really move together [points]."""
    return sum(100 * piece.brings / AIMS[piece.on].way for piece in order[:sprints])
