from textwrap import dedent

import pytest

from headway.sync.okrs.markdown import read_markdown
from headway.sync.okrs.reading import read_okrs
from headway.sync.rows import NotThisFormat


def outline(document):
    return [(row.objective, row.key_result) for row in document.rows]


def test_a_heading_is_the_objective_of_the_points_below_it():
    document = read_markdown(
        dedent(
            """\
            ---
            title: Our OKRs
            ---
            # OKRs 2026 Q3

            - [Bakery](#bakery)
              - [Bread](#bread)

            ## Bakery

            ### Bread is warm when people come

            Nobody likes it cold.

            - [x] Ovens start at five
            - [ ] [Doors](https://example.org) open at six (WIP)
              - [ ] Find the key
              - [ ] Oil the hinges

            ## ~~Cakes~~

            - [ ] Cream
            """
        )
    )
    bread = "Bread is warm when people come"
    assert outline(document) == [
        (bread, "Ovens start at five"),
        ("Doors open at six", "Find the key"),
        ("Doors open at six", "Oil the hinges"),
    ]
    first, second, _ = document.rows
    assert (first.line, first.objective_line, first.period, first.label, first.score) == (
        15,
        11,
        "Q3 2026",
        "Bakery",
        "[x]",
    )
    assert first.why == "Nobody likes it cold."
    assert second.label == f"Bakery › {bread}"
    assert [(s.line, "Struck" in s.reason) for s in document.skipped] == [(22, True)]


def test_a_tree_without_headings_has_objectives_above_its_leaves():
    document = read_markdown(
        dedent(
            """\
            * Objective: Bread is warm
              * KR: Ovens start at five => 0.7
                * buy a clock
              * KR: Doors open at six
              * Wait from 9 to 5 minutes
                * open a second till
            * Cakes are round
              1. Ten forms
            * Alone
            """
        )
    )
    assert outline(document) == [
        ("Bread is warm", "Ovens start at five"),
        ("Bread is warm", "Doors open at six"),
        ("Bread is warm", "Wait from 9 to 5 minutes"),
        ("Cakes are round", "Ten forms"),
    ]
    assert document.rows[0].score == "0.7"
    assert [(s.line, s.key) for s in document.skipped] == [
        (3, "buy a clock"),
        (6, "open a second till"),
        (9, "Alone"),
    ]


def test_marks_in_paragraphs_and_flat_lists_are_enough():
    document = read_markdown(
        dedent(
            """\
            **Objective 1: Bread is warm**
            KR1: Ovens start at five
            KR2: Doors open at six

            - Objective 2: Cakes are round
            - KR 1: Ten forms

            **Milk is fresh**

            - Two cows
            """
        )
    )
    assert outline(document) == [
        ("Bread is warm", "Ovens start at five"),
        ("Bread is warm", "Doors open at six"),
        ("Cakes are round", "Ten forms"),
        ("Milk is fresh", "Two cows"),
    ]


def test_a_table_with_objectives_in_bold_rows():
    document = read_markdown(
        dedent(
            """\
            ## 2026 Q2

            | **Bakery** | Priority | Owner | Mid-Q Actual | Mid-Q Projection | End-Q |
            | :--: | :--: | --- | --- | --- | --- |
            | **** | P0 |  | **0.3** | **0.6** | **0.4** |
            | **1 Bread is warm (Ana)** |  |  |  |  |  |
            | Ovens start at five | P0 | Bo | 0.6 | 0.7 | 0.5 |
            | Three guides: |  |  |  |  |  |
            | 1. How to bake | P1 | Cy, Di | 0.2 | 0.4 |  |
            | 2. TBD |  |  |  |  | 0 |
            |  |  |  |  |  |  |
            | **2 Doors open** |  |  |  |  |  |
            | *Not likely:* |  |  |  |  |  |
            | A [bell](https://example.org) rings | P0 |  |  |  |  |

            - [Old OKRs](https://example.org/old)

            ## 2026 Q1
            """
        )
    )
    assert outline(document) == [
        ("Bread is warm (Ana)", "Ovens start at five"),
        ("Bread is warm (Ana)", "How to bake"),
        ("Doors open", "A bell rings"),
    ]
    assert [(row.owner, row.score, row.period) for row in document.rows] == [
        ("Bo", "0.5", "Q2 2026"),
        ("Cy, Di", "0.2", "Q2 2026"),
        ("", "", "Q2 2026"),
    ]
    assert [s.line for s in document.skipped] == [8, 10, 13, 16]


