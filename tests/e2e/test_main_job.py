"""The main job by keyboard alone: from a tracker's export and a set of OKRs to a bet, a forecast and a report."""

import csv
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from headway.lib import clock
from headway.okr.models import Cycle, KeyResult
from headway.people.actions import issue_setup_link
from headway.people.models import Person, Role, TeamRole
from headway.scrum.models import Category, Item, Sprint
from headway.sync.models import Import, Mapping
from headway.value.models import Bet, Serves
from tests.browser import LiveServer, assert_accessible
from tests.world import PASSWORD

from .keyboard import Keyboard

pytestmark = pytest.mark.e2e

HEADING = [
    *("Issue key", "Issue id", "Summary", "Issue Type", "Status", "Resolution", "Created", "Updated", "Resolved"),
    *("Due date", "Labels", "Labels", "Sprint", "Story Points", "Parent key", "Description", "Reporter"),
]
OPEN = [
    "Repeat orders without a call by one text message",
    "Show the price before the order",
    "Remember the last delivery address",
    "Badges for regular customers",
    "Replace the database driver",
]
WEEKS, A_WEEK = 16, 4
OKRS = """# Ferry Line {period}

## Ordering again takes no thought

- Repeat orders without a call from 31 to 52 %
- Median minutes to order again from 6 to 3 min

## Care has time for those who need it

- Calls about an order a week from 140 to 60
"""


def write_okrs(folder: Path) -> Path:
    today = clock.today()
    path = folder / "okrs.md"
    path.write_text(OKRS.format(period=f"{today.year} Q{(today.month + 2) // 3}"), encoding="utf-8")
    return path


def write_export(folder: Path) -> Path:
    """Write a Jira export: an epic, four items done in each of sixteen weeks, open ones, and some that are parked."""
    now = clock.now().replace(hour=15, minute=30, second=0, microsecond=0)
    rows = [row("FER-1", "Ferry orders", "Epic", "In Progress", created=now - dt.timedelta(weeks=20))]
    number = 1
    for week in range(WEEKS, 0, -1):
        for place in range(A_WEEK):
            number += 1
            done = now - dt.timedelta(weeks=week) + dt.timedelta(days=place)
            sprint = f"Ferry Sprint {(WEEKS - week) // 2 + 1}"
            rows.append(
                row(
                    f"FER-{number}",
                    f"Finished piece {number}",
                    "Bug" if place == 3 else "Story",
                    "Done",
                    created=done - dt.timedelta(days=9),
                    done=done,
                    sprint=sprint,
                    points=str(place + 1),
                )
            )
    for title in OPEN:
        number += 1
        rows.append(row(f"FER-{number}", title, "Story", "To Do", created=now - dt.timedelta(days=30), points="3"))
    for place in range(3):
        number += 1
        rows.append(row(f"FER-{number}", f"Parked idea {place}", "Task", "Parked", created=now - dt.timedelta(days=60)))
    path = folder / "FER-export.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADING, *rows])
    return path


def row(
    key: str,
    title: str,
    kind: str,
    status: str,
    *,
    created: dt.datetime,
    done: dt.datetime | None = None,
    sprint: str = "",
    points: str = "",
) -> list[str]:
    moment = "%d/%b/%y %I:%M %p"
    at = created.strftime(moment)
    end = done.strftime(moment) if done else ""
    parent = "" if kind == "Epic" else "FER-1"
    return [
        *(key, str(10_000 + int(key[4:])), title, kind, status, "Done" if done else "", at, end or at, end),
        *("", "ferry", "web", sprint, points, parent, f"Why, in two lines:\n{title}", "Rosa"),
    ]


@pytest.fixture
def keys(open_page: Callable[..., Page]) -> Keyboard:
    return Keyboard(open_page(color_scheme="light", viewport={"width": 1440, "height": 900}))


def look(keys: Keyboard) -> None:
    """See that what is shown can be read by everybody, in both themes."""
    for theme in ("dark", "light"):
        keys.page.emulate_media(color_scheme=theme)
        assert_accessible(keys.page)


