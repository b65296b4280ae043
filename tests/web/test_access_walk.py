"""Every address of the application with everybody of the cast: who reads it, and that nobody writes without a right.

A route that is not in the table fails the walk, so that nobody forgets one. What a right form does for whom is in the
test of each page; here forms are empty, and must neither break a page nor change anything.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from headway.backup.models import Export
from headway.lib import clock
from headway.live.models import Change
from headway.people.access import VERBS, allows
from headway.people.actions import make_token
from headway.people.actor import Actor
from headway.people.models import Holiday, Invitation, Membership, Unit
from headway.scrum.models import Item
from headway.sync.models import Conflict, Import
from headway.value.models import Bet, FocusProposal, NotNow, Serves, Verdict
from headway.value.queries import value_sheet
from headway.value.queries.focus import figures_of
from tests.world import World, make_item, make_measurement, make_sprint, make_world

pytestmark = pytest.mark.django_db

TEAM, ITEM = ("team_key",), ("team_key", "number")


@dataclass(frozen=True)
class Route:
    """`reads`: the verb for GET ("" where it only takes forms); "public" needs no sign-in, "self" only that,
    "probe" is asked by machines, "stream" by scripts."""

    reads: str
    parts: tuple[str, ...] = ()
    is_form: bool = False  # takes a POST


PUBLIC = {
    "sign-in": Route("public", is_form=True),
    "account_login": Route("public", is_form=True),
    "mfa_authenticate": Route("public", is_form=True),
    "sign-in-passkey": Route("public", is_form=True),
    "provider-link": Route("public", is_form=True),
    "openid_connect_login": Route("public", ("provider_id",)),
    "openid_connect_callback": Route("public", ("provider_id",)),
    "sign-out": Route("", is_form=True),
    "setup": Route("public", ("token",), is_form=True),
    "password-link": Route("public", ("token",), is_form=True),
    "password-link-passkey": Route("public", ("token",), is_form=True),
    "invitation": Route("public", ("token",), is_form=True),
    "theme": Route("", is_form=True),
    "keys": Route("", is_form=True),
    "healthz": Route("public"),
    "readyz": Route("probe"),
    "metrics": Route("probe"),
    "demonstration": Route("public", is_form=True),
    "demonstration-load": Route("", is_form=True),
}
ROUTES = PUBLIC | {
    "switch-organisation": Route("", is_form=True),
    "undo": Route("", ("change_id",), is_form=True),
    "demonstration-delete": Route("", is_form=True),
    "live": Route("stream"),
    "today": Route("self"),
    "search": Route("self"),
    "palette": Route("self"),
    "palette-found": Route("self"),
    "activity": Route("self"),
    "report": Route("read", TEAM),
    "report-export": Route("read", (*TEAM, "suffix")),
    # OKRs
    "sightline": Route("self"),
    "results": Route("self"),
    "check-in": Route("self", is_form=True),
    "new-objective": Route("write_okr", is_form=True),
    "objective": Route("read", ("objective_id",)),
    "edit-objective": Route("write_okr", ("objective_id",), is_form=True),
    "archive-objective": Route("", ("objective_id",), is_form=True),
    "move-objective": Route("", ("objective_id",), is_form=True),
    "new-key-result": Route("write_okr", ("objective_id",), is_form=True),
    "key-result": Route("read", ("key_result_id",)),
    "edit-key-result": Route("write_okr", ("key_result_id",), is_form=True),
    "archive-key-result": Route("", ("key_result_id",), is_form=True),
    "move-key-result": Route("", ("key_result_id",), is_form=True),
    "align": Route("", ("key_result_id",), is_form=True),
    "measure": Route("", ("key_result_id",), is_form=True),
    "decide": Route("", ("key_result_id",), is_form=True),
    "measurement": Route("measure", ("measurement_id",), is_form=True),
    "okr-import": Route("write_okr", TEAM, is_form=True),
    "okr-import-run": Route("write_okr", ("import_id",), is_form=True),
    "okr-import-undo": Route("", ("import_id",), is_form=True),
    # a tracker's export
    "import": Route("import_items", TEAM, is_form=True),
    "import-conflicts": Route("", TEAM, is_form=True),
    "import-run": Route("import_items", (*TEAM, "run_id")),
    "import-look": Route("import_items", (*TEAM, "run_id")),
    "import-answers": Route("", (*TEAM, "run_id"), is_form=True),
    "import-start": Route("", (*TEAM, "run_id"), is_form=True),
    "import-progress": Route("import_items", (*TEAM, "run_id")),
    "import-stop": Route("", (*TEAM, "run_id"), is_form=True),
    "import-undo": Route("", (*TEAM, "run_id"), is_form=True),
    "import-statuses": Route("", (*TEAM, "run_id"), is_form=True),
    "import-rows": Route("import_items", (*TEAM, "run_id")),
    # value
    "backlog": Route("read", TEAM),
    "link-many": Route("", TEAM, is_form=True),
    "link": Route("read", TEAM),
    "link-one": Route("", TEAM, is_form=True),
    "forecast": Route("read", TEAM),
    "calibration": Route("read", TEAM),
    "save-order": Route("", TEAM, is_form=True),
    "best-order": Route("read", TEAM),
    "mind": Route("read", TEAM),
    "why": Route("read", ITEM),
    "binds": Route("read", ITEM, is_form=True),
    "needs-no-more": Route("", ITEM, is_form=True),
    "must": Route("", ITEM, is_form=True),
    "rank": Route("", ITEM, is_form=True),
    "move-to-rank": Route("read", ITEM, is_form=True),  # says who may
    "not-now": Route("read", ITEM, is_form=True),
    "bring-back": Route("", ITEM, is_form=True),
    "bet": Route("place_bet", ITEM, is_form=True),
    "link-item": Route("link_item", ITEM, is_form=True),
    "told": Route("", (*TEAM, "not_now_id"), is_form=True),
    "unlink": Route("", (*TEAM, "serves_id"), is_form=True),
    "edit-bet": Route("place_bet", (*TEAM, "bet_id"), is_form=True),
    "estimates": Route("read", (*ITEM, "key_result_id"), is_form=True),
    "champion": Route("place_bet", (*TEAM, "bet_id"), is_form=True),
    "withdraw-bet": Route("place_bet", (*TEAM, "bet_id"), is_form=True),
    "verdict": Route("judge_bet", (*TEAM, "bet_id"), is_form=True),
    "withdraw-verdict": Route("", (*TEAM, "bet_id"), is_form=True),
    "verdicts": Route("read", TEAM),
    "brief": Route("read", TEAM),
    "brief-markdown": Route("read", TEAM),
    "brief-pdf": Route("read", TEAM),
    "focus-proposals": Route("read", TEAM),
    "focus-propose": Route("propose_order", TEAM, is_form=True),
    "focus-bar": Route("read", TEAM),
    "focus-proposal": Route("read", (*TEAM, "proposal_id")),
    "focus-accept": Route("", (*TEAM, "proposal_id"), is_form=True),
    "focus-change": Route("order_backlog", (*TEAM, "proposal_id"), is_form=True),
    "focus-decline": Route("order_backlog", (*TEAM, "proposal_id"), is_form=True),
    "focus-withdraw": Route("", (*TEAM, "proposal_id"), is_form=True),
    "verdict-page": Route("read", (*TEAM, "bet_id")),
    "ledger": Route("read", TEAM),
    # scrum
    "board": Route("read", TEAM),
    "board-aside": Route("read", TEAM),
    "board-pull": Route("read", TEAM, is_form=True),
    "item-new": Route("write_item", TEAM, is_form=True),
    "item": Route("read", ITEM),
    "item-edit": Route("write_item", ITEM, is_form=True),
    "item-move": Route("read", ITEM, is_form=True),
    "item-block": Route("read", ITEM, is_form=True),
    "item-sprint": Route("", ITEM, is_form=True),
    "item-remove": Route("", ITEM, is_form=True),
    "item-restore": Route("", ITEM, is_form=True),
    "item-conflict": Route("", (*ITEM, "conflict_id"), is_form=True),
    "sprints": Route("read", TEAM, is_form=True),
    "sprint": Route("read", ITEM, is_form=True),
    "sprint-start": Route("", ITEM, is_form=True),
    "sprint-close": Route("", ITEM, is_form=True),
    # settings
    "settings": Route("self"),
    "organisation-settings": Route("self", is_form=True),
    "teams": Route("self", is_form=True),
    "keeping": Route("export_organisation", is_form=True),
    "daily-backup": Route("", is_form=True),
    "export-file": Route("export_organisation", ("export_id",)),
    "export-delete": Route("", ("export_id",), is_form=True),
    "member-data": Route("", ("membership_id",), is_form=True),
    "anonymise-member": Route("manage_organisation", ("membership_id",), is_form=True),
    "retention": Route("self", is_form=True),
    "my-promises": Route("self"),
    "your-data": Route("self", is_form=True),
    "my-data": Route("", is_form=True),
    "order-unit": Route("", ("unit_id",), is_form=True),
    "delete-unit": Route("", ("unit_id",), is_form=True),
    "import-members": Route("manage_organisation", is_form=True),
    "deactivate-member": Route("manage_organisation", ("membership_id",), is_form=True),
    "invitations": Route("invite", is_form=True),
    "revoke-invitation": Route("", ("invitation_id",), is_form=True),
    "hand-over-role": Route("read", TEAM, is_form=True),
    "unit": Route("read", ("unit_id",), is_form=True),
    "members": Route("self", is_form=True),
    "member": Route("", ("membership_id",), is_form=True),
    "roles": Route("self"),
    "cycles": Route("self", is_form=True),
    "cycle": Route("manage_cycles", ("cycle_id",), is_form=True),
    "archive-cycle": Route("", ("cycle_id",), is_form=True),
    "profile": Route("self", is_form=True),
    "api-tokens": Route("self", is_form=True),
    "team-tokens": Route("manage_team", TEAM, is_form=True),
    "revoke-token": Route("", ("token_id",), is_form=True),
    "browser-settings": Route("self"),
    "my-sign-in": Route("self"),
    "my-password": Route("", is_form=True),
    "confirm-identity": Route("self", is_form=True),
    "authenticator-app": Route("self", is_form=True),
    "authenticator-app-remove": Route("", is_form=True),
    "passkey-new": Route("self", is_form=True),
    "passkey": Route("", ("passkey_id",), is_form=True),
    "recovery-codes": Route("self", is_form=True),
    "recovery-codes-file": Route("self"),
    "provider-remove": Route("", ("account_id",), is_form=True),
    "sessions-end": Route("", is_form=True),
    "sign-in-rules": Route("self", is_form=True),
    "member-sign-in": Route("", ("membership_id",), is_form=True),
    "clear-sign-in": Route("manage_organisation", ("membership_id",), is_form=True),
    "holidays": Route("self", is_form=True),
    "holiday": Route("manage_organisation", ("holiday_id",), is_form=True),
    "holiday-remove": Route("", ("holiday_id",), is_form=True),
    "public-holidays": Route("manage_organisation", is_form=True),
    "team-holidays": Route("read", TEAM, is_form=True),
    "team-public-holidays": Route("manage_team", TEAM, is_form=True),
    "team-settings": Route("read", TEAM, is_form=True),
    "columns": Route("", TEAM, is_form=True),
    "archive-team": Route("", TEAM, is_form=True),
    "people": Route("read", TEAM, is_form=True),
}
OWN = {"my-data", "profile", "switch-organisation", "sign-out", "theme", "keys"}
GOOD, REFUSED = {200, 204, 302, 303}, {400, 403, 404, 405, 409, 422}


@dataclass(frozen=True)
class Places:
    world: World
    parts: dict[str, Any]

    def address(self, name: str) -> str:
        return reverse(name, kwargs={part: self.parts[part] for part in ROUTES[name].parts})


@pytest.fixture
def places() -> Places:
    """One of each thing that an address can name, all of Ana's organisation."""
    world = make_world()
    now, today = clock.now(), clock.today()
    item = make_item(world.team)
    serves = Serves.objects.create(item=item, key_result=world.key_result, at=now)
    bet = Bet.objects.create(serves=serves, low=1, likely=2, high=3, chance=0.5, judge_on=today, at=now)
    Verdict.objects.create(bet=bet, outcome="moved", measured=2, scale=4, judged_on=today)
    shelved = NotNow.objects.create(item=make_item(world.team, "Badges"), reason="Later", at=now)
    make_sprint(world.team, item.number)
    run = Import.objects.create(
        organisation=world.organisation,
        team=world.team,
        provider="okrs",
        file_name="a.md",
        state="undone",
        created_at=now,
    )
    brought_in = Import.objects.create(
        organisation=world.organisation,
        team=world.team,
        provider="jira",
        file_name="a.csv",
        state="done",
        created_at=now,
    )
    conflict = Conflict.objects.create(item=item, run=run, field="title", ours="a", theirs="b")
    change = Change.objects.create(
        organisation_id=world.organisation.pk,
        team_id=world.team.pk,
        name="team.poked",
        subject_type="people.team",
        subject_id=world.team.pk,
        at=now - dt.timedelta(days=1),
    )
    return Places(
        world,
        {
            "team_key": world.team.key,
            "number": item.number,
            "suffix": "csv",
            "token": "none-such",
            "provider_id": "none-such",
            "passkey_id": 0,
            "account_id": 0,
            "objective_id": world.objective.pk,
            "key_result_id": world.key_result.pk,
            "measurement_id": make_measurement(world.key_result, 33).pk,
            "cycle_id": world.cycle.pk,
            "import_id": run.pk,
            "export_id": Export.objects.create(
                organisation=world.organisation,
                by=world.people["ana"],
                state=Export.State.READY,
                stored_as=default_storage.save("exports/walked.zip", ContentFile(b"PK")),
                created_at=now,
            ).pk,
            "run_id": brought_in.pk,
            "bet_id": bet.pk,
            "serves_id": serves.pk,
            "not_now_id": shelved.pk,
            "proposal_id": FocusProposal.objects.create(
                team=world.team,
                order=[item.pk],
                present=[item.pk],
                reason="Walked",
                facts=figures_of(value_sheet(world.team, world.ana), [item.pk]).as_json(),
                at=now,
                status=FocusProposal.Status.DECLINED,
                because="Walked",
                decided_at=now,
            ).pk,
            "conflict_id": conflict.pk,
            "change_id": change.pk,
            "invitation_id": Invitation.objects.create(
                organisation=world.organisation, token_hash="x", created_at=now, expires_at=now + dt.timedelta(days=7)
            ).pk,
            "holiday_id": Holiday.objects.create(
                organisation=world.organisation, name="Day", first_on=today, last_on=today
            ).pk,
            "unit_id": Unit.objects.create(organisation=world.organisation, name="Unit").pk,
            "token_id": make_token(
                world.people["ana"], world.organisation, by=world.ana, name="Nightly", scopes=["read"]
            )[0].pk,
            "membership_id": Membership.objects.get(person=world.people["cy"]).pk,
        },
    )


