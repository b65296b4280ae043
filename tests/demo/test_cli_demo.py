"""`headway demo`: loads it once, keeps what was played, begins anew what nobody touched, deletes nothing else."""

import pytest
from typer.testing import CliRunner

from headway.cli import app
from headway.cli_demo import greeting
from headway.demo import queries
from headway.lib import clock
from headway.live.models import Change
from headway.people.models import Organisation
from tests.world import make_world

pytestmark = pytest.mark.django_db

DAY_ONE, DAY_TWO = "2026-11-17T10:00:00+00:00", "2026-11-18T10:00:00+00:00"


def start(*, fresh: bool = False) -> tuple[Organisation, list[str]]:
    lines = list(greeting(fresh=fresh)("http://127.0.0.1:8000"))
    organisation = queries.demonstration()
    assert organisation is not None
    return organisation, lines


def play(organisation: Organisation) -> None:
    Change.objects.create(
        organisation_id=organisation.pk, name="item.moved", subject_type="x", subject_id=1, at=clock.now()
    )


def test_it_prints_the_address_of_the_four_parts():
    _organisation, lines = start()
    assert "http://127.0.0.1:8000/demo/" in lines[0]


def test_started_again_the_same_day_it_stays(settings):
    settings.TEST_NOW = DAY_ONE
    first, _lines = start()
    assert start()[0] == first


def test_another_day_begins_it_anew_where_nobody_played(settings):
    settings.TEST_NOW = DAY_ONE
    first, _lines = start()
    settings.TEST_NOW = DAY_TWO
    second, lines = start()
    assert second != first
    assert len(lines) == 2
    assert queries.age_of(second).loaded_on == clock.today()


def test_what_was_played_is_kept_until_asked(settings):
    settings.TEST_NOW = DAY_ONE
    first, _lines = start()
    play(first)
    settings.TEST_NOW = DAY_TWO
    kept, lines = start()
    assert kept == first
    assert "1 day ago" in lines[-1]
    assert start(fresh=True)[0] != first


def test_delete_takes_it_away_and_nothing_else():
    world = make_world()
    start()
    result = CliRunner().invoke(app, ["demo", "--delete"])
    assert result.exit_code == 0
    assert "deleted" in result.stdout
    assert queries.demonstration() is None
    assert Organisation.objects.filter(pk=world.organisation.pk).exists()
    assert "no demonstration" in CliRunner().invoke(app, ["demo", "--delete"]).stdout
