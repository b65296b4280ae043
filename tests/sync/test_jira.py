"""Jira's CSV exports, in the forms that Jira writes."""

import datetime as dt
from pathlib import Path

import pytest

from headway.sync.jira.reader import open_jira
from headway.sync.rows import NotThisFormat, Skipped, SprintName, TrackerRow
from headway.sync.survey import Answers, require_fields
from headway.sync.tabular import TableSource

ENGLISH = """\
\ufeffSummary,Issue key,Issue id,Issue Type,Status,Resolution,Assignee,Created,Updated,Resolved,Due date,Description,\
Labels,Labels,Outward issue link (Blocks),Inward issue link (Blocks),Custom field (Rank),Sprint,Sprint,\
Custom field (Story point estimate),Parent,Parent key,Status Category,Status Category Changed,Custom field (Team colour)
Pay by card,FER-7,1007,Story,Done,Done,Ana Abel,10/Jan/26 11:19 AM,14/Jan/26 4:00 PM,14/Jan/26 4:00 PM,,"First line

* second, with ""quotes"" and a, comma",checkout,money,FER-9,FER-3,0|i00007:,Sprint 1,Sprint 2,3.0,1001,FER-1,\
Done,14/Jan/26 4:00 PM,petrol
Buy a stamp,FER-9,1009,Task,Waiting for post,,,11/Jan/26 9:00 AM,12/Jan/26 9:00 AM,,20/Jan/26 12:00 AM,,,,,,0|i00009:\
,Sprint 2,,"2,5",,,In Progress,12/Jan/26 9:00 AM,
"""

SPANISH = """\
Resumen;Clave de incidencia;ID de la incidencia;Tipo de Incidencia;Estado;Creada;Actualizada;Resuelta;Sprint;\
Campo personalizado (Story point estimate);Categoría de estado;Principal;Clave principal
Pagar con tarjeta;TIE-4;12004;Historia;Finalizada;11/abr/26 9:33 AM;13/abr/26 11:55 PM;13/abr/26 11:55 PM;Tablero 1;\
1,5;Listo;12001;TIE-1
"""


def jira(folder: Path, text: str, **answers: dict[str, str]) -> TableSource:
    path = folder / "jira.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return open_jira(path, Answers(**answers), dt.UTC)


def at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]


def test_an_english_export(tmp_path: Path) -> None:
    source = jira(tmp_path, ENGLISH)
    first, second = source.rows()
    assert isinstance(first, TrackerRow)
    assert isinstance(second, TrackerRow)
    assert (first.line, first.key, first.title, first.kind) == (2, "FER-7", "Pay by card", "Story")
    assert first.description == 'First line\n\n* second, with "quotes" and a, comma'
    assert first.sprints == (SprintName("Sprint 1"), SprintName("Sprint 2"))
    assert first.labels == ("checkout", "money")
    assert set(first.links) == {("Blocks", "FER-9"), ("Blocks ←", "FER-3")}
    assert (first.size, first.parent, first.resolution) == (3.0, "FER-1", "Done")
    assert (first.created_at, first.done_at) == (at(2026, 1, 10, 11, 19), at(2026, 1, 14, 16, 0))
    assert first.rank == "0|i00007:"
    assert first.extra == {"Custom field (Team colour)": "petrol"}
    assert (second.line, second.size, second.due_on) == (5, 2.5, dt.date(2026, 1, 20))
    assert second.category_changed_at == at(2026, 1, 12, 9, 0)


def test_the_trackers_category_says_what_a_status_means(tmp_path: Path) -> None:
    survey = jira(tmp_path, ENGLISH).survey
    assert survey.meaning_of() == {"Done": "done", "Waiting for post": "doing"}
    assert survey.unknown_statuses == ()


def test_a_status_without_a_category_is_asked(tmp_path: Path) -> None:
    text = "Issue key,Summary,Status,Resolution\nA-1,one,Parked,\nA-2,two,Parked,Done\nA-3,three,Done,Done\n"
    (parked,) = jira(tmp_path, text).survey.unknown_statuses
    assert (parked.name, parked.rows, parked.resolved, parked.example) == ("Parked", 2, 1, "A-1")
    assert jira(tmp_path, text, statuses={"Parked": "skip"}).survey.unknown_statuses == ()


def test_a_spanish_export_with_semicolons(tmp_path: Path) -> None:
    (row,) = jira(tmp_path, SPANISH).rows()
    assert isinstance(row, TrackerRow)
    assert (row.key, row.kind, row.status, row.parent, row.size) == ("TIE-4", "Historia", "Finalizada", "TIE-1", 1.5)
    assert row.created_at == at(2026, 4, 11, 9, 33)
    assert row.done_at == at(2026, 4, 13, 23, 55)
    assert row.sprints == (SprintName("Tablero 1"),)


