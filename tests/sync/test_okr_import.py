import datetime as dt
from textwrap import dedent

import pytest

from headway.live.history import CannotUndo
from headway.live.models import Change
from headway.okr import actions as okr
from headway.okr.models import CheckIn, Cycle, KeyResult, Measurement, Objective
from headway.people.access import Forbidden
from headway.sync.models import Import
from headway.sync.okrs.actions import import_file, undo_okrs
from headway.sync.rows import NotThisFormat
from tests.world import make_key_result, make_objective, make_world

pytestmark = pytest.mark.django_db

MARKDOWN = """\
# OKRs 2026 Q3

## Bread is warm

- KR: Share of warm loaves from 40 % to 80 % => 0.5
- [x] Ovens start at five
- Ovens start at five
"""
TABLE = """\
objective,key result,unit,baseline,target,current,owner,team
Bread is warm,Share of warm loaves,%,40,80,55,Cy Cole,ANT
Milk is fresh,Hours in the sun,h,5,1,,Somebody Else,Cows
"""


def bring(tmp_path, world, text, name="okrs.md", **options):
    path = tmp_path / name
    path.write_text(dedent(text))
    return import_file(path, team=world.team, by=world.bo, **options)


def test_markdown_becomes_cycle_objective_and_key_results(tmp_path):
    world = make_world()
    result = bring(tmp_path, world, MARKDOWN)
    run = Import.objects.get()
    assert result == {
        "id": run.pk,
        "read": 3,
        "created": 2,
        "changed": 0,
        "unchanged": 0,
        "missing": 0,
        "skipped": [{"line": 7, "reason": "The same Key Result stands in line 6 already."}],
        "unmapped": [],
    }
    objective = Objective.objects.get(title="Bread is warm")
    assert (objective.cycle.name, objective.cycle.starts_on, objective.team) == (
        "Q3 2026",
        dt.date(2026, 7, 1),
        world.team,
    )
    warm, ovens = objective.key_results.all()
    assert (warm.baseline, warm.target, warm.unit, warm.direction, warm.short_name) == (
        40,
        80,
        "%",
        "increase",
        "Warm loaves",
    )
    assert (ovens.baseline, ovens.terms.is_learning) == (None, True)
    assert [c.text for c in CheckIn.objects.order_by("id")] == ["Score as written: 0.5", "Ticked as done in the file."]
    assert not Measurement.objects.exists()
    assert Change.objects.filter(name="okrs.imported").count() == 1


def test_the_same_file_twice_changes_nothing(tmp_path):
    world = make_world()
    bring(tmp_path, world, MARKDOWN)
    before = [m.objects.count() for m in (Cycle, Objective, KeyResult, CheckIn)]
    result = bring(tmp_path, world, MARKDOWN)
    assert (result["created"], result["changed"], result["unchanged"]) == (0, 0, 2)
    assert [m.objects.count() for m in (Cycle, Objective, KeyResult, CheckIn)] == before


def test_a_dry_run_writes_nothing(tmp_path):
    world = make_world()
    changes = Change.objects.count()
    result = bring(tmp_path, world, MARKDOWN, dry_run=True)
    assert (result["id"], result["created"]) == (None, 2)
    assert not Import.objects.exists()
    assert Change.objects.count() == changes
    assert not KeyResult.objects.filter(title="Ovens start at five").exists()


def test_a_table_brings_numbers_values_and_owners_into_the_running_cycle(tmp_path):
    world = make_world()
    result = bring(tmp_path, world, TABLE, "okrs.csv")
    assert result["unmapped"] == ["team “Cows”"]
    warm = KeyResult.objects.get(title="Share of warm loaves")
    assert (warm.objective.cycle, warm.owner) == (world.cycle, world.people["cy"])
    assert [m.value for m in warm.measurements.all()] == [55]
    sun = KeyResult.objects.get(title="Hours in the sun")
    assert (sun.direction, sun.owner, sun.source) == ("decrease", None, "okrs.csv:3 · Somebody Else")
    assert sun.objective.source == "okrs.csv:3 · Cows"
    assert bring(tmp_path, world, TABLE, "okrs.csv")["unchanged"] == 2


def test_a_newer_file_updates_what_was_not_measured_against(tmp_path):
    world = make_world()
    bring(tmp_path, world, TABLE, "okrs.csv")
    newer = TABLE.replace("55", "60").replace(",5,1,", ",5,2,").replace("40,80", "40,90")
    result = bring(tmp_path, world, newer, "okrs.csv")
    assert (result["changed"], result["unchanged"]) == (2, 0)
    warm, sun = KeyResult.objects.get(title="Share of warm loaves"), KeyResult.objects.get(title="Hours in the sun")
    assert warm.target == 80  # it was measured: no silent change
    assert [m.value for m in warm.measurements.all()] == [55, 60]
    assert "agreed" in result["skipped"][0]["reason"]
    assert result["skipped"][0]["line"] == 2
    assert sun.target == 2


def test_what_is_no_more_in_a_newer_file_is_counted_and_stays(tmp_path):
    world = make_world()
    bring(tmp_path, world, TABLE, "okrs.csv")
    shorter = "".join(line for line in TABLE.splitlines(keepends=True) if "Share" not in line)
    later = shorter + "Bread is warm,Crumbs,,,,,,ANT\n"
    result = bring(tmp_path, world, later, "okrs.csv")
    assert (result["created"], result["unchanged"], result["missing"]) == (1, 1, 1)
    assert KeyResult.objects.filter(title="Share of warm loaves").exists()


