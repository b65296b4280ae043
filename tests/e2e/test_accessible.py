"""Every page of the demonstration, and every dialog that a key opens: axe in both themes, on a desk and on a phone."""

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from headway.demo.actions import load
from headway.okr.models import KeyResult, Measurement, Objective
from headway.people import actions as people
from headway.people.actor import system_actor
from headway.people.models import Holiday, Membership, Organisation, Person, Team, Unit
from headway.scrum.models import Category, Item, Sprint
from headway.sync.models import Import
from headway.value.models import Bet, Estimate, FocusProposal, Verdict
from tests.browser import LiveServer, ready
from tests.web.test_access_walk import ROUTES
from tests.world import PASSWORD, make_organisation, make_person, make_team

from .pages import WIDE, complaints_about

pytestmark = pytest.mark.e2e


#: read, but no page: a part of one, a file, only a way to one, or looked at elsewhere
NO_PAGES = {
    *("healthz", "readyz", "metrics", "live", "palette", "palette-found", "account_login", "settings"),
    *("report-export", "import-rows", "import-look", "import-progress", "board-aside", "export-file"),
    *("recovery-codes-file", "openid_connect_login", "openid_connect_callback", "sign-in-passkey"),
    "password-link-passkey",
    *("brief-markdown", "brief-pdf", "best-order", "focus-bar"),  # files, and parts of pages that are looked at
    "provider-link",  # needs a provider's answer: tests/web/test_sign_in_browser.py looks at it
}


def test_every_page_is_named_here() -> None:
    named = set(re.findall(r'"([a-z_-]+)"', Path(__file__).read_text(encoding="utf-8")))
    assert {name for name, route in ROUTES.items() if route.reads} - named - NO_PAGES == set()


@dataclass
class Tour:
    """Where the demonstration is looked at, and what was complained of so far."""

    page: Page
    live: LiveServer
    complaints: list[str]
    found: list[str] = field(default_factory=list)

    def as_(self, name: str) -> None:
        self.live.sign_in(self.page, Person.objects.get(name=name))

    def see(self, name: str, *, query: str = "", status: int = 200, **parts: Any) -> None:
        self.see_address(reverse(name, kwargs=parts) + query, status=status)

    def see_address(self, address: str, *, status: int = 200) -> None:
        answer = self.page.goto(address)
        assert answer is not None
        if answer.status != status:
            self.found.append(f"{address} answers {answer.status}")
            return
        self.found += complaints_about(self.page)
        if status >= 400:
            self.complaints.clear()  # the console names the status

    def see_refusal(self, address: str, content: bytes, name: str) -> None:
        """Hand in a file that is not what it says."""
        self.page.goto(address)
        self.page.get_by_label("export").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
        self.page.get_by_role("button", name="Look at it").click()
        expect(self.page.get_by_role("alert")).to_be_visible()
        self.found += complaints_about(self.page)
        self.complaints.clear()  # the console names the status

    def look(self) -> None:
        """Look at the page as it stands after a deed."""
        ready(self.page)
        self.found += complaints_about(self.page)
        self.complaints.clear()  # where a deed was refused, the console names the status

    def see_palette(self, address: str, *texts: str) -> None:
        """Open the palette by its keys, and look at what it offers and finds."""
        self.page.goto(address)
        ready(self.page)
        self.page.keyboard.press("Control+k")
        field = self.page.get_by_role("combobox", name="Search or jump")
        for text in texts:
            field.fill(text)
            ready(self.page)
            expect(self.page.get_by_role("dialog").get_by_role("option").first).to_be_visible()
            self.found += complaints_about(self.page, dialog=True)

    def see_dialogs(self, address: str, *ways: tuple[str, ...]) -> None:
        """Open each dialog of a page by its keys and look at it."""
        for keys in ways:
            self.page.goto(address)
            ready(self.page)
            for key in keys:
                self.page.keyboard.press(key)
            expect(self.page.locator("dialog[open] :is(h1, h2)").first).to_be_visible()
            ready(self.page)
            self.found += complaints_about(self.page, dialog=True)


@pytest.fixture
def organisation(live: LiveServer) -> Organisation:
    return load(by=system_actor(None))


@pytest.fixture
def team(organisation: Organisation) -> Team:
    return Team.objects.get(organisation=organisation, name="Refill")