def test_a_timeline_with_tabs_and_months_first(tmp_path: Path) -> None:
    text = (
        "Key\tIssue Type\tParent\tSummary\tStatus\tDue date\nCG-1\tEpic\t\tFights\tTo Do\t5/6/25\n"
        "CG-2\tTask\tCG-1\tTurns\tDone\t5/13/25\n"
    )
    source = jira(tmp_path, text)
    rows = [row for row in source.rows() if isinstance(row, TrackerRow)]
    assert source.survey.date_order == "mdy"
    assert [row.due_on for row in rows] == [dt.date(2025, 5, 6), dt.date(2025, 5, 13)]
    assert rows[1].parent == "CG-1"


def test_dates_that_may_be_read_both_ways_are_asked_and_the_answer_is_taken(tmp_path: Path) -> None:
    text = "Issue key,Summary,Created\nA-1,one,05/11/26\nA-2,two,06/11/26\n"
    assert jira(tmp_path, text).survey.is_date_order_open
    answered = jira(tmp_path, text, options={"dates": "mdy"})
    assert not answered.survey.is_date_order_open
    assert next(answered.rows()).created_at == at(2026, 5, 11)  # type: ignore[union-attr]


def test_an_open_column_follows_one_that_decides(tmp_path: Path) -> None:
    text = "Issue key,Summary,Created,Updated\nA-1,one,05/11/26,13/11/26\n"
    source = jira(tmp_path, text)
    assert not source.survey.is_date_order_open
    assert next(source.rows()).created_at == at(2026, 11, 5)  # type: ignore[union-attr]


def test_rows_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    text = (
        "Issue key,Summary,Created,Updated\nA-1,one,2026-01-01,2026-01-02\nA-1,one again,2026-01-01,2026-01-05\n"
        "A-2,two,31/11/26 09:12,\n,no key,,\nA-3,,,\nA-4,four,,,a stray, comma\n"
    )
    rows = list(jira(tmp_path, text).rows())
    skipped = {row.line: row.reason for row in rows if isinstance(row, Skipped)}
    assert "Same key as line 3" in skipped[2]
    assert "31/11/26 09:12" in skipped[4]
    assert "“Issue key” is empty" in skipped[5]
    assert "“Summary” is empty" in skipped[6]
    assert "6 cells" in skipped[7]
    assert [row.title for row in rows if isinstance(row, TrackerRow)] == ["one again"]


def test_of_two_rows_with_one_key_the_one_that_can_be_read_counts(tmp_path: Path) -> None:
    text = "Issue key,Summary,Created,Updated\nA-1,good,2026-01-01,2026-01-02\nA-1,bad,31/11/26,2026-01-05\n"
    first, second = jira(tmp_path, text).rows()
    assert isinstance(first, TrackerRow)
    assert isinstance(second, Skipped)


def test_a_parent_named_by_its_number(tmp_path: Path) -> None:
    text = "Issue key,Issue id,Summary,Parent id\nA-2,12,child,11\nA-1,11,parent,\n"
    assert next(jira(tmp_path, text).rows()).parent == "A-1"  # type: ignore[union-attr]


def test_jira_servers_sprints_bring_their_dates(tmp_path: Path) -> None:
    sprint = (
        "com.atlassian.greenhopper.service.sprint.Sprint@1f[id=7,rapidViewId=2,state=CLOSED,name=Ferry, 3rd,"
        "startDate=2026-01-05T09:00:00.000Z,endDate=2026-01-19T09:00:00.000Z,completeDate=<null>,sequence=7]"
    )
    (row,) = jira(tmp_path, f'Issue key,Summary,Sprint\nA-1,one,"{sprint}"\n').rows()
    assert isinstance(row, TrackerRow)
    assert row.sprints == (
        SprintName("Ferry, 3rd", dt.date(2026, 1, 5), dt.date(2026, 1, 19), dt.date(2026, 1, 19), is_started=True),
    )


def test_a_language_that_nobody_knows_is_asked_column_by_column(tmp_path: Path) -> None:
    text = "Schlüssel,Zusammenfassung,Stand\nA-1,Eins,Fertig\nA-2,Zwei,Offen\n"
    source = jira(tmp_path, text)
    assert source.survey.missing == ("title",)
    with pytest.raises(NotThisFormat, match="Zusammenfassung"):
        require_fields(source.survey)
    mapped = jira(tmp_path, text, columns={"Zusammenfassung": "title", "Stand": "status"})
    require_fields(mapped.survey)
    assert [row.title for row in mapped.rows() if isinstance(row, TrackerRow)] == ["Eins", "Zwei"]
    assert mapped.survey.meaning_of() == {"Fertig": "done", "Offen": "todo"}


def test_a_file_that_breaks_off_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(NotThisFormat, match="2 of 3") as refused:
        jira(tmp_path, "Issue key,Summary,Status\nA-1,one,Done\nA-2,tw")
    assert refused.value.line == 3


def test_a_size_that_is_no_number_stays_with_the_item(tmp_path: Path) -> None:
    (row,) = jira(tmp_path, "Issue key,Summary,Story Points\nA-1,one,XL\n").rows()
    assert isinstance(row, TrackerRow)
    assert row.size is None
    assert row.extra == {"Story Points": "XL"}