def client_of(places: Places, name: str) -> tuple[Client, Actor | None]:
    client = Client()
    if name == "nobody":
        return client, None
    client.force_login(places.world.people[name])
    return client, getattr(places.world, name)


def names_of(patterns: list[URLPattern | URLResolver]) -> set[str]:
    names: set[str] = set()
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            names |= names_of(pattern.url_patterns)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            names.add(pattern.name)
    return names


def test_every_route_is_in_the_table_and_the_other_way_round() -> None:
    assert names_of(get_resolver("headway.web.urls").url_patterns) == set(ROUTES)
    assert {route.reads for route in ROUTES.values()} <= {"", "public", "probe", "stream", "self", *VERBS}


@pytest.mark.parametrize("name", ["ana", "bo", "cy", "di", "eve", "nobody"])
def test_who_reads_what(places: Places, name: str) -> None:
    client, actor = client_of(places, name)
    wrong = {}
    for route_name, route in ROUTES.items():
        if not route.reads:
            continue
        answer = client.get(places.address(route_name))
        expected = _readable(route, name, actor, places)
        if answer.status_code not in expected or (
            name == "nobody" and route.reads not in {"public", "probe", "stream"} and not _to_sign_in(answer)
        ):
            wrong[route_name] = (answer.status_code, sorted(expected))
    assert not wrong


