"""How long things are kept: said per organisation, counted before, removed by the run, which leaves a Change."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people import actions, retention
from headway.people.access import Forbidden
from headway.people.models import Invitation, OneTimeLink, Role
from headway.people.tasks import keep_to_the_rules, run_retention
from headway.sync import uploads
from headway.sync.models import Import
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def ago(days: float) -> dt.datetime:
    return clock.now() - dt.timedelta(days=days)


def due(world: World, **days: int | None) -> dict[str, int]:
    return {row.name: row.due for row in retention.rules_of(world.organisation, days or None)}


def test_nobody_is_anonymised_unless_somebody_said_so(world: World) -> None:
    member = world.people["cy"].memberships.get()
    actions.deactivate_member(member, by=world.ana)
    type(member).objects.filter(pk=member.pk).update(deactivated_at=ago(1000))
    assert due(world)["members"] == 0
    assert due(world, members=365)["members"] == 1
    run_retention()
    world.people["cy"].refresh_from_db()
    assert world.people["cy"].name == "Cy Cole"
    actions.set_retention(world.organisation, by=world.ana, days={"members": 365})
    run_retention()
    world.people["cy"].refresh_from_db()
    assert world.people["cy"].name.startswith("Former member")


def test_files_of_imports_go_and_the_running_one_stays(world: World) -> None:
    runs = {
        state: Import.objects.create(
            organisation=world.organisation,
            team=world.team,
            provider="csv",
            file_name="a.csv",
            state=state,
            created_at=ago(8),
            stored_as=uploads.keep(ContentFile(b"x", name="a.csv"), "a.csv"),
        )
        for state in (Import.State.DONE, Import.State.RUNNING)
    }
    stored = runs[Import.State.DONE].stored_as
    assert due(world)["files"] == 1
    assert due(world, files=9)["files"] == 0
    assert run_retention()[world.organisation.name]["files"] == 1
    assert not default_storage.exists(stored)
    assert Import.objects.exclude(stored_as="").get() == runs[Import.State.RUNNING]


def test_links_that_are_over_go_and_open_ones_stay(world: World) -> None:
    made = [
        actions.invite(world.organisation, by=world.ana, roles={world.team: [Role.DEVELOPER]})[0] for _one in range(3)
    ]
    Invitation.objects.filter(pk=made[0].pk).update(revoked_at=ago(31))
    Invitation.objects.filter(pk=made[1].pk).update(expires_at=ago(29))
    actions.issue_password_link(world.people["cy"].memberships.get(), by=world.ana)
    OneTimeLink.objects.update(used_at=ago(40))
    assert due(world)["links"] == 2
    run_retention()
    assert set(Invitation.objects.values_list("pk", flat=True)) == {made[1].pk, made[2].pk}
    assert not OneTimeLink.objects.exists()


def test_what_is_the_installations_goes_when_the_longest_is_over(world: World) -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=ago(50))
    Session.objects.create(session_key="open", session_data="", expire_date=ago(-5))
    actions.set_retention(world.other_team.organisation, by=world.eve, days={"sessions": 60})
    assert due(world)["sessions"] == 0
    run_retention()
    assert Session.objects.count() == 2
    actions.set_retention(world.other_team.organisation, by=world.eve, days={"sessions": 40})
    assert due(world)["sessions"] == 1
    run_retention()
    assert Session.objects.get().session_key == "open"


def test_each_run_leaves_a_change_that_has_no_way_back(world: World) -> None:
    keep_to_the_rules.enqueue()
    change = Change.objects.get(name="retention.run", organisation_id=world.organisation.pk)
    assert change.after == {"removed": {"links": 0, "files": 0}}
    assert change.actor_kind == "system"
    with pytest.raises(CannotUndo):
        undo(change, by=world.ana)


def test_rules_are_changed_by_administrators_with_undo(world: World) -> None:
    for by in (world.bo, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.set_retention(world.organisation, by=by, days={"files": 3})
    change = actions.set_retention(world.organisation, by=world.ana, days={"files": 3, "links": 30})
    assert change
    assert change.after == {"days": {"files": 3}}
    assert actions.set_retention(world.organisation, by=world.ana, days={"files": 3}) is None
    undo(change, by=world.ana)
    assert retention.days_of(world.organisation)["files"] == 7
    with pytest.raises(ValidationError) as caught:
        actions.set_retention(world.organisation, by=world.ana, days={"files": 0, "nonsense": 1})
    assert set(caught.value.message_dict) == {"files", "nonsense"}