@pytest.fixture
def tour(
    organisation: Organisation, open_page: Callable[..., Page], live: LiveServer, complaints: list[str]
) -> Iterator[Tour]:
    tour = Tour(open_page(viewport=WIDE, color_scheme="light"), live, complaints)
    tour.as_("Noor Haddad")
    yield tour
    if tour.found:
        pytest.fail("\n".join(dict.fromkeys(tour.found)), pytrace=False)


def test_today_and_the_line_of_sight(tour: Tour, team: Team) -> None:
    tour.see("today")
    tour.see("sightline")
    tour.see("search")
    tour.see("search", query="?q=refill")
    tour.see("search", query="?q=zzzz")
    tour.see("report", team_key=team.key)


def test_key_results(tour: Tour, team: Team) -> None:
    objective = Objective.objects.filter(team=team).earliest("pk")
    key_result = KeyResult.objects.filter(objective=objective).earliest("pk")
    tour.see("results")
    tour.see("objective", objective_id=objective.pk)
    tour.see("key-result", key_result_id=key_result.pk)
    tour.see("new-objective")
    tour.see("edit-objective", objective_id=objective.pk)
    tour.see("new-key-result", objective_id=objective.pk)
    tour.see("edit-key-result", key_result_id=key_result.pk)
    tour.see("measurement", measurement_id=Measurement.objects.filter(key_result=key_result).earliest("pk").pk)
    tour.see("check-in")


def test_the_value_sheet(tour: Tour, team: Team) -> None:
    tour.as_("Tomasz Wilk")
    sheet = reverse("backlog", kwargs={"team_key": team.key})
    tour.see("backlog", team_key=team.key)
    tour.see("backlog", team_key=team.key, query="?q=zzzz")
    tour.see_dialogs(sheet, ("?",), ("j", "."), ("j", "b"), ("j", "n"), ("j", "m"), ("j", "l"), ("j", "p"))
    tour.see("mind", team_key=team.key)
    tour.see("brief", team_key=team.key)
    tour.see("link", team_key=team.key)
    tour.see("forecast", team_key=team.key)
    tour.see("calibration", team_key=team.key)


def test_the_pages_behind_the_value_sheet(tour: Tour, team: Team) -> None:
    """What opens as a dialog is a page of its own where there is no script."""
    bet = Bet.objects.filter(serves__item__team=team, serves__item__category=Category.TODO, verdict=None).earliest("pk")
    judged = Verdict.objects.filter(bet__serves__item__team=team).earliest("pk").bet
    due = Bet.objects.filter(serves__item__team=team, serves__item__category=Category.DONE, verdict=None).first()
    of = {"team_key": team.key, "number": bet.serves.item.number}
    for name in ("why", "move-to-rank", "not-now", "bet", "link-item", "binds"):
        tour.see(name, **of)
    tour.see("edit-bet", team_key=team.key, bet_id=bet.pk)
    tour.see("withdraw-bet", team_key=team.key, bet_id=bet.pk)
    tour.see("champion", team_key=team.key, bet_id=bet.pk)
    closed = Estimate.objects.filter(item__team=team, closed_at__isnull=False).earliest("pk")
    tour.see("estimates", team_key=team.key, number=closed.item.number, key_result_id=closed.key_result_id)
    tour.see("verdicts", team_key=team.key)
    tour.see("ledger", team_key=team.key)
    for bet_id in (bet.pk, judged.pk):
        tour.see("verdict-page", team_key=team.key, bet_id=bet_id)
    tour.see("verdict", team_key=team.key, bet_id=judged.pk)
    if due is not None:
        tour.see("verdict", team_key=team.key, bet_id=due.pk)


def test_focus_proposals(tour: Tour, team: Team) -> None:
    accepted, open_one = FocusProposal.objects.filter(team=team).order_by("pk")
    tour.see("focus-proposals", team_key=team.key)
    tour.see("focus-propose", team_key=team.key)
    tour.see("focus-proposal", team_key=team.key, proposal_id=accepted.pk)
    tour.as_("Tomasz Wilk")
    for name in ("focus-proposal", "focus-change", "focus-decline"):
        tour.see(name, team_key=team.key, proposal_id=open_one.pk)


def test_the_board(tour: Tour, team: Team) -> None:
    board = reverse("board", kwargs={"team_key": team.key})
    tour.see("board", team_key=team.key)
    tour.see("board", team_key=team.key, query="?sprint=all")
    tour.see_dialogs(board, ("?",), ("j", "m"), ("j", "b"), ("n",), ("p",))