def test_a_table_with_both_columns_is_read_by_column():
    document = read_markdown(
        dedent(
            """\
            | Objective | Key Result | Baseline | Target | Now |
            |---|---|---|---|---|
            | Bread is warm | Share of warm loaves | 40 % | 80 % | 55 % |
            |  | Doors open at six | | | |
            """
        )
    )
    first, second = document.rows
    assert (first.baseline, first.target, first.current, first.unit) == (40, 80, 55, "%")
    assert (second.objective, second.baseline) == ("Bread is warm", None)


@pytest.mark.parametrize("text", ["", "Only words.\n", "# OKRs\n\n## Nothing below\n", "- one\n- two\n"])
def test_a_text_without_key_results_is_refused_whole(text):
    with pytest.raises(NotThisFormat) as refused:
        read_markdown(text)
    assert refused.value.todo


def write(tmp_path, name, text, encoding="utf-8"):
    path = tmp_path / name
    path.write_text(dedent(text), encoding=encoding)
    return path


def test_csv_by_headings_in_any_case_with_organisations_told_apart(tmp_path):
    path = write(
        tmp_path,
        "okrs.csv",
        """\
        id,source,Organisation,PERIOD,team,objective,Key_Result,score,path
        1,web,Bakery,2026-Q3,Ovens,Bread is warm,"Ovens start at five, daily",0.7,a.md
        2,web,Bakery,2026-Q3,Ovens,,Doors open at six,,a.md
        3,web,Dairy,2026-Q4,Cows,Milk is fresh,Two cows,100%,b.md
        4,web,Dairy,2026-Q4,Barn,,Hay is dry,,b.md
        5,web,Dairy,2026-Q4,(individual),,Nobody knows why,,b.md
        6,web,Dairy,2026-Q4,,,,,b.md
        """,
    )
    document = read_okrs(path)
    assert outline(document) == [
        ("Bread is warm", "Ovens start at five, daily"),
        ("Bread is warm", "Doors open at six"),
        ("Milk is fresh", "Two cows"),
        ("Barn", "Hay is dry"),
    ]
    assert document.periods == ["2026-Q3", "2026-Q4"]
    assert [row.label for row in document.rows] == ["Bakery", "Bakery", "Dairy", "Dairy"]
    assert [s.line for s in document.skipped] == [6, 7]


def test_csv_in_german_with_semicolons_and_numbers(tmp_path):
    path = write(
        tmp_path,
        "ziele.csv",
        """\
        Ziel;Schlüsselergebnis;Ausgangswert;Zielwert;Ist;Einheit;Verantwortlich
        Brot ist warm;Anteil warmer Laibe;40,5;80;viele;%;Ana Abel
        Brot ist warm;Wartezeit;9,5 Tage;5 Tage;7;;
        """,
        encoding="utf-8-sig",
    )
    document = read_okrs(path)
    [row] = document.rows
    assert (row.baseline, row.target, row.current, row.unit) == (9.5, 5, 7, "Tage")
    assert "viele" in document.skipped[0].reason
    assert document.skipped[0].line == 2


def test_other_files_are_refused_whole_with_what_to_do(tmp_path):
    for name, text in [
        ("issues.csv", "Key,Summary\nA-1,Do it\n"),
        ("okrs.csv", "objective,key result\n,\n"),
        ("page.html", "<!doctype html><html></html>"),
        ("okrs.md", "just words"),
    ]:
        with pytest.raises(NotThisFormat) as refused:
            read_okrs(write(tmp_path, name, text))
        assert refused.value.todo
    binary = tmp_path / "okrs.md"
    binary.write_bytes(b"PK\x03\x04\x00\x00")
    with pytest.raises(NotThisFormat):
        read_okrs(binary)


def test_a_text_without_an_ending_is_known_by_its_content(tmp_path):
    assert outline(read_okrs(write(tmp_path, "a", "objective,key result\nBread,Ovens\n"))) == [("Bread", "Ovens")]
    assert outline(read_okrs(write(tmp_path, "b", "# Bread\n\n- Ovens\n"))) == [("Bread", "Ovens")]
