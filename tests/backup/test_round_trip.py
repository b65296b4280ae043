"""What was written comes back: an export of the restored is the export of the original, whichever database held it."""

import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.places import Place, Places, bring_back

only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs both databases")


def parts_of(path: Path) -> dict[str, Any]:
    """Return every part of an archive by its name; the manifest without the only thing that may differ, its date."""
    with zipfile.ZipFile(path) as file:
        parts: dict[str, Any] = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(parts["manifest.json"])
    del manifest["made_at"]
    return parts | {"manifest.json": manifest}


def test_an_export_of_the_restored_equals_the_export_of_the_original(
    wrenfield: Place, make_place: Places, out: Path
) -> None:
    first, second = out, out.with_name("second.zip")
    wrenfield.do("export", first, "--with-secrets")
    other = make_place("other", fresh=True)
    assert "written by Headway" in other.do("restore", first)
    other.do("export", second, "--with-secrets")
    assert parts_of(second) == parts_of(first)
    counts = {table["name"]: table["rows"] for table in parts_of(first)["manifest.json"]["tables"]}
    assert counts["scrum.item"] > 200
    assert counts["people.organisation"] == 2
    assert [part["path"][-4:] for part in parts_of(first)["manifest.json"]["files"]] == [".csv", ".csv"]


def test_at_the_same_moment_the_files_are_the_same_to_the_last_byte(make_place: Places, out: Path) -> None:
    now = "2026-11-02T09:00:00+00:00"
    first, second = make_place("first", now=now), make_place("second", now=now)
    first.python(
        "from headway.demo import actions as demo\n"
        "from headway.people.actor import system_actor; demo.load(by=system_actor(None))"
    )
    first.do("export", "out.zip")
    second.do("restore", first.folder / "out.zip")
    second.do("export", "out.zip")
    assert (second.folder / "out.zip").read_bytes() == (first.folder / "out.zip").read_bytes()


@only_postgresql
def test_from_postgresql_to_sqlite_and_back_nothing_changes(wrenfield: Place, make_place: Places, out: Path) -> None:
    files = [out.with_name(f"{name}.zip") for name in ("first", "second", "third")]
    wrenfield.do("export", files[0], "--with-secrets")
    for to, before, after in zip([make_place("lite", sqlite=True), make_place("back")], files, files[1:], strict=False):
        to.do("restore", before)
        to.do("export", after, "--with-secrets")
    assert parts_of(files[1]) == parts_of(files[0])
    assert parts_of(files[2]) == parts_of(files[0])


def test_what_was_restored_works(wrenfield: Place, make_place: Places, out: Path) -> None:
    wrenfield.do("export", out, "--with-secrets")
    other = make_place("other")
    other.do("restore", out)
    seen = other.python("""
from django.contrib.contenttypes.models import ContentType
from headway.live.history import undo
from headway.live.models import Change
from headway.people.actor import system_actor
from headway.people.models import Person, Team
from headway.scrum.models import Item
from headway.search.queries import find
from headway.scrum.actions import create_item
team = Team.objects.earliest("id")
by = system_actor(team)
moved = Change.objects.filter(name="item.moved", undone_by=None).latest("id")
item = Item.objects.get(pk=moved.subject_id)
hits = find(item.title, viewer=by).hits
last = max(Item.objects.values_list("pk", flat=True))
new = create_item(team, by=by, title="After the move")
print(json.dumps({
    "finds": any(hit.id == item.pk for hit in hits),
    "finds_new": any(hit.id == new.pk for hit in find("after the move", viewer=by).hits),
    "undoes": undo(moved, by=by).undoes_id == moved.pk,
    "skips_ids_that_were_given_away": new.pk > last + 1,
    "password": Person.objects.get(email="eve@eastgate.example").check_password("a-long-enough-password"),
    "content_types": ContentType.objects.exists(),
}))
""")
    assert seen == dict.fromkeys(seen, True)


def test_without_secrets_nobody_has_a_password(wrenfield: Place, make_place: Places, out: Path) -> None:
    said = wrenfield.do("export", out)
    assert "No password" in said
    parts = parts_of(out)
    assert "secret.key" not in parts
    everything = b"".join(part for part in parts.values() if isinstance(part, bytes))
    assert b"pbkdf2" not in everything
    assert b"md5$" not in everything
    other = make_place("other")
    assert "no passwords" in other.do("restore", out)
    usable = "from headway.people.models import Person\n"
    usable += "print(json.dumps([person.email for person in Person.objects.all() if person.has_usable_password()]))"
    assert other.python(usable) == []


def test_one_organisation_goes_alone(wrenfield: Place, make_place: Places, out: Path) -> None:
    wrenfield.do("export", out, "--organisation", "eastgate")
    parts = parts_of(out)
    text = "".join(json.dumps(part) if isinstance(part, dict) else part.decode() for part in parts.values())
    assert "Eastgate" in text
    for foreign in ('Wrenfield"', "Ordering", "table.csv", 'scrum.item.jsonl", "bytes": 1'):
        assert foreign not in text
    rows = {table["name"]: table["rows"] for table in parts["manifest.json"]["tables"]}
    assert rows["people.organisation"] == rows["people.team"] == 1
    assert rows["people.person"] == rows["people.membership"] == 2
    assert rows["scrum.item"] == 0
    assert [part["path"] for part in parts["manifest.json"]["files"]] == [
        name for name in parts if name.startswith("files/") and parts[name] == b"eastgate"
    ]

    other = make_place("other")
    other.do("restore", out)
    other.do("export", "again.zip", "--organisation", "Eastgate")
    assert parts_of(other.folder / "again.zip") == parts


