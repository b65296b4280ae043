"""OKRs in a table (CSV, or a table in Markdown with both columns): headings by meaning, in several languages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from django.utils.translation import gettext as _

from headway.okr.values import NotAValue, split_value

from ..headings import plain_heading
from ..rows import NotThisFormat, Skipped
from ..tables import open_table
from .rows import Document, OkrRow
from .texts import plain, read_line, says_nothing

#: our field → headings that mean it, without case and accents
SYNONYMS: Mapping[str, Sequence[str]] = {
    "objective": ("objective", "objectives", "o", "goal", "ziel", "objetivo", "objectif", "obiettivo", "doel"),
    "key_result": (
        "key result",
        "key results",
        "keyresult",
        "kr",
        "krs",
        "result",
        "schlusselergebnis",
        "schlusselergebnisse",
        "ergebnis",
        "resultado clave",
        "resultados clave",
        "resultat cle",
        "resultats cles",
    ),
    "period": (
        "period",
        "cycle",
        "quarter",
        "zeitraum",
        "quartal",
        "zyklus",
        "periodo",
        "trimestre",
        "ciclo",
        "periode",
    ),
    "team": ("team", "equipo", "equipe", "squad", "group", "gruppe", "grupo", "level", "unit name", "department"),
    "organisation": ("organisation", "organization", "company", "organisationseinheit", "organizacion", "empresa"),
    "score": ("score", "grade", "final score", "bewertung", "note", "puntuacion", "calificacion"),
    "baseline": (
        "baseline",
        "from",
        "start",
        "start value",
        "initial",
        "initial value",
        "ausgangswert",
        "startwert",
        "von",
        "linea base",
        "valor inicial",
        "desde",
        "inicio",
    ),
    "target": (
        "target",
        "to",
        "target value",
        "goal value",
        "zielwert",
        "bis",
        "meta",
        "valor objetivo",
        "hasta",
        "cible",
    ),
    "current": (
        "current",
        "current value",
        "now",
        "actual",
        "ist",
        "istwert",
        "aktuell",
        "aktueller wert",
        "valor actual",
        "ahora",
    ),
    "unit": ("unit", "einheit", "unidad", "unite", "metric unit"),
    "owner": ("owner", "dri", "lead", "responsible", "verantwortlich", "verantwortliche", "responsable", "propietario"),
    "why": ("why", "description", "warum", "beschreibung", "por que", "descripcion"),
}
_MEANS = {heading: name for name, headings in SYNONYMS.items() for heading in headings}
_NUMBERS = ("baseline", "target", "current")


def columns_of(headings: Iterable[str]) -> dict[str, int]:
    """Return field → place of the columns whose heading is known; the first of each counts."""
    columns: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = _MEANS.get(plain_heading(heading).strip(" .:#*"))
        if name:
            columns.setdefault(name, place)
    return columns


def row_from_cells(cells: Sequence[str], columns: Mapping[str, int], *, line: int) -> OkrRow:
    """Return the row of a table's cells. Raises NotAValue, with the column's name, for a number that is none."""

    def cell(name: str) -> str:
        place = columns.get(name)
        return plain(cells[place]) if place is not None and place < len(cells) else ""

    numbers: dict[str, float | None] = {}
    units = [cell("unit")]
    for name in _NUMBERS:
        numbers[name] = None
        if cell(name) and not says_nothing(cell(name)):
            try:
                numbers[name], unit = split_value(cell(name))
            except NotAValue as error:
                raise NotAValue(name, unit=cell(name)) from error
            units.append(unit)
    objective, key_result = read_line(cell("objective")), read_line(cell("key_result"))
    return OkrRow(
        line=line,
        objective="" if says_nothing(objective.text) else objective.text,
        key_result=key_result.text,
        objective_line=line,
        why=cell("why"),
        period=cell("period"),
        team=cell("team"),
        label=cell("organisation"),
        owner=cell("owner"),
        score=cell("score") or key_result.score,
        unit=next((unit for unit in units if unit), ""),
        **numbers,
    )


def read_csv(path: Path) -> Document:
    """Read the OKRs of a delimited file. Raises NotThisFormat where it has no column of Key Results."""
    table = open_table(path)
    columns = columns_of(table.headings)
    missing = [name for name in ("objective", "key_result") if name not in columns]
    if missing:
        raise NotThisFormat(
            _("There is no column for %(missing)s. Columns here: %(columns)s.")
            % {"missing": " / ".join(missing), "columns": ", ".join(table.headings)[:300]},
            line=table.heading_line,
            todo=_("Name one column “objective” and one “key result”, and bring the file again."),
        )
    rows, skipped = _read_records(table.records(), columns)
    if not rows:
        raise NotThisFormat(
            _("No row of this file has both an objective and a Key Result."),
            line=table.heading_line,
            todo=_("Look at the columns “objective” and “key result” and bring the file again."),
        )
    organisations = {row.label for row in rows}
    if len(organisations) <= 1:  # one organisation is no distinction
        rows = [replace(row, label="") for row in rows]
    return Document(rows, skipped)


def _read_records(
    records: Iterable[tuple[int, list[str]]], columns: Mapping[str, int]
) -> tuple[list[OkrRow], list[Skipped]]:
    rows: list[OkrRow] = []
    skipped: list[Skipped] = []
    last: OkrRow | None = None
    for line, cells in records:
        try:
            row = row_from_cells(cells, columns, line=line)
        except NotAValue as error:
            skipped.append(
                Skipped(
                    line, _("“%(text)s” is no number (%(column)s).") % {"text": error.unit, "column": error.args[0]}
                )
            )
            continue
        row = _under_objective(row, last)
        last = row if row.objective else last
        if says_nothing(row.key_result):
            if not row.objective:
                skipped.append(Skipped(line, _("Neither an objective nor a Key Result in this row.")))
        elif not row.objective:
            skipped.append(Skipped(line, _("No objective in this row."), row.key_result[:200]))
        else:
            rows.append(row)
    return rows, skipped


def _under_objective(row: OkrRow, last: OkrRow | None) -> OkrRow:
    """Give a row with an empty objective that of the row above (merged cells), or else that of its team."""
    if row.objective:
        return row
    is_same = last and (last.period, last.team, last.label) == (row.period, row.team, row.label)
    if last and is_same:
        return replace(row, objective=last.objective, objective_line=last.objective_line, why=last.why)
    if row.team and not row.team.startswith("("):
        return replace(row, objective=row.team)
    return row