def test_from_an_export_and_okrs_to_a_report(keys: Keyboard, live: LiveServer, tmp_path: Path) -> None:
    set_up(keys)
    sign_in_again(keys)
    take_the_role(keys)
    bring_okrs(keys, write_okrs(tmp_path))
    bring_items(keys, write_export(tmp_path))
    link_by_suggestion(keys)
    bet(keys, OPEN[0], low="1", likely="3", high="6", chance="40")
    bet(keys, OPEN[1], low="1", likely="2", high="4", chance="30", key_result="Median")
    order(keys)
    forecast(keys)
    report(keys, tmp_path)
    take_back(keys)


def set_up(keys: Keyboard) -> None:
    page = keys.page
    page.goto(f"/setup/{issue_setup_link()}/")
    keys.ready()
    look(keys)
    keys.fill(page.get_by_label("Organisation"), "Ferry Line")
    keys.fill(page.get_by_label("Your name"), "Ana Abel")
    keys.fill(page.get_by_label("E-mail"), "ana@ferry.example")
    keys.fill(page.get_by_label("Password"), PASSWORD)
    keys.press("Enter")
    keys.arrive("/settings/teams/$")
    team = page.get_by_role("region", name="New team")
    keys.fill(team.get_by_label("Name"), "Ferry")
    keys.fill(team.get_by_label("Key"), "FER")
    keys.press("Enter")
    keys.arrive("/settings/|/t/FER/")
    assert Person.objects.get().name == "Ana Abel"
    assert [role.role for role in TeamRole.objects.all()] == [Role.SCRUM_MASTER]


def sign_in_again(keys: Keyboard) -> None:
    page = keys.page
    keys.choose(page.locator("summary.who"))
    keys.choose(page.get_by_role("button", name="Sign out"))
    keys.arrive("/sign-in/$")
    look(keys)
    keys.fill(page.get_by_label("E-mail"), "ana@ferry.example")
    keys.fill(page.get_by_label("Password"), PASSWORD)
    keys.press("Enter")
    keys.arrive(r"^http://[^/]+/$")
    expect(page.get_by_role("heading", level=1)).to_have_text("Three steps, and this page has something to say")
    look(keys)


def take_the_role(keys: Keyboard) -> None:
    """Only a Product Owner orders."""
    page = keys.page
    keys.go("/t/FER/people/$", "g", ",")
    person = page.get_by_role("row").filter(has_text="Ana Abel")
    keys.choose(person.locator("summary").filter(has_text="Change"))
    keys.tick(person.get_by_label("Product Owner"))
    keys.choose(person.get_by_role("button", name="Save roles"))
    keys.ready()
    expect(person.locator(".role")).to_contain_text(["Scrum Master", "Product Owner"])
    look(keys)


def bring_okrs(keys: Keyboard, file: Path) -> None:
    page = keys.page
    keys.choose(page.get_by_role("navigation", name="Sections").get_by_role("link", name="Import"))
    keys.arrive("/t/FER/import/$")
    look(keys)
    keys.choose(page.get_by_role("link", name="Import OKRs from Markdown or a table"))
    keys.arrive("/t/FER/okrs/import/$")
    page.get_by_label("File").set_input_files(file)  # the chooser is the system's, not the page's
    keys.press("Control+Enter")
    keys.arrive(r"/okrs/imports/\d+/$")
    expect(page.get_by_role("main")).to_contain_text("Ordering again takes no thought")
    look(keys)
    assert not KeyResult.objects.exists()
    keys.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    keys.ready()
    assert [(row.baseline, row.target) for row in KeyResult.objects.order_by("pk")] == [(31, 52), (6, 3), (140, 60)]
    cycle = Cycle.objects.get()
    assert cycle.starts_on <= clock.today() <= cycle.ends_on


