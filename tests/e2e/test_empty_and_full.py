"""The two ends: an installation of this minute, where every page says what is missing; and one that is full."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from headway.lib import clock, ranks
from headway.okr.models import KeyResult
from headway.people.actions import complete_setup, create_team, issue_setup_link
from headway.people.actor import actor_for
from headway.people.models import Organisation, Person, Team
from headway.scrum.models import Category, Column, Item, Sprint, Transition
from headway.value.models import Bet, Serves
from tests.browser import LiveServer, assert_accessible
from tests.world import PASSWORD, World, make_key_result, make_sprint, make_world

from .pages import PHONE, SMALL, WIDE, sticking_out

pytestmark = pytest.mark.e2e

ITEMS = 1000
LONG = "Order again for somebody in the family who has asked for it before and lives elsewhere, " * 3
WORD = "Donaudampfschifffahrtsgesellschaftskapitaenspatentverlaengerung" * 3


@pytest.fixture
def ana(live: LiveServer) -> Person:
    token = issue_setup_link()
    assert token
    return complete_setup(
        token, organisation="Ferry Line", name="Ana Abel", email="ana@ferry.example", password=PASSWORD
    )


def test_right_after_the_setup_every_page_answers(
    open_page: Callable[..., Page], live: LiveServer, ana: Person
) -> None:
    page = open_page(viewport=WIDE)
    live.sign_in(page, ana)
    walk_the_sidebar(page, at_least=4)
    expect(page.get_by_role("navigation", name="Main").first).to_contain_text("Today")


def test_an_empty_team_says_on_every_page_what_is_missing(
    open_page: Callable[..., Page], live: LiveServer, ana: Person
) -> None:
    organisation = Organisation.objects.get()
    actor = actor_for(ana, organisation)
    assert actor
    create_team(organisation, by=actor, key="FER", name="Ferry")
    page = open_page(viewport=WIDE)
    live.sign_in(page, ana)
    walk_the_sidebar(page, at_least=8)
    said = {
        "/t/FER/backlog/": "Nothing priced. Give one item a range.",
        "/t/FER/board/": "No Sprint runs.",
        "/t/FER/forecast/": "Zero weeks count too",
        "/t/FER/report/": "No work is in this time, and no Key Result.",
        "/t/FER/link/": "Nothing is left to link.",
        "/t/FER/sprints/": "Sprint",
        "/t/FER/import/": "None yet.",
        "/okrs/": "objective",
        "/sightline/": "Key Result",
    }
    for address, text in said.items():
        page.goto(address)
        expect(page.get_by_role("main")).to_contain_text(text)
        assert_accessible(page)
        assert not re.search(r"\b(nan|none|null|undefined)\b(?! yet)", page.get_by_role("main").inner_text(), re.I), (
            address
        )


def walk_the_sidebar(page: Page, *, at_least: int) -> None:
    """Follow every link of the side bar and of the settings, wide and on a phone."""
    page.goto("/")
    seen = set()
    ahead = hrefs(page, "aside.side nav a")
    assert len(ahead) >= at_least
    while ahead:
        address = ahead.pop()
        seen.add(address)
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        for size in (PHONE, WIDE):
            page.set_viewport_size(size)
            assert not sticking_out(page), address
        ahead += [href for href in hrefs(page, ".set > nav a") if href not in seen | set(ahead)]


def hrefs(page: Page, selector: str) -> list[str]:
    return page.locator(selector).evaluate_all("links => links.map((link) => link.getAttribute('href'))")


@pytest.fixture
def full(live: LiveServer) -> World:
    """Give Ant a thousand items with long titles: 60 in the running Sprint, 80 priced, the rest to do or done."""
    world = make_world()
    sprint = make_sprint(world.team, goal=LONG[:490])
    worded = make_key_result(world.objective, WORD[:180], short_name=WORD[:40])
    columns = {column.category: column for column in Column.objects.filter(team=world.team)}
    now = clock.now()
    items, rank = [], None
    for number in range(1, ITEMS + 1):
        rank = ranks.between(rank, None)
        category = Category.DONE if number > 700 else Category.DOING if number % 20 == 0 else Category.TODO
        done_at = now - dt.timedelta(days=1 + number % 120) if category == Category.DONE else None
        items.append(
            Item(
                team=world.team,
                number=number,
                title=WORD[:200] if number % 7 == 0 else f"{number} {LONG}"[:200],
                description=f"{WORD}\n\n{LONG}",
                rank=rank,
                column=columns[category],
                category=category,
                size=float(number % 8),
                sprint=sprint if number <= 60 else None,
                blocked_because=WORD if number == 20 else "",
                blocked_since=clock.today() if number == 20 else None,
                created_at=now - dt.timedelta(days=200),
                updated_at=now,
                started_at=None if category == Category.TODO else now - dt.timedelta(days=130),
                done_at=done_at,
                extra={WORD[:60]: WORD},
            )
        )
    Item.objects.bulk_create(items)
    price(world, worded)
    Transition.objects.bulk_create(
        Transition(item=item, status="Done", category=Category.DONE, at=item.done_at) for item in items if item.done_at
    )
    Team.objects.filter(pk=world.team.pk).update(next_item_number=ITEMS + 1)
    assert Sprint.objects.count() == 1
    return world


def price(world: World, worded: KeyResult) -> None:
    items = list(Item.objects.filter(number__lte=140).order_by("number"))
    links = Serves.objects.bulk_create(
        Serves(item=item, key_result=worded if item.number % 2 else world.key_result, at=clock.now()) for item in items
    )
    Bet.objects.bulk_create(
        Bet(serves=link, low=1, likely=2 + link.item.number % 3, high=6, chance=0.3, at=clock.now()) for link in links
    )


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/t/ANT/backlog/",
        "/t/ANT/board/",
        "/t/ANT/board/?sprint=all",
        "/t/ANT/report/",
        "/t/ANT/items/7/",
        "/t/ANT/items/20/",
        "/t/ANT/items/7/edit/",
        "/t/ANT/link/",
        "/t/ANT/sprints/1/",
        "/sightline/",
        "/okrs/",
        "/search/?q=order",
    ],
)
def test_a_thousand_long_titles_stay_within_the_page(
    open_page: Callable[..., Page], live: LiveServer, full: World, address: str
) -> None:
    page = open_page(viewport=WIDE)
    live.sign_in(page, full.people["bo"])
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200
    for size in (WIDE, {"width": 1024, "height": 800}, PHONE, SMALL):
        page.set_viewport_size(size)
        assert not sticking_out(page), size
        assert not overlapping(page), size


# Words that run out of what holds them, over what stands beside.
OVERLAPPING = """() => [...document.querySelectorAll("main :is(h1, h2, h3, p, td, th, li, a, span, b)")]
  .filter((element) => element.childElementCount === 0 && element.offsetParent && element.clientWidth > 0)
  .filter((element) => element.scrollWidth > element.clientWidth + 1
    && getComputedStyle(element).overflowX === "visible" && getComputedStyle(element).display !== "inline")
  .slice(0, 5).map((element) => element.outerHTML.slice(0, 160))"""


def overlapping(page: Page) -> list[str]:
    return page.evaluate(OVERLAPPING)
