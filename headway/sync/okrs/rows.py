"""What the readers hand over: Key Results with the objective they stand under, as the file has them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..rows import Skipped


@dataclass(frozen=True, slots=True)
class OkrRow:
    """One Key Result of a file. Texts as written; `label` is whose it is, as the file says (a team, a theme).

    `line` is where it stands, from 1; `objective_line` where its objective does. `direction` and `type` are ours.
    """

    line: int
    objective: str
    key_result: str
    objective_line: int = 0
    why: str = ""
    period: str = ""
    team: str = ""
    label: str = ""
    owner: str = ""
    score: str = ""
    unit: str = ""
    baseline: float | None = None
    target: float | None = None
    current: float | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its Key Results, and the lines that could not be read with the reason."""

    rows: Sequence[OkrRow]
    skipped: Sequence[Skipped]
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def periods(self) -> list[str]:
        """The periods that the file names, in its order."""
        return list(dict.fromkeys(row.period for row in self.rows if row.period))
