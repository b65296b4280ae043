"""What is searchable: for each kind the tables and columns its text comes from. Pure SQL text, of both databases.

A `Source` says how to read one kind as rows (id, organisation_id, team_id, title, body), and which columns of which
tables change such rows; `index` turns that into triggers.
"""

from dataclasses import dataclass

ITEM, OBJECTIVE, KEY_RESULT, PERSON = "item", "objective", "key_result", "person"
DECISION, IMPEDIMENT, SPRINT = "decision", "impediment", "sprint"
KINDS = (ITEM, OBJECTIVE, KEY_RESULT, DECISION, IMPEDIMENT, SPRINT, PERSON)


@dataclass(frozen=True)
class Watched:
    """A table whose rows change what is indexed: `affects` selects the ids, from the alias ROW of the changed row."""

    table: str
    columns: tuple[str, ...]
    affects: str
    is_own: bool = False  # the kind's own table: rows come and go with it


@dataclass(frozen=True)
class Source:
    """One kind. `code` is part of the row number of SQLite's index and must never change."""

    kind: str
    code: int
    select: dict[str, str]  # by database vendor; ends in a WHERE to which "AND id IN (…)" can be added
    id_column: str
    watched: tuple[Watched, ...]


# The values of a JSON object, whatever lies nested in it, as one text.
_VALUES = {
    "sqlite": "(SELECT group_concat(j.atom, ' ') FROM json_tree(i.extra) j WHERE j.atom IS NOT NULL)",
    "postgresql": (
        "(SELECT string_agg(v #>> '{}', ' ') FROM jsonb_path_query(i.extra, 'strict $.**') v"
        " WHERE jsonb_typeof(v) IN ('string', 'number'))"
    ),
}


def _item(vendor: str) -> str:
    return f"""
        SELECT i.id, t.organisation_id, i.team_id, i.title,
               t.key || ' ' || i.number || ' ' || i.tracker_key || ' ' || substr(i.description, 1, 100000) || ' ' ||
               substr(coalesce({_VALUES[vendor]}, ''), 1, 100000) AS body
        FROM scrum_item i JOIN people_team t ON t.id = i.team_id
        WHERE i.removed_at IS NULL"""


_OBJECTIVE = """
    SELECT o.id, o.organisation_id, o.team_id, o.title, substr(o.why, 1, 100000) AS body
    FROM okr_objective o
    WHERE o.archived_at IS NULL"""

_KEY_RESULT = """
    SELECT k.id, o.organisation_id, o.team_id, k.title,
           k.short_name || ' ' || k.unit || ' ' || k.measured_from || ' ' || o.title AS body
    FROM okr_keyresult k JOIN okr_objective o ON o.id = k.objective_id
    WHERE k.archived_at IS NULL AND o.archived_at IS NULL"""

# One row per membership: a person of two organisations is found in both, and only there.
_PERSON = """
    SELECT m.id, m.organisation_id, CAST(NULL AS bigint) AS team_id, p.name AS title, '' AS body
    FROM people_membership m JOIN people_person p ON p.id = m.person_id
    WHERE m.deactivated_at IS NULL"""

_DECISION = """
    SELECT d.id, d.organisation_id, d.team_id, d.title, substr(d.because || ' ' || d.outcome, 1, 100000) AS body
    FROM agreements_decision d
    WHERE 1 = 1"""

_IMPEDIMENT = """
    SELECT b.id, t.organisation_id, b.team_id, b.title, b.asked AS body
    FROM agreements_impediment b JOIN people_team t ON t.id = b.team_id
    WHERE 1 = 1"""

_SPRINT = """
    SELECT s.id, t.organisation_id, s.team_id, s.name AS title, s.goal || ' ' || s.tracker_name AS body
    FROM scrum_sprint s JOIN people_team t ON t.id = s.team_id
    WHERE 1 = 1"""


def _both(text: str) -> dict[str, str]:
    return {"sqlite": text, "postgresql": text}


SOURCES = (
    Source(
        kind=ITEM,
        code=1,
        select={vendor: _item(vendor) for vendor in _VALUES},
        id_column="i.id",
        watched=(
            Watched(
                "scrum_item",
                ("title", "description", "tracker_key", "number", "extra", "removed_at", "team_id"),
                "ROW.id",
                is_own=True,
            ),
            Watched("people_team", ("key", "organisation_id"), "SELECT id FROM scrum_item WHERE team_id = ROW.id"),
        ),
    ),
    Source(
        kind=OBJECTIVE,
        code=2,
        select=_both(_OBJECTIVE),
        id_column="o.id",
        watched=(
            Watched(
                "okr_objective", ("title", "why", "archived_at", "organisation_id", "team_id"), "ROW.id", is_own=True
            ),
        ),
    ),
    Source(
        kind=KEY_RESULT,
        code=3,
        select=_both(_KEY_RESULT),
        id_column="k.id",
        watched=(
            Watched(
                "okr_keyresult",
                ("title", "short_name", "unit", "measured_from", "archived_at", "objective_id"),
                "ROW.id",
                is_own=True,
            ),
            Watched(
                "okr_objective",
                ("title", "archived_at", "organisation_id", "team_id"),
                "SELECT id FROM okr_keyresult WHERE objective_id = ROW.id",
            ),
        ),
    ),
    Source(
        kind=PERSON,
        code=4,
        select=_both(_PERSON),
        id_column="m.id",
        watched=(
            Watched("people_membership", ("deactivated_at", "organisation_id", "person_id"), "ROW.id", is_own=True),
            Watched("people_person", ("name",), "SELECT id FROM people_membership WHERE person_id = ROW.id"),
        ),
    ),
    Source(
        kind=DECISION,
        code=5,
        select=_both(_DECISION),
        id_column="d.id",
        watched=(
            Watched(
                "agreements_decision",
                ("title", "because", "outcome", "organisation_id", "team_id"),
                "ROW.id",
                is_own=True,
            ),
        ),
    ),
    Source(
        kind=IMPEDIMENT,
        code=6,
        select=_both(_IMPEDIMENT),
        id_column="b.id",
        watched=(Watched("agreements_impediment", ("title", "asked", "team_id"), "ROW.id", is_own=True),),
    ),
    Source(
        kind=SPRINT,
        code=7,
        select=_both(_SPRINT),
        id_column="s.id",
        watched=(Watched("scrum_sprint", ("name", "goal", "tracker_name", "team_id"), "ROW.id", is_own=True),),
    ),
)
