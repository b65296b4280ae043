"""Open GitHub's issues."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from headway.sync.json_stream import JsonStream
from headway.sync.rows import NotThisFormat, Skipped, SprintName, TrackerRow
from headway.sync.statuses import DONE, TODO, category_of
from headway.sync.survey import Answers, ColumnSeen, StatusSeen, Survey
from headway.sync.tables import sniff_encoding
from headway.sync.tabular import same_key

LISTS = frozenset({"issues", "pulls", "items"})
_STATUS_LABEL = re.compile(r"^status\s*[:/]\s*(.+)$", re.IGNORECASE)
_SIZE_LABEL = re.compile(r"^(?:size|points?|sp|estimate|story points?)\s*[:/=]\s*(\d+(?:[.,]\d+)?)$", re.IGNORECASE)
_KIND_LABEL = re.compile(r"^(?:type|kind)\s*[:/]\s*(.+)$", re.IGNORECASE)
_KINDS = {
    "bug": "Bug", "defect": "Bug", "regression": "Bug", "error": "Bug",
    "enhancement": "Story", "feature": "Story", "feature request": "Story", "story": "Story",
    "epic": "Epic", "task": "Task", "chore": "Task", "documentation": "Task", "spike": "Spike", "research": "Spike",
}  # fmt: skip
_ADDRESS = re.compile(r"github\.[^/]+/(?:repos/)?([^/]+/[^/]+)/(?:issues|pulls?)/\d+|/repos/([^/]+/[^/]+)/issues/\d+")

#: What becomes what; GitHub's names are always the same.
_COLUMNS = {
    "number": "key", "title": "title", "body": "description", "state": "status", "labels": "labels",
    "milestone": "sprint", "assignees": "assignee", "created_at": "created", "updated_at": "updated",
    "closed_at": "done", "state_reason": "resolution", "html_url": "url", "parent": "parent",
}  # fmt: skip


_NAMES = "key title description kind status size parent resolution created updated done assignee labels url"
_GIVEN = frozenset(_NAMES.split())


@dataclass
class GithubSource:
    """A file of issues. Pull requests stay out, and milestones stay no Sprints, unless the answers ask for them."""

    path: Path
    answers: Answers
    encoding: str
    survey: Survey = field(init=False)
    keys: set[str] = field(default_factory=set)
    sprints: dict[str, SprintName] = field(default_factory=dict)
    places_by_line: dict[int, int] = field(default_factory=dict)  # GitHub's issues have no order of their own
    headings: frozenset[str] = frozenset({"author", "author_association", "active_lock_reason", "milestone"})
    _doubles: dict[int, Skipped] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = pulls = milestones = 0
        line = 1
        statuses: Counter[str] = Counter()
        examples: dict[str, str] = {}
        seen: dict[str, tuple[str, int, int]] = {}
        samples: dict[str, str] = {}
        for place, (line, name, issue) in enumerate(self._values()):
            if not _is_issue(issue):
                raise NotThisFormat(
                    _("The object at line %(line)s is no GitHub issue: it has no number and title.") % {"line": line},
                    line=line,
                    todo=_("Export issues with “gh api --paginate repos/OWNER/NAME/issues?state=all”."),
                )
            if _is_pull(issue, name):
                pulls += 1
                if not self.wants_pulls:
                    continue
            rows += 1
            key, updated = _key(issue), str(_get(issue, "updated_at") or "")
            self._see_double(seen, key, updated, line, place)
            status = _status(issue)
            statuses[status] += 1
            examples.setdefault(status, key)
            self.keys.add(key)
            if milestone := _get(issue, "milestone"):
                milestones += 1
                if self.wants_milestones:
                    self.sprints.setdefault(_milestone_title(milestone), _sprint(milestone))
            for column in _COLUMNS:
                if column not in samples and (value := _get(issue, column)):
                    samples[column] = _short(value)
        if not rows and not pulls:
            raise NotThisFormat(
                _("No issue is in this file."),
                line=line,
                todo=_("Export it again with state=all, and look whether it holds issues."),
            )
        self.survey = Survey(
            rows=rows,
            columns=tuple(
                ColumnSeen(name, self._field(name), sample=samples[name]) for name in _COLUMNS if name in samples
            ),
            statuses=tuple(
                StatusSeen(status, count, self._meaning(status), example=examples[status])
                for status, count in statuses.most_common()
            ),
            pull_requests=pulls,
            milestones=milestones,
        )

    @property
    def given(self) -> frozenset[str]:
        """Return the fields that the file tells: all that GitHub has, milestones as Sprints when asked."""
        return _GIVEN | ({"sprint"} if self.wants_milestones else set())

    @property
    def wants_pulls(self) -> bool:
        return bool(self.answers.options.get("pull_requests"))

    @property
    def wants_milestones(self) -> bool:
        return bool(self.answers.options.get("milestones"))

    def rows(self) -> Iterator[TrackerRow | Skipped]:
        """Yield every issue as a row, or as skipped with its line and reason."""
        for place, (line, name, issue) in enumerate(self._values()):
            if place in self._doubles:
                yield self._doubles[place]
            elif self.wants_pulls or not _is_pull(issue, name):
                yield self._row(line, issue)

    def _values(self) -> Iterator[tuple[int, str, Any]]:
        yield from JsonStream(self.path, self.encoding).objects(LISTS)

    def _see_double(self, seen: dict[str, tuple[str, int, int]], key: str, updated: str, line: int, place: int) -> None:
        """Of two issues with one key leave out the older; they are told apart by place, for a file may be one line."""
        if key not in seen:
            seen[key] = (updated, line, place)
            return
        earlier, earlier_line, earlier_place = seen[key]
        if updated < earlier:
            self._doubles[place] = Skipped(line, same_key(earlier_line, has_updated=True), key)
            return
        self._doubles[earlier_place] = Skipped(earlier_line, same_key(line, has_updated=bool(updated)), key)
        seen[key] = (updated, line, place)

    def _field(self, name: str) -> str:
        if name == "milestone" and not self.wants_milestones:
            return "extra"
        return _COLUMNS[name]

    def _meaning(self, status: str) -> str | None:
        if status in self.answers.statuses:
            return self.answers.statuses[status]
        return {"open": TODO, "closed": DONE}.get(status) or category_of(status)

    def _row(self, line: int, issue: Mapping[str, Any]) -> TrackerRow | Skipped:
        key = _key(issue)
        moments: dict[str, dt.datetime | None] = {}
        for name in ("created_at", "updated_at", "closed_at"):
            try:
                moments[name] = _moment(_get(issue, name))
            except ValueError:
                reason = _("“%(heading)s” is no date: “%(text)s”")
                return Skipped(line, reason % {"heading": name, "text": str(_get(issue, name))[:60]}, key)
        title = " ".join(str(issue["title"] or "").split())
        if not title:
            return Skipped(line, _("“%(heading)s” is empty") % {"heading": "title"}, key)
        labels = _labels(issue)
        milestone = _get(issue, "milestone") or {}
        is_closed = str(issue.get("state", "")).casefold() in {"closed", "merged"}
        extra = _extra(issue)
        if milestone and not self.wants_milestones:
            extra["milestone"] = _milestone_title(milestone)
        return TrackerRow(
            line=line,
            key=key,
            title=_storable(title),
            description=_storable(str(issue.get("body") or "").strip()),
            kind=_kind(issue, labels),
            status=_status(issue),
            size=next((float(m[1].replace(",", ".")) for name in labels if (m := _SIZE_LABEL.match(name))), None),
            sprints=(_sprint(milestone),) if milestone and self.wants_milestones else (),
            parent=_parent(issue),
            resolution=_resolution(issue, labels) if is_closed else "",
            created_at=moments["created_at"],
            updated_at=moments["updated_at"],
            done_at=moments["closed_at"] if is_closed else None,
            due_on=None,
            assignees=tuple(_people(issue)),
            labels=tuple(labels),
            url=str(_get(issue, "html_url") or ""),
            extra=extra,
        )


def open_github(path: Path, answers: Answers, zone: dt.tzinfo = dt.UTC) -> GithubSource:
    """Look over a file of GitHub issues. Raises NotThisFormat for what is none; its moments name their zone."""
    encoding = sniff_encoding(path)
    with path.open(encoding=encoding, errors="replace") as file:
        start = file.read(4096).lstrip("\ufeff \r\n\t")
    if not start:
        raise NotThisFormat(_("The file is empty."), line=1, todo=_("Export the issues again."))
    if start[0] not in "[{":
        what = _("a web page or XML") if start[0] == "<" else _("a table or plain text")
        raise NotThisFormat(
            _("This is no JSON but %(what)s.") % {"what": what},
            line=1,
            todo=_("Choose “Jira” or “CSV” for a table, or export GitHub's issues as JSON."),
        )
    return GithubSource(path, answers, encoding)


def _is_issue(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("number"), int) and "title" in value


def _is_pull(issue: Mapping[str, Any], name: str) -> bool:
    return (
        name == "pulls"
        or bool(issue.get("pull_request"))
        or "mergedAt" in issue
        or "/pull/" in str(_get(issue, "html_url"))
    )


_CAMEL = {
    "created_at": "createdAt", "updated_at": "updatedAt", "closed_at": "closedAt",
    "state_reason": "stateReason", "html_url": "url",
}  # fmt: skip


def _get(issue: Mapping[str, Any], name: str) -> Any:
    """Return a field by its REST name or by the name that GraphQL and `gh` give it."""
    value = issue.get(name)
    return issue.get(_CAMEL[name]) if value is None and name in _CAMEL else value


def _key(issue: Mapping[str, Any]) -> str:
    """Return "repository#number": numbers alone would clash when a team brings in a second repository."""
    for name in ("html_url", "url", "repository_url"):
        text = str(issue.get(name) or "")
        found = _ADDRESS.search(text if name != "repository_url" else f"{text}/issues/0")
        if found:
            repository = found[1] or found[2]
            return f"{repository.rsplit('/', 1)[-1]}#{issue['number']}"
    return f"#{issue['number']}"


def _labels(issue: Mapping[str, Any]) -> list[str]:
    found = issue.get("labels") or []
    if isinstance(found, Mapping):  # GraphQL's connection
        found = found.get("nodes") or []
    names = [str(label.get("name", "") if isinstance(label, Mapping) else label).strip() for label in found]
    return [name for name in names if name]


def _status(issue: Mapping[str, Any]) -> str:
    """Return the status: closed is closed; of an open issue a "status: …" label says more."""
    if str(issue.get("state", "open")).casefold() in {"closed", "merged"}:
        return "closed"
    labels = (match[1].strip() for name in _labels(issue) if (match := _STATUS_LABEL.match(name)))
    return next(labels, "open")


def _kind(issue: Mapping[str, Any], labels: list[str]) -> str:
    own = issue.get("type") or issue.get("issueType")
    if isinstance(own, Mapping) and own.get("name"):
        return str(own["name"])
    for label in labels:
        match = _KIND_LABEL.match(label)
        kind = _KINDS.get((match[1] if match else label).strip().casefold())
        if kind:
            return kind
    return ""


def _resolution(issue: Mapping[str, Any], labels: list[str]) -> str:
    reason = str(_get(issue, "state_reason") or "").casefold().replace("_", " ")
    if reason and reason != "reopened":
        return reason
    if _get(issue, "merged_at") or issue.get("mergedAt"):
        return "merged"
    plain = {label.casefold() for label in labels}
    return next((name for name in ("duplicate", "wontfix", "won't fix", "invalid") if name in plain), "")


def _people(issue: Mapping[str, Any]) -> Iterator[str]:
    found = issue.get("assignees") or ([issue["assignee"]] if issue.get("assignee") else [])
    if isinstance(found, Mapping):
        found = found.get("nodes") or []
    for person in found:
        name = person.get("login") or person.get("name") if isinstance(person, Mapping) else person
        if name:
            yield str(name)


def _parent(issue: Mapping[str, Any]) -> str:
    parent = issue.get("parent")
    if isinstance(parent, Mapping) and isinstance(parent.get("number"), int):
        return _key({**parent, "title": ""})
    found = re.search(r"/repos/[^/]+/([^/]+)/issues/(\d+)$", str(issue.get("parent_issue_url") or ""))
    return f"{found[1]}#{found[2]}" if found else ""


def _milestone_title(milestone: Any) -> str:
    return str(milestone.get("title", "") if isinstance(milestone, Mapping) else milestone)


def _sprint(milestone: Any) -> SprintName:
    """A milestone has a day on which it is due and none on which it starts: the day it was written down is no start."""
    if not isinstance(milestone, Mapping):
        return SprintName(str(milestone))
    due = str(milestone.get("due_on") or milestone.get("dueOn") or "")[:10]
    closed = str(milestone.get("closed_at") or milestone.get("closedAt") or "")[:10]
    return SprintName(_milestone_title(milestone), ends_on=_day(due), closed_on=_day(closed))


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def _extra(issue: Mapping[str, Any]) -> dict[str, str]:
    """Keep what no field of ours takes and a person may look for."""
    author = issue.get("user") or issue.get("author")
    name = (author.get("login") if isinstance(author, Mapping) else author) or ""
    extra = {"author": str(name)} if name else {}
    for field_name in ("author_association", "active_lock_reason"):
        if issue.get(field_name):
            extra[field_name] = str(issue[field_name])
    return extra


def _storable(text: str) -> str:
    """Return a text as a database takes it: JSON may hold zero bytes and halves of letters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _moment(value: Any) -> dt.datetime | None:
    if not value:
        return None
    moment = dt.datetime.fromisoformat(str(value))
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("title") or value.get("login") or value.get("name") or ""
    if isinstance(value, list):
        return ", ".join(_short(one) for one in value[:3])
    return str(value)[:80]
