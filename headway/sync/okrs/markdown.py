"""OKRs in Markdown: headings, bullet trees, tables, "KR:" marks.

The deepest heading above a list is its objective. In a list, a point that has points below it is an objective; one
that has none, or that says from where to where, is a Key Result; "Objective:" and "KR:" say it outright. In a table, a
row that fills only its first cell (in bold) is an objective. A heading that names a period ("2018 Q3") says when.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from ..rows import NotThisFormat, Skipped
from .periods import read_period, without_period
from .rows import Document, OkrRow
from .table import columns_of, row_from_cells
from .texts import Line, plain, read_from_to, read_line, says_nothing

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_STRUCTURE = re.compile(
    r"^(?:(?:our |company |team |the )?"
    r"(?:okrs?|objectives?(?: (?:and|&) key results?)?|key results?|krs?|results?|goals?|"
    r"table of contents|contents|overview|ziele|schl[üu]sselergebnisse|objetivos|resultados clave))\W*$",
    re.IGNORECASE,
)
_TITLE = re.compile(r"\bOKRs?\b", re.IGNORECASE)
_SCORE_COLUMN = re.compile(r"\b(?:end|final|actual|score|grade|result|status|ergebnis|resultado)\b", re.IGNORECASE)
_OWNER_COLUMN = re.compile(r"\b(?:owner|dri|lead|who|verantwortlich|responsable)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Objective:
    title: str = ""
    line: int = 0
    why: str = ""
    path: tuple[str, ...] = ()


@dataclass
class _Reader:
    """Walks the blocks of a document in order and gathers rows."""

    rows: list[OkrRow] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    headings: list[tuple[int, str, int]] = field(default_factory=list)  # (level, title, line); "" only structures
    objective: _Objective = field(default_factory=_Objective)
    period: str = ""
    period_level: int = 0
    struck_level: int = 0
    is_headed: bool = False  # the objective is a heading, not a line of text

    def read(self, blocks: Iterable[SyntaxTreeNode]) -> None:
        for block in blocks:
            if block.type == "heading":
                self._heading(block)
            elif self.struck_level:
                self._skip(block, _("Struck through in the file."))
            elif block.type in ("bullet_list", "ordered_list"):
                self._list(block, self.objective)
            elif block.type == "table":
                self._table(block)
            elif block.type == "paragraph":
                self._paragraph(block)

    def _heading(self, block: SyntaxTreeNode) -> None:
        level, line = int(block.tag[1]), _line(block)
        said = read_line(_text(block))
        text = said.text
        self.headings = [heading for heading in self.headings if heading[0] < level]
        if self.struck_level and level <= self.struck_level:
            self.struck_level = 0
        if _is_struck(block):
            self.struck_level = self.struck_level or level
        if self.period and level <= self.period_level and level > 1:
            self.period = ""
        period = read_period(text)
        if period:
            rest = without_period(text)
            if not rest or _STRUCTURE.match(rest) or _TITLE.search(rest) or level == 1:
                self.period, self.period_level, text = period.name, level, ""
        is_title = level == 1 and bool(_TITLE.search(text))
        if not said.mark and (_STRUCTURE.match(text) or is_title):
            text = ""
        self.headings.append((level, text, line))
        self.objective, self.is_headed = self._nearest(), True

    def _nearest(self) -> _Objective:
        named = [(title, line) for _level, title, line in self.headings if title]
        if not named:
            return _Objective()
        title, line = named[-1]
        return _Objective(title, line, path=tuple(above for above, _line in named[:-1]))

    def _paragraph(self, block: SyntaxTreeNode) -> None:
        for line, text, is_bold in _lines_of(block):
            said = read_line(text)
            if says_nothing(said.text):
                continue
            period = read_period(said.text)
            if said.mark == "key_result":
                self._key_result(said, line, self.objective)
            elif said.mark == "objective" or (is_bold and not period and self._may_be_objective(said.text)):
                self.objective, self.is_headed = _Objective(said.text, line, path=self.objective.path), False
            elif period and is_bold and not without_period(said.text):
                self.period, self.period_level = period.name, 7
            elif self.objective.title and not self._has_rows(self.objective):
                self.objective = replace(self.objective, why=f"{self.objective.why} {said.text}".strip())
            else:
                self._tell(line, _("Text that is neither an objective nor a Key Result."), said.text)

    def _may_be_objective(self, text: str) -> bool:
        """A line in bold stands for a heading where there is none above it."""
        return not _STRUCTURE.match(text) and not (self.is_headed and self.objective.title)

    def _list(self, block: SyntaxTreeNode, objective: _Objective) -> None:
        current = objective
        for point in block.children:
            own = [child for child in point.children if child.type == "paragraph"]
            below = [child for child in point.children if child.type in ("bullet_list", "ordered_list")]
            line = _line(point)
            said = read_line(_text(own[0])) if own else Line("")
            if own and _is_in_page_link(own[0]):
                continue  # a table of contents
            if _is_struck(point):
                self._tell(line, _("Struck through in the file."), said.text)
            elif own and _is_only_link(own[0]) and not below:
                self._tell(line, _("Only a link."), said.text)
            elif says_nothing(said.text) and not below:
                continue
            elif said.mark == "key_result" or (current.title and read_from_to(said.text)):
                self._key_result(said, line, current)
                self._below_key_result(below)
            elif said.mark == "objective" or below:
                current = self._point_with_points(said, line, below, objective, current)
            else:
                self._key_result(said, line, current)

    def _point_with_points(
        self, said: Line, line: int, below: Sequence[SyntaxTreeNode], objective: _Objective, current: _Objective
    ) -> _Objective:
        """Read an objective of a list; the one returned holds for the points that follow it."""
        title = said.text.rstrip(" :")
        if says_nothing(title) or _STRUCTURE.match(title):
            inner = current
        else:
            path = (*objective.path, objective.title) if objective.title else ()
            inner = _Objective(title, line, path=path)
        for points in below:
            self._list(points, inner)
        return inner if said.mark == "objective" and not below else current

    def _below_key_result(self, below: Iterable[SyntaxTreeNode]) -> None:
        for points in below:
            for point in points.children:
                self._tell(_line(point), _("A point below a Key Result: write it as a backlog item."), _text(point))

    def _table(self, block: SyntaxTreeNode) -> None:
        rows = [row for part in block.children for row in part.children if row.type == "tr"]
        if not rows:
            return
        headings = [plain(_text(cell)) for cell in rows[0].children]
        columns = columns_of(headings)
        if {"objective", "key_result"} <= columns.keys():
            self._table_of_columns(rows[1:], columns)
        else:
            self._table_of_objectives(rows[1:], headings)

    def _table_of_columns(self, rows: Iterable[SyntaxTreeNode], columns: dict[str, int]) -> None:
        title = ""
        for row in rows:
            cells = [plain(_text(cell)) for cell in row.children]
            read = row_from_cells(cells, columns, line=_line(row))
            title = read.objective or title
            if says_nothing(read.key_result):
                continue
            self._add(replace(read, objective=title, period=read.period or self.period))

    def _table_of_objectives(self, rows: Iterable[SyntaxTreeNode], headings: Sequence[str]) -> None:
        current = self.objective
        scores = [place for place, heading in enumerate(headings) if place and _SCORE_COLUMN.search(heading)]
        owners = [place for place, heading in enumerate(headings) if place and _OWNER_COLUMN.search(heading)]
        for row in rows:
            cells = [plain(_text(cell)) for cell in row.children]
            first, line = row.children[0], _line(row)
            said = read_line(cells[0])
            text = re.sub(r"^\d+[.)]?\s+(?=\D)", "", said.text) if _is_bold(first) else said.text
            is_alone = not any(cells[1:])
            if says_nothing(text):
                if any(letter.isalnum() for letter in text):
                    self._tell(line, _("Nothing said yet."), text)
            elif _is_struck(first):
                self._tell(line, _("Struck through in the file."), text)
            elif said.mark == "objective" or (_is_bold(first) and is_alone):
                current = _Objective(text, line, path=self.objective.path)
            elif is_alone and (_is_emphasis(first) or text.endswith(":")):
                self._tell(line, _("A remark inside the table, not a Key Result."), text)
            else:
                score = next((cells[place] for place in reversed(scores) if cells[place]), said.score)
                owner = next((cells[place] for place in owners if cells[place]), "")
                self._key_result(replace(said, text=text, score=score), line, current, owner=owner)

    def _key_result(self, said: Line, line: int, objective: _Objective, *, owner: str = "") -> None:
        if not objective.title:
            self._tell(
                line, _("No objective above this Key Result: put a heading or “Objective: …” over it."), said.text
            )
            return
        self._add(
            OkrRow(
                line=line,
                objective=objective.title,
                key_result=said.text,
                objective_line=objective.line,
                why=objective.why,
                period=self.period,
                label=" › ".join(objective.path),
                owner=owner,
                score=said.score,
            )
        )

    def _add(self, row: OkrRow) -> None:
        if not row.objective:
            self._tell(row.line, _("No objective in this row."), row.key_result)
        else:
            self.rows.append(row)

    def _has_rows(self, objective: _Objective) -> bool:
        return any(row.objective_line == objective.line for row in self.rows)

    def _skip(self, block: SyntaxTreeNode, reason: str) -> None:
        for node in block.walk():
            if node.type in ("list_item", "tr"):
                self._tell(_line(node), reason, _text(node))

    def _tell(self, line: int, reason: str, text: str) -> None:
        self.skipped.append(Skipped(line, reason, plain(text)[:200]))


def read_markdown(text: str) -> Document:
    """Read the OKRs of a Markdown text. Raises NotThisFormat where there is no Key Result in it."""
    front = _FRONT_MATTER.match(text)
    if front:  # blank lines keep the line numbers right
        text = "\n" * front[0].count("\n") + text[front.end() :]
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text))
    reader = _Reader()
    reader.read(tree.children)
    if not reader.rows:
        raise NotThisFormat(
            _("No Key Result was found in this file."),
            line=reader.skipped[0].line if reader.skipped else 1,
            todo=_(
                "Write each objective as a heading with its Key Results as points below it, "
                "or mark them “Objective:” and “KR:”."
            ),
        )
    return Document(reader.rows, reader.skipped)


def _line(node: SyntaxTreeNode) -> int:
    while node.map is None and node.parent is not None:
        node = node.parent
    return node.map[0] + 1 if node.map else 0


def _text(node: SyntaxTreeNode) -> str:
    """Return the text of a node's own inline content, without links' addresses, images and HTML."""
    return "".join(_pieces(node))


def _pieces(node: SyntaxTreeNode) -> Iterator[str]:
    if node.type in ("text", "code_inline"):
        yield node.content
    elif node.type in ("softbreak", "hardbreak"):
        yield " "
    elif node.type not in ("image", "bullet_list", "ordered_list"):
        for child in node.children:
            yield from _pieces(child)


def _lines_of(block: SyntaxTreeNode) -> Iterator[tuple[int, str, bool]]:
    """Yield (line, text, whether it is all bold) for each written line of a paragraph."""
    line, pieces = _line(block), list[SyntaxTreeNode]()
    for inline in block.children:
        for child in [*inline.children, None]:
            if child is None or child.type in ("softbreak", "hardbreak"):
                bold = [piece.type == "strong" for piece in pieces if _text(piece).strip()]
                yield line, "".join(_text(piece) for piece in pieces), bool(bold) and all(bold)
                line, pieces = line + 1, []
            else:
                pieces.append(child)


def _content(node: SyntaxTreeNode) -> list[SyntaxTreeNode]:
    """Return the inline nodes of a block's own line that hold something, the checkbox left out."""
    inlines = [child for child in node.children if child.type == "inline"]
    found = [child for inline in inlines for child in inline.children if child.type == "image" or _text(child).strip()]
    return [child for child in found if child.type != "text" or child.content.strip() not in ("[ ]", "[x]", "[X]")]


def _is_struck(node: SyntaxTreeNode) -> bool:
    own = node.children[0] if node.type == "list_item" and node.children else node
    content = _content(own)
    return bool(content) and all(child.type == "s" for child in content)


def _is_bold(cell: SyntaxTreeNode) -> bool:
    content = _content(cell)
    return bool(content) and content[0].type == "strong"


def _is_emphasis(cell: SyntaxTreeNode) -> bool:
    content = _content(cell)
    return bool(content) and all(child.type == "em" for child in content)


def _is_only_link(node: SyntaxTreeNode) -> bool:
    content = _content(node)
    return bool(content) and all(child.type == "link" for child in content)


def _is_in_page_link(node: SyntaxTreeNode) -> bool:
    return _is_only_link(node) and all(str(child.attrs.get("href", "")).startswith("#") for child in _content(node))