def test_items_and_sprints(tour: Tour, team: Team) -> None:
    active = Item.objects.active().filter(team=team)
    done = active.filter(category=Category.DONE, serves__bet__verdict__isnull=False).earliest("pk")
    doing = active.filter(category=Category.DOING).earliest("pk")
    for item in (done, doing):
        tour.see("item", team_key=team.key, number=item.number)
    of = {"team_key": team.key, "number": doing.number}
    for name in ("item-edit", "item-move", "item-block"):
        tour.see(name, **of)
    tour.see("item-new", team_key=team.key)
    tour.see("board-pull", team_key=team.key)
    tour.see("sprints", team_key=team.key)
    running = Sprint.objects.get(team=team, closed_at=None, started_at__isnull=False)
    tour.see("sprint", team_key=team.key, number=running.number)
    tour.see("sprint", team_key=team.key, number=running.number - 1)


def test_the_import_of_a_tracker(tour: Tour, team: Team) -> None:
    done = bring(team, "One,To Do\nRFL-8002,Two,Done\n")
    Item.objects.filter(team=team, tracker_key="RFL-8001").update(title="Changed here")
    asked = bring(team, "One more,In Progress\nRFL-8003,Three,Parked\n,No key,To Do\n", start=False)
    of = {"team_key": team.key}
    tour.see("import", **of)
    tour.see("import-run", **of, run_id=asked)
    tour.see("import-run", **of, run_id=done)
    for state in ("running", "undone", "failed"):
        Import.objects.filter(pk=asked).update(state=state, error="Line 7 has no key." if state == "failed" else "")
        tour.see("import-run", **of, run_id=asked)
    tour.see_refusal(reverse("import", kwargs=of), b"\x00\x01", "export.csv")


def bring(team: Team, rows: str, *, start: bool = True) -> int:
    """Hand in a Jira export whose first key is RFL-8001; return the number of the import."""
    client = Client()
    client.force_login(Person.objects.get(name="Noor Haddad"))
    text = f"Issue key,Summary,Status\nRFL-8001,{rows}"
    client.post(f"/t/{team.key}/import/", {"file": SimpleUploadedFile("export.csv", text.encode())})
    run = Import.objects.filter(team=team, provider="jira").latest("pk")
    if start:
        client.post(f"/t/{team.key}/import/{run.pk}/start/")
        run.refresh_from_db()
        assert run.state == Import.State.DONE
    return run.pk


def test_the_import_of_okrs(tour: Tour, team: Team) -> None:
    client = Client()
    client.force_login(Person.objects.get(name="Noor Haddad"))
    text = "# 2031 Q1\n\n## Nobody waits\n\n- Minutes in the queue from 9 to 4\n- \n"
    runs = []
    for name in ("okrs.md", "again.md"):
        client.post(f"/t/{team.key}/okrs/import/", {"file": SimpleUploadedFile(name, text.encode())})
        runs.append(Import.objects.filter(provider="okrs").latest("pk").pk)
    client.post(f"/okrs/imports/{runs[0]}/", {"cycle": ""})
    assert Import.objects.get(pk=runs[0]).state == Import.State.DONE
    tour.see("okr-import", team_key=team.key)
    for run in runs:
        tour.see("okr-import-run", import_id=run)


def test_settings(tour: Tour, team: Team, organisation: Organisation) -> None:
    for name in ("organisation-settings", "holidays", "teams", "members", "roles", "cycles", "sign-in-rules"):
        tour.see(name)
    for name in ("invitations", "import-members", "retention", "keeping", "activity"):
        tour.see(name)
    for name in ("profile", "browser-settings", "my-sign-in", "my-promises", "your-data", "api-tokens"):
        tour.see(name)
    tour.see("activity", query=f"?team={team.key}")
    tour.see("unit", unit_id=Unit.objects.create(organisation=organisation, name="Care").pk)
    tour.see("cycle", cycle_id=KeyResult.objects.filter(objective__team=team).earliest("pk").objective.cycle_id)
    for name in ("team-settings", "team-holidays", "team-tokens", "people", "hand-over-role"):
        tour.see(name, team_key=team.key)
    christmas = Holiday.objects.create(
        organisation=organisation, name="Christmas", first_on=dt.date(2031, 12, 25), last_on=dt.date(2031, 12, 26)
    )
    tour.see("holidays")
    tour.see("holiday", holiday_id=christmas.pk)
    tour.see("public-holidays", query="?country=CH&region=ZH")
    tour.see("team-public-holidays", team_key=team.key)
    ines = Membership.objects.get(person__name="Ines Duarte")
    tour.see("deactivate-member", membership_id=ines.pk)
    tour.see("anonymise-member", membership_id=ines.pk)
    tour.see("clear-sign-in", membership_id=ines.pk)
    tour.see_address(reverse("api:docs"))