def bring_items(keys: Keyboard, file: Path) -> None:
    page = keys.page
    keys.go("/t/FER/people/$", "g", ",")
    keys.choose(page.get_by_role("navigation", name="Sections").get_by_role("link", name="Import"))
    keys.arrive("/t/FER/import/$")
    page.get_by_label("The tracker’s export").set_input_files(file)
    keys.press("Control+Enter")
    keys.arrive(r"/t/FER/import/\d+/$")
    expect(page.get_by_role("heading", name="One status we do not know")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Create 70"))).to_contain_text("leave 3 out")
    look(keys)
    keys.tick(page.get_by_role("group", name="Parked becomes").get_by_role("radio", name="To do"))
    expect(page.get_by_role("button", name=re.compile("^Create 73"))).not_to_contain_text("leave")
    keys.ready()
    assert not Item.objects.exists()
    keys.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("is in")
    expect(page.locator(".counts")).to_contain_text("73created")
    keys.ready()
    look(keys)
    done = Item.objects.filter(category=Category.DONE)
    assert (Item.objects.count(), done.count()) == (73, WEEKS * A_WEEK)
    assert Item.objects.filter(parent__title="Ferry orders").count() == 72
    assert Item.objects.filter(title__startswith="Parked", category=Category.TODO).count() == 3
    assert Sprint.objects.count() == WEEKS // 2
    assert done.get(title="Finished piece 2").size == 1
    assert Mapping.objects.get(provider="jira").answers["statuses"] == {"Parked": "todo"}


def link_by_suggestion(keys: Keyboard) -> None:
    page = keys.page
    keys.go("/t/FER/backlog/", "g", "v")
    keys.go("/t/FER/link/", "u")
    expect(page.get_by_role("region", name="Item", exact=True)).to_contain_text("Ferry orders")
    keys.press("s")
    expect(page.get_by_role("region", name="Item", exact=True)).to_contain_text(OPEN[0])
    keys.ready()
    first = page.locator("form .suggest li").first
    expect(first).to_contain_text("Repeat orders without a call")
    look(keys)
    assert not Serves.objects.exists()
    keys.press("1")
    expect(page.get_by_role("region", name="Item", exact=True)).to_contain_text(OPEN[1])
    keys.ready()
    link = Serves.objects.get()
    assert link.item.title == OPEN[0]
    assert link.key_result.title.startswith("Repeat orders without a call")
    assert link.by.name == "Ana Abel"


def bet(
    keys: Keyboard, title: str, *, low: str, likely: str, high: str, chance: str, key_result: str | None = None
) -> None:
    page = keys.page
    keys.go("/t/FER/backlog/", "g", "v")
    hold(keys, title)
    keys.press("b")
    dialog = page.get_by_role("dialog", name="Place a bet")
    expect(dialog).to_be_visible()
    keys.ready()
    if key_result:
        keys.reach(dialog.get_by_label("Key Result"))
        keys.type(key_result)
    keys.fill(dialog.get_by_label("Low"), low)
    keys.fill(dialog.get_by_label("Likely"), likely)
    keys.fill(dialog.get_by_label("High"), high)
    keys.fill(dialog.get_by_label("Chance that it moves anything"), chance)
    look(keys)
    keys.choose(dialog.get_by_role("button", name="Place the bet"))
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("region", name="Now", exact=True)).to_contain_text(title)
    keys.ready()
    placed = Bet.objects.get(serves__item__title=title)
    assert (placed.low, placed.likely, placed.high) == (float(low), float(likely), float(high))
    assert placed.chance == pytest.approx(int(chance) / 100)
    assert placed.by.name == "Ana Abel"
    if key_result:
        assert placed.serves.key_result.title.startswith(key_result)


def hold(keys: Keyboard, title: str) -> None:
    """Go up the rows and down until the one with this title is in hand."""
    for key in "k" * 20 + "j" * 30:
        keys.press(key)
        if title in keys.page.evaluate("document.activeElement.innerText"):
            return
    raise AssertionError(f"{title} is on no row")


