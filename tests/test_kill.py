"""bench/kill.py in small: it finds nothing lost, and it would find it."""

import json
import subprocess
import sys
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).parent.parent


def test_nothing_acknowledged_is_lost_when_everything_is_killed() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bench" / "kill.py", "--times", "2", "--database", connection.vendor],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 lost, 0 half done" in done.stdout


BREAK = """
import bench.kill_inside as inside
from headway.scrum.models import Item, Transition
from headway.live.models import Change
from headway.people.models import Team
from headway.people.actor import system_actor
from headway.scrum.actions import create_item
inside.fill(1)
team = Team.objects.get(key="KIL")
for title in "abc":
    create_item(team, by=system_actor(team), title=title)
whole = inside.look([])
first, second, third = Item.objects.order_by("id")
Change.objects.filter(subject_id=first.pk, name="item.created").delete()
Transition.objects.filter(item=second).delete()
Item.objects.filter(pk=third.pk).update(category="done")
told = [["created", "never written", None], ["measured", 1, 7.0]]
broken = inside.look([{"told": told, "under_way": None, "stands": [[1, "Done"]]}])
print(json.dumps([whole, broken]))
"""


def test_a_loss_and_a_half_done_write_are_found(tmp_path: Path) -> None:
    from tests.places import places

    with places(tmp_path) as make:
        whole, broken = make("place").python(BREAK)
    assert whole == {"lost": [], "half_done": []}, json.dumps(whole)
    assert len(broken["lost"]) == 3
    said = " ".join(broken["half_done"])
    for part in ("Changes that made them differ", "its history says otherwise", "is done in a column of todo"):
        assert part in said