def test_an_unknown_organisation_is_refused_with_those_that_are_there(wrenfield: Place, out: Path) -> None:
    done = wrenfield.run("export", out, "--organisation", "Nowhere")
    assert done.returncode == 1
    assert "Eastgate, Wrenfield" in done.stderr
    assert not out.exists()


# What is refused


def test_an_installation_that_holds_something_is_left_as_it_is(wrenfield: Place, out: Path) -> None:
    wrenfield.do("export", out)
    done = wrenfield.run("restore", out)
    assert done.returncode == 1
    assert "holds data already" in done.stderr
    wrenfield.do("export", out.with_name("after.zip"))
    assert parts_of(out.with_name("after.zip")) == parts_of(out)


def test_a_newer_version_is_refused(exported: bytes, make_place: Places, out: Path) -> None:
    out.write_bytes(exported)
    changed = rewritten(out, lambda manifest: manifest["migrations"].update(scrum=["0999_new"]))
    done = make_place("other").run("restore", changed)
    assert done.returncode == 1
    assert "newer than this one" in done.stderr


@pytest.mark.parametrize("name", ["tables/scrum.item.jsonl", "tables/people.person.jsonl"])
def test_a_changed_part_is_refused_and_nothing_is_half_done(
    name: str, exported: bytes, make_place: Places, out: Path
) -> None:
    out.write_bytes(exported)
    changed = out.with_name("changed.zip")
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(changed, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, content[:-20] + b"\n" if part == name else content)
    other = make_place("other")
    done = other.run("restore", changed)
    assert done.returncode == 1
    assert f"{name} is not what it was" in done.stderr
    assert "Restored" in other.do("restore", out)


def test_a_row_that_leads_nowhere_is_refused_and_nothing_is_half_done(
    exported: bytes, make_place: Places, out: Path
) -> None:
    out.write_bytes(exported)
    changed = rewritten(
        out,
        lambda manifest: None,
        "tables/scrum.column.jsonl",
        lambda text: text[: text.index(b"\n") + 1],
    )
    other = make_place("other")
    done = other.run("restore", changed)
    assert done.returncode == 1
    assert "Take another copy" in done.stderr or "refused it" in done.stderr
    assert "Restored" in other.do("restore", out)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_what_is_no_archive_is_refused(content: bytes, make_place: Places) -> None:
    place = make_place("other")
    (place.folder / "x.zip").write_bytes(content)
    done = place.run("restore", "x.zip")
    assert done.returncode == 1
    assert "no export or backup" in done.stderr


def test_a_name_that_leads_out_of_the_folder_is_refused(exported: bytes, make_place: Places, out: Path) -> None:
    out.write_bytes(exported)

    def lead_out(manifest: dict[str, Any]) -> None:
        manifest["files"][0]["path"] = "files/../../../evil"

    done = make_place("other").run("restore", rewritten(out, lead_out))
    assert done.returncode == 1
    assert not list(out.parent.rglob("evil"))


def rewritten(path: Path, change: Any, name: str = "", edit: Any = None) -> Path:
    """Return a copy of an archive with another manifest, and perhaps another part whose sum is right again."""
    import hashlib

    to = path.with_name("rewritten.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        change(manifest)
        for part in old.namelist():
            content = old.read(part)
            if part == name:
                content = edit(content)
                row = next(table for table in manifest["tables"] if table["path"] == name)
                row |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            if part != "manifest.json":
                new.writestr(part, content)
        new.writestr("manifest.json", json.dumps(manifest))
    return to


# Older versions


def test_an_export_of_an_older_state_is_brought_to_the_present(make_place: Places) -> None:
    old = make_place("old", fresh=True)
    release = Path(__file__).parent.parent / "upgrade"
    bring_back(release / f"0.1.0.{'sqlite' if connection.vendor == 'sqlite' else 'postgresql.sql'}.gz", old)
    refused = old.run("export", "out.zip")
    assert refused.returncode == 1
    assert "headway serve" in refused.stderr

    (old.folder / "kept").mkdir()
    old.do("backup", "kept")
    [copy] = (old.folder / "kept").iterdir()
    new = make_place("new")
    assert "Restored" in new.do("restore", copy)
    counts = "from headway.people.models import *\nfrom headway.scrum.models import Item\n"
    counts += "print(json.dumps([Organisation.objects.count(), Person.objects.count(), Item.objects.count()]))"
    assert new.python(counts) == [2, 23, 224]
    new.do("export", "out.zip")


def test_sqlite_is_not_taken_from_under_a_running_programme(exported: bytes, make_place: Places, out: Path) -> None:
    out.write_bytes(exported)
    other = make_place("other", sqlite=True)
    if connection.vendor != "sqlite":  # where it is, the place was started once
        other.python("from headway.serve import migrate; migrate()")
    held = sqlite3.connect(other.folder / "data" / "headway.sqlite3")
    held.execute("SELECT count(*) FROM people_person").fetchone()
    done = other.run("restore", out)
    assert done.returncode == 1
    assert "Stop it" in done.stderr
    held.close()
    other.do("restore", out)