def test_what_was_written_by_hand_is_known_again(tmp_path):
    world = make_world()
    objective = make_objective(world.cycle, "bread is WARM", team=world.team)
    make_key_result(objective, "Share of warm loaves.", baseline=40, target=80)
    result = bring(tmp_path, world, TABLE, "okrs.csv")
    assert (result["created"], result["changed"]) == (1, 1)  # the value is new
    assert Objective.objects.filter(title__iexact="bread is warm").count() == 1


def test_what_was_archived_here_stays_archived(tmp_path):
    world = make_world()
    bring(tmp_path, world, MARKDOWN)
    okr.archive_key_result(KeyResult.objects.get(title="Ovens start at five"), by=world.bo)
    result = bring(tmp_path, world, MARKDOWN)
    assert (result["created"], result["unchanged"]) == (0, 2)


def test_a_cycle_that_is_named_takes_every_row(tmp_path):
    world = make_world()
    bring(tmp_path, world, MARKDOWN, cycle="this quarter")
    assert set(Objective.objects.values_list("cycle__name", flat=True)) == {"This quarter"}
    bring(tmp_path, world, MARKDOWN, cycle="H1 2027")
    assert Cycle.objects.filter(name="H1 2027", ends_on=dt.date(2027, 6, 30)).exists()
    with pytest.raises(NotThisFormat, match="This quarter"):
        bring(tmp_path, world, MARKDOWN, cycle="the good old days")


def test_without_period_and_cycle_it_is_refused_whole(tmp_path):
    world = make_world()
    Cycle.objects.all().delete()
    with pytest.raises(NotThisFormat) as refused:
        bring(tmp_path, world, TABLE, "okrs.csv")
    assert "Q4 2026" in refused.value.todo
    assert not Import.objects.exists()


def test_a_cycle_of_the_same_days_is_used_and_a_fiscal_one_is_named(tmp_path):
    world = make_world()
    autumn = okr.create_cycle(
        world.organisation, by=world.ana, name="Summer", starts_on=dt.date(2026, 7, 1), ends_on=dt.date(2026, 9, 30)
    )
    bring(tmp_path, world, MARKDOWN)
    assert Objective.objects.get(title="Bread is warm").cycle == autumn
    result = bring(tmp_path, world, MARKDOWN.replace("2026 Q3", "FY26-Q3"), "fiscal.md")
    assert "Q3 FY2026" in result["unmapped"][0]


def test_readers_developers_and_strangers_import_nothing(tmp_path):
    world = make_world()
    path = tmp_path / "okrs.md"
    path.write_text(MARKDOWN)
    for actor in (world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            import_file(path, team=world.team, by=actor)


def test_taking_back_removes_all_that_nobody_touched(tmp_path):
    world = make_world()
    before = [m.objects.count() for m in (Cycle, Objective, KeyResult, CheckIn, Measurement)]
    bring(tmp_path, world, MARKDOWN)
    bring(tmp_path, world, TABLE, "okrs.csv")
    for run in Import.objects.all():
        assert undo_okrs(run, by=world.bo).left == []
    assert [m.objects.count() for m in (Cycle, Objective, KeyResult, CheckIn, Measurement)] == before
    with pytest.raises(CannotUndo):
        undo_okrs(run, by=world.bo)


def test_taking_back_names_what_people_changed_since_and_leaves_it(tmp_path):
    world = make_world()
    bring(tmp_path, world, TABLE, "okrs.csv")
    sun = KeyResult.objects.get(title="Hours in the sun")
    okr.edit_key_result(sun, by=world.bo, short_name="Sun")
    run = undo_okrs(Import.objects.get(), by=world.ana)
    assert [(row["title"], row["who"]) for row in run.left] == [("Hours in the sun", "Bo Berg"), ("Milk is fresh", "")]
    assert KeyResult.objects.filter(pk=sun.pk).exists()
    assert not KeyResult.objects.filter(title="Share of warm loaves").exists()
    assert run.state == Import.State.UNDONE


def test_taking_back_an_update_puts_the_numbers_back_unless_changed_since(tmp_path):
    world = make_world()
    bring(tmp_path, world, TABLE, "okrs.csv")
    bring(tmp_path, world, TABLE.replace(",5,1,", ",5,2,"), "okrs.csv")
    undo_okrs(Import.objects.first(), by=world.bo)
    sun = KeyResult.objects.get(title="Hours in the sun")
    assert sun.target == 1
    bring(tmp_path, world, TABLE.replace(",5,1,", ",5,2,"), "okrs.csv")
    okr.edit_key_result(sun, by=world.bo, target=3.0)
    run = undo_okrs(Import.objects.first(), by=world.bo)
    sun.refresh_from_db()
    assert sun.target == 3
    assert [row["title"] for row in run.left] == ["Hours in the sun"]


def test_queries_do_not_grow_with_the_file(tmp_path, django_assert_max_num_queries):
    world = make_world()
    many = "objective,key result,current\n" + "".join(f"O{n % 40},KR {n},{n}\n" for n in range(400))
    path = tmp_path / "many.csv"
    path.write_text(many)
    with django_assert_max_num_queries(40):
        import_file(path, team=world.team, by=world.bo)
    with django_assert_max_num_queries(60):
        undo_okrs(Import.objects.get(), by=world.bo)
