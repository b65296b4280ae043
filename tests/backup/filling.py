"""What the installations of these tests hold: two organisations, and what databases write differently."""

from django.core.files.base import ContentFile

from headway.demo import actions as demo
from headway.lib import clock
from headway.people import actions
from headway.people.actor import system_actor
from headway.people.models import Membership, Person, Team
from headway.scrum.models import Item, ItemLink
from headway.sync import uploads
from headway.sync.models import Import

PASSWORD = "a-long-enough-password"


def fill() -> None:
    """Load the demonstration, make a second organisation, and a row where these leave a table empty."""
    organisation = demo.load(by=system_actor(None))
    by = system_actor(organisation)
    unit = actions.create_unit(organisation, "Ordering", by=by)
    team = Team.objects.earliest("id")
    actions.edit_team(team, by=by, unit=unit)
    first, other = Item.objects.filter(team=team).order_by("id")[:2]
    ItemLink.objects.create(item=first, to=other, type="blocks")
    # Numbers of JSON, the order of its keys, signs of all kinds: each database has its own way.
    first.extra = {
        "zeta": 1e16,
        "alpha": [1.0, -0.0, 1e-7, 1e23, 1.2345678901234568e17, 3],
        "ü": {"b": None, "a": True},
        "text": "snow ☃, a backslash \\u0000 in words, a line\nand another",
    }
    first.save()
    give_away_an_id(first)
    keep_a_file(team, "table.csv", b"a,b\n1,2\n")

    second = actions.create_organisation("Eastgate", by=system_actor(None))
    by = system_actor(second)
    eve, _token = actions.add_person(
        second, by=by, email="eve@eastgate.example", name="Eve Eder", is_administrator=True
    )
    eve.set_password(PASSWORD)
    eve.save()
    team = actions.create_team(second, by=by, key="EEL", name="Eel")
    shared = Person.objects.earliest("id")
    Membership.objects.create(organisation=second, person=shared, joined_at=clock.now())
    keep_a_file(team, "theirs.csv", b"eastgate")


def give_away_an_id(like: Item) -> None:
    """Make an item and delete it: its id must not be given to another one."""
    like = Item.objects.get(pk=like.pk)
    like.pk, like.number, like.tracker_key = None, 9001, ""
    like.save()
    like.delete()


def keep_a_file(team: Team, name: str, content: bytes) -> None:
    Import.objects.create(
        organisation_id=team.organisation_id,
        team=team,
        provider="csv",
        file_name=name,
        stored_as=uploads.keep(ContentFile(content, name=name), name),
        created_at=clock.now(),
    )