def _readable(route: Route, name: str, actor: Actor | None, places: Places) -> set[int]:
    if route.reads == "public":
        return {200, 302, 404, 410}
    if route.reads == "probe":
        return {200, 404, 503}  # absent without a token, and not ready without a worker
    if route.reads == "stream":
        return {401} if actor is None else {200}  # no browser follows a stream to the sign-in
    if actor is None:
        return {302}
    if route.parts and name == "eve":
        return {404}
    if route.reads == "self" or name == "eve" or allows(actor, route.reads, places.world.team):
        return {200, 302}
    return {403}


def _to_sign_in(answer: Any) -> bool:
    return answer.status_code == 302 and reverse("sign-in") in answer["Location"]


@pytest.mark.parametrize("name", ["di", "eve", "nobody"])
def test_who_has_no_right_changes_nothing(places: Places, name: str) -> None:
    client, _ = client_of(places, name)
    wrong = {}
    for route_name, route in ROUTES.items():
        if not route.is_form or route_name in OWN | set(PUBLIC):
            continue
        changes, items = Change.objects.count(), Item.objects.active().count()
        answer = client.post(places.address(route_name), {})
        refused = (
            _to_sign_in(answer) if name == "nobody" else answer.status_code in REFUSED | {200, 302}
        )  # a page may lead back and say why
        if name == "eve" and route.parts:
            refused = answer.status_code == 404
        if not refused or (Change.objects.count(), Item.objects.active().count()) != (changes, items):
            wrong[route_name] = answer.status_code
    assert not wrong


@pytest.mark.parametrize("name", ["ana", "bo", "cy"])
def test_an_empty_form_breaks_no_page(places: Places, name: str) -> None:
    client, _ = client_of(places, name)
    last = ["archive-team", "demonstration-delete", "sign-out"]  # what takes the ground away comes last
    wrong = {}
    for route_name in sorted(ROUTES, key=lambda route: (route in last, route)):
        if ROUTES[route_name].is_form:
            status = client.post(places.address(route_name), {}).status_code
            if status not in GOOD | REFUSED | {410}:
                wrong[route_name] = status
    assert not wrong


def test_a_route_that_only_takes_forms_answers_a_get_with_405(places: Places) -> None:
    client, _ = client_of(places, "ana")
    only_forms = [name for name, route in ROUTES.items() if not route.reads]
    assert {name for name in only_forms if client.get(places.address(name)).status_code != 405} == set()