def test_the_palette(tour: Tour, team: Team) -> None:
    tour.see_palette(reverse("backlog", kwargs={"team_key": team.key}), "", "order", "zzzz")


@pytest.fixture
def administrator(organisation: Organisation) -> Person:
    """One of an organisation that is no demonstration, with names as long as they come."""
    own = make_organisation("Cooperative of community pharmacies and dispensaries by the northern canal")
    make_team(own, "CHN", "Keeping medicines cold from the depot to the door")
    person = make_person(own, "Alexandrina Featherstonehaugh-Cholmondeley", is_administrator=True)
    person.email = "alexandrina.featherstonehaugh-cholmondeley@northern-canal.example"
    person.save()
    return person


def test_ways_to_sign_in(tour: Tour, administrator: Person, live: LiveServer) -> None:
    page = tour.page
    live.sign_in(page, administrator)
    for name in ("authenticator-app", "passkey-new", "recovery-codes"):
        tour.see(name)  # asks who it is first
    tour.see("confirm-identity")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url("**/sign-in/")
    tour.see("authenticator-app")
    secret = page.locator("[data-copy]").get_attribute("data-copy") or ""
    page.get_by_label("Code", exact=True).fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.get_by_label("Code", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    tour.look()
    tour.see("passkey-new")
    tour.see("my-sign-in")
    tour.see("sign-in-rules")
    page.context.clear_cookies()
    tour.see("sign-in")
    page.get_by_label("E-mail").fill(administrator.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url("**" + reverse("mfa_authenticate"))
    tour.look()


def test_inviting(tour: Tour, administrator: Person, live: LiveServer) -> None:
    """By the keyboard alone: a link is made, opened by somebody else, and joined with."""
    page = tour.page
    live.sign_in(page, administrator)
    tour.see("invitations")
    page.get_by_label("E-mail").focus()
    page.keyboard.type("bo.lind@example.org")
    page.keyboard.press("Enter")
    link = page.get_by_role("textbox", name="Link")
    expect(link).to_be_visible()
    tour.look()
    address = link.input_value()
    table = "name,email,team,roles\nAda Ash,ada@example.org,CHN,Developer\nNo,nowhere,NONE,King"
    for given in (table, table.rpartition("\n")[0]):
        page.goto(live.url + reverse("import-members"))
        page.get_by_label("pasted").fill(given)
        page.get_by_role("button", name="Look at it").press("Enter")
        expect(page.get_by_role("heading", name="What becomes of it")).to_be_visible()
        tour.look()
    page.get_by_role("button", name="Write it").press("Enter")
    expect(page.get_by_role("heading", name="The table is in")).to_be_visible()
    tour.look()
    tour.see("members")
    page.goto(live.url + reverse("api-tokens"))
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("textbox", name="Token")).to_be_visible()
    tour.look()
    page.context.clear_cookies()
    tour.see_address(address)
    page.get_by_label("Your name").fill("Bo Lind")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url(live.url + "/")
    tour.look()
    page.context.clear_cookies()
    tour.see_address(address, status=410)
    tour.see("invitation", token="made-up", status=410)


def test_what_stands_outside_the_shell(tour: Tour) -> None:
    setup = people.issue_setup_link()
    own = make_organisation()
    membership = Membership.objects.get(person=make_person(own, "Ana Abel"))
    link = people.issue_password_link(membership, by=system_actor(own))
    tour.page.context.clear_cookies()
    tour.see("sign-in")
    tour.see("setup", token=setup)
    tour.see("password-link", token=link)
    tour.see("demonstration")
    tour.see("password-link", token="made-up", status=410)
    tour.see_address("/nowhere/", status=404)


def test_refusals(tour: Tour, team: Team) -> None:
    tour.see_address("/nowhere/", status=404)
    tour.as_("Marta Oyelaran")
    tour.see("item-new", team_key=team.key, status=403)
    for name in ("backlog", "board", "report"):
        tour.see(name, team_key=team.key)
