"""The examples of docs/howto/api.md, run in their order against the running programme."""

import os
import re
import subprocess
import sys
from pathlib import Path

from headway.live.models import Change
from headway.okr.models import Measurement
from headway.people.actions import make_token
from headway.value.models import Bet
from tests.api.conftest import ALL_SCOPES
from tests.browser import LiveServer
from tests.world import make_item, make_world

HOWTO = Path(__file__).parents[2] / "docs/howto/api.md"


def test_the_examples_do_what_they_say(live: LiveServer, tmp_path: Path) -> None:
    world = make_world()
    for number in range(3):
        make_item(world.team, f"Item {number}")
    _token, text = make_token(world.people["ana"], world.organisation, by=world.ana, name="x", scopes=ALL_SCOPES)
    program = tmp_path / "program.py"
    program.write_text("\n\n".join(re.findall(r"```python\n(.*?)```", HOWTO.read_text(), re.DOTALL)))
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "HEADWAY_URL": live.url, "HEADWAY_TOKEN": text},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Northwind\n")
    assert "Item 2" in done.stdout
    assert Bet.objects.get().likely == 3
    assert Measurement.objects.get().value == 41.5
    names = list(Change.objects.filter(actor_kind="token").values_list("name", flat=True))
    assert names.count("key_result.edited") == 2  # and back
    assert "okrs.imported" in names
