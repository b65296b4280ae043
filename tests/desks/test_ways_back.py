"""Every Change that the code records has a way back, or it is said here, and on the page before, why it has none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.utils.html import escape

import headway
from headway.backup.actions import ask_for_export
from headway.lib import clock
from headway.live.history import CannotUndo, has_inverse, is_undoable, undo
from headway.live.models import Change
from headway.people.actions import deactivate_member, delete_unit, make_token
from headway.people.models import Unit
from headway.scrum.actions import remove_items, start_sprint
from headway.scrum.models import Item
from headway.value.actions import set_sprint_aim
from tests.desks.test_activity import recorded_names
from tests.web.test_second_factor import set_up, signed_in
from tests.world import World, make_item, make_sprint, make_world

#: itself what took something back, or made anew at any time: do the action again
AGAIN = {
    "check_in.withdrawn",
    "conflict.reopened",
    "cycle.removed",
    "decision.withdrawn",
    "holidays.removed",
    "impediment.withdrawn",
    "import.undone",
    "key_result.removed",
    "members.import_undone",
    "objective.removed",
    "okrs.import_undone",
    "password.set",
    "sprint.deleted",
    "sprint.reopened",
}

#: another action takes it back
OTHER_ACTION = {
    "authenticator_app.added": "authenticator_app.removed",
    "export.asked": "export.deleted",
    "member.added": "member.deactivated",
    "member.joined": "member.deactivated",
    "member.reactivated": "member.deactivated",
    "passkey.added": "passkey.removed",
    "provider.linked": "provider.unlinked",
    "provider.unlinked": "provider.linked",
    "token.made": "token.revoked",
}

#: changes nothing that could be taken back: a copy was read, an installation began
NOTHING = {"person.exported", "organisation.created"}

#: for good; the page says so before: name → (its address, the sentence on it)
MENU = "A new link, signing out and taking the factor away have no way back"
FOR_GOOD: dict[str, tuple[str, str]] = {
    "authenticator_app.removed": ("/settings/me/sign-in/", "This cannot be taken back; you can set it up anew."),
    "export.deleted": ("/settings/export/", "Deleting has no way back: make a new one instead."),
    "passkey.removed": ("/settings/me/sign-in/", "Taking away cannot be taken back."),
    "password_link.issued": (
        "/settings/members/",
        MENU,
    ),
    "person.anonymised": ("/settings/members/{left}/anonymise/", "There is no way back."),
    "recovery_codes.made": ("/settings/me/sign-in/", "The old ones stop working. This cannot be taken back."),
    "retention.run": ("/settings/retention/", "It has no way back."),
    "second_factor.reset": (
        "/settings/members/",
        MENU,
    ),
    "sessions.ended": ("/settings/me/sign-in/", "Who is signed out signs in again; nothing else is lost."),
    "sign_in.cleared": ("/settings/members/{left}/sign-in/clear/", "There is no way back."),
    "token.revoked": ("/settings/tokens/", "Revoking has no way back: make a new token instead."),
}


@pytest.mark.parametrize("name", sorted(recorded_names()))
def test_each_change_has_a_way_back_or_its_reason(name: str) -> None:
    reasons = [name in AGAIN, name in OTHER_ACTION, name in NOTHING, name in FOR_GOOD]
    assert [has_inverse(name), *reasons].count(True) == 1


def test_no_reason_is_given_for_what_is_never_recorded() -> None:
    assert (AGAIN | OTHER_ACTION.keys() | NOTHING | FOR_GOOD.keys()) - recorded_names() == set()
    assert set(OTHER_ACTION.values()) - recorded_names() == set()


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FOR_GOOD.keys() - {"passkey.removed"}))
def test_what_is_for_good_is_said_before(name: str) -> None:
    world = make_world()
    client = signed_in("ana")
    prepare(name, world, client)
    address, told = FOR_GOOD[name]
    left = world.organisation.memberships.get(person=world.people["cy"]).pk
    answer = client.get(address.format(left=left))
    assert answer.status_code == 200
    assert str(escape(told)) in answer.content.decode()


def test_taking_a_passkey_away_is_for_good_and_says_so() -> None:
    """A passkey is made by a browser: its row of the page is looked at here, the page with one in the browser tests."""
    source = (Path(headway.__file__).parent / "web/templates/account/my_sign_in.html").read_text()
    form = source.split('url("passkey", passkey_id=')[1].split("</form>")[0]
    assert 'value="remove"' in form
    assert FOR_GOOD["passkey.removed"][1] in form


def prepare(name: str, world: World, client: Client) -> None:
    """Let there be what the page would take away."""
    acts: dict[str, Callable[[], object]] = {
        "authenticator_app.removed": lambda: set_up(client),
        "recovery_codes.made": lambda: set_up(client),
        "export.deleted": lambda: ask_for_export(world.organisation, by=world.ana),
        "person.anonymised": lambda: deactivate_member(
            world.organisation.memberships.get(person=world.people["cy"]), by=world.ana
        ),
        "token.revoked": lambda: make_token(
            world.people["ana"], world.organisation, by=world.ana, name="Board", scopes=["read"]
        ),
    }
    acts.get(name, lambda: None)()


@pytest.mark.django_db
def test_taking_back_can_be_taken_back_where_that_is_cheap() -> None:
    world = make_world()
    items = [make_item(world.team), make_item(world.team)]
    sprint = start_sprint(make_sprint(world.team, started_at=None), by=world.ana)
    unit = Unit.objects.create(organisation=world.organisation, name="Trade")
    assert remove_items(items, by=world.ana, team=world.team)
    removed = Change.objects.latest("pk")
    aimed = set_sprint_aim(sprint, world.key_result, by=world.ana)
    deleted = delete_unit(unit, by=world.ana)
    started = Change.objects.get(name="sprint.started")
    assert aimed is not None
    for change in (removed, aimed, deleted, started):
        back = undo(change, by=world.ana)
        assert is_undoable(back), change.name
        again = undo(back, by=world.ana)
        assert again.name == change.name
        assert again.undoes == back
    assert not Item.objects.active().filter(team=world.team).exists()
    assert not Unit.objects.filter(pk=unit.pk).exists()
    sprint.refresh_from_db()
    assert sprint.started_at is not None
    assert sprint.started_at <= clock.now()


@pytest.mark.django_db
def test_items_brought_back_and_changed_are_not_removed_again() -> None:
    world = make_world()
    items = [make_item(world.team), make_item(world.team)]
    remove_items(items, by=world.ana, team=world.team)
    back = undo(Change.objects.latest("pk"), by=world.ana)
    remove_items(items[:1], by=world.cy, team=world.team)
    with pytest.raises(CannotUndo, match="Cy Cole"):
        undo(back, by=world.ana)