def order(keys: Keyboard) -> None:
    page = keys.page
    now = page.get_by_role("region", name="Now", exact=True).locator("tr[data-row]")
    expect(now.first).to_contain_text(OPEN[0])
    look(keys)
    hold(keys, OPEN[0])
    keys.press("Alt+ArrowDown")
    expect(page.locator(".toasts")).to_contain_text(f"{OPEN[0]} now stands after {OPEN[1]}.")
    expect(now.first).to_contain_text(OPEN[1])
    keys.ready()
    titles = list(Item.objects.open().in_order().values_list("title", flat=True))
    assert titles.index(OPEN[1]) < titles.index(OPEN[0])
    expect(now.first.locator("td.num").nth(2)).to_have_text(re.compile(r"\d"))


def forecast(keys: Keyboard) -> None:
    page = keys.page
    keys.go("/t/FER/forecast/$", "g", "f")
    keys.press("i")
    keys.press("Control+a")
    keys.type("20")
    answer = page.get_by_role("region", name="When", exact=True)
    expect(page.get_by_role("img", name=re.compile("Chance that 20 items are done"))).to_be_visible()
    rows = answer.get_by_role("row").all_inner_texts()
    weeks = {text.split()[0]: float(text.split()[-1]) for text in rows if re.match(r"\d+\s*%", text)}
    assert len(weeks) >= 3, rows
    # At four a week twenty more take about five weeks; more certainty takes longer, within reason.
    assert sorted(weeks.values()) == list(weeks.values())
    assert 4 <= weeks["50"] <= 8
    assert weeks["95"] <= 14
    expect(answer).to_contain_text("weeks of history")
    keys.ready()
    look(keys)


def report(keys: Keyboard, folder: Path) -> None:
    page = keys.page
    keys.choose(page.get_by_role("navigation", name="Main").get_by_role("link", name="Report"))
    keys.arrive("/t/FER/report/")
    of_key_result = page.get_by_role("region", name=re.compile("Repeat orders without a call"))
    expect(of_key_result.get_by_role("link", name=OPEN[0])).to_be_visible()
    expect(page.get_by_role("region", name=re.compile("Serves no Key Result"))).to_contain_text(OPEN[2])
    look(keys)
    with page.expect_download() as coming:
        keys.choose(page.get_by_role("link", name="Markdown"))
    path = folder / "report.md"
    coming.value.save_as(path)
    text = path.read_text(encoding="utf-8")
    heading = next(line for line in text.splitlines() if line.startswith("#") and "Repeat orders" in line)
    of_it = text.partition(heading)[2].partition("\n#")[0]
    assert OPEN[0] in of_it
    assert OPEN[2] not in of_it


def take_back(keys: Keyboard) -> None:
    """What people changed since stays, by name; everything else of the import goes."""
    page = keys.page
    keys.go("/t/FER/people/$", "g", ",")
    keys.choose(page.get_by_role("navigation", name="Sections").get_by_role("link", name="Import"))
    keys.arrive("/t/FER/import/$")
    keys.choose(page.get_by_role("link", name=re.compile(r"^Import \d+$")))
    keys.arrive(r"/t/FER/import/\d+/$")
    back = page.get_by_role("complementary", name="The way back")
    expect(back).to_contain_text(OPEN[0])
    expect(back).to_contain_text("by Ana Abel")
    keys.choose(back.get_by_role("button", name="Take back"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("is taken back")
    expect(page.get_by_role("main")).to_contain_text(OPEN[0])
    expect(page.get_by_role("main")).to_contain_text(OPEN[1])
    keys.ready()
    look(keys)
    run = Import.objects.get(provider="jira")
    assert {row["title"] for row in run.left} == {OPEN[0], OPEN[1]}
    assert {row["who"] for row in run.left} == {"Ana Abel"}
    assert set(Item.objects.active().values_list("title", flat=True)) == {OPEN[0], OPEN[1]}
    assert Bet.objects.count() == 2
    assert KeyResult.objects.count() == 3
