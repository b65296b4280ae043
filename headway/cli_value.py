"""`headway plan` and `headway forecast`: what they print. The documents are those of docs/howto/value-sheet.md."""

import datetime as dt
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headway.people.actor import system_actor
from headway.people.models import Team
from headway.value.documents import forecast_document, main_bet, plan_document
from headway.value.queries import Forecast, PricedBet, Row, Sheet, TooLittle, forecast_for, rest_of_backlog, value_sheet

WIDE = 100
"""A terminal with fewer columns than this shows no ranges."""


class Refused(Exception):
    """The command cannot be done; the message says why and what to do. `document` is what --json prints."""

    def __init__(self, message: str, document: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.document = document


def plan(team_key: str, *, as_json: bool, out: Console, raw: bool = False) -> None:
    """Print the value sheet of a team: one JSON document, or a table for people. `raw`: promises as they were made."""
    with team_of(team_key) as team:
        sheet = value_sheet(team, system_actor(team), raw=raw)
        if as_json:
            _print_document(plan_document(sheet, rest_of_backlog(team, sheet, per_page=sys.maxsize).rows), out)
        else:
            _print_sheet(sheet, out)


def forecast(team_key: str, *, items: int | None, by: str | None, as_json: bool, out: Console) -> None:
    """Print when so many items will be done, or how many by a day."""
    if (items is None) == (by is None):
        raise Refused(_("Ask one of the two: --items N, or --by DATE."))
    with team_of(team_key) as team:
        try:
            found = forecast_for(team, items=items, by=day_of(by) if by else None)
        except ValidationError as error:
            raise Refused(" ".join(error.messages)) from error
        if isinstance(found, TooLittle):
            raise Refused(found.text, forecast_document(found))
        if as_json:
            _print_document(forecast_document(found), out)
        else:
            _print_forecast(found, out)


@contextmanager
def team_of(key: str) -> Iterator[Team]:
    """Find a team by its key, and count its days in its organisation's time zone, as the browser does."""
    try:
        team = Team.objects.active().select_related("organisation").filter(key=key.strip().upper()).first()
        keys = list(Team.objects.active().values_list("key", flat=True)[:20]) if team is None else []
    except DatabaseError as error:
        raise Refused(
            _("This data folder holds no database yet: start `headway serve` once, or name another with HEADWAY_DATA.")
        ) from error
    if team is None:
        known = _("Known here: %(keys)s.") % {"keys": ", ".join(keys)} if keys else _("There is no team yet.")
        raise Refused(_("There is no team %(key)s.") % {"key": key} + " " + known)
    with timezone.override(ZoneInfo(team.organisation.time_zone)):
        yield team


def day_of(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Refused(_("%(text)s is no day: write it as 2026-12-18.") % {"text": text}) from error


def _print_document(document: dict[str, Any], out: Console) -> None:
    out.file.write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def _print_sheet(sheet: Sheet, out: Console) -> None:
    if not sheet.rows:
        out.print(_("Nothing priced. Give one item a range."))
    else:
        unit = sheet.currency or _("points")
        out.print(
            _("%(team)s: work not yet done, in %(unit)s over %(weeks)s weeks")
            % {"team": sheet.team.name, "unit": unit, "weeks": sheet.horizon_weeks},
            markup=False,
        )
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, expand=True)
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column(_("Item"), ratio=2, min_width=24, no_wrap=True, overflow="ellipsis")
        table.add_column(_("Key Result"), ratio=1, min_width=12, no_wrap=True, overflow="ellipsis")
        is_wide = out.width >= WIDE
        figures = [_("Chance"), _("Weeks"), _("Per week"), _("Adds"), _("Later"), _("Tie")]
        for name in [_("Range"), *figures] if is_wide else figures:
            table.add_column(name, justify="right", no_wrap=True)
        for row in sheet.rows:
            table.add_row(*_cells(row, is_wide=is_wide))
            if sheet.capacity and sheet.capacity.rows == row.rank:
                table.add_section()
        out.print(table)
    if sheet.capacity:
        out.print(
            _("%(sprint)s holds %(weeks)s weeks of work; the first %(count)s fit.")
            % {"sprint": sheet.capacity.sprint, "weeks": f"{sheet.capacity.weeks:.1f}", "count": sheet.capacity.rows}
        )
    if sheet.value_present is not None and sheet.value_best is not None:
        out.print(
            _("Present order %(present)s, best order found %(best)s.")
            % {"present": f"{sheet.value_present:,.0f}", "best": f"{sheet.value_best:,.0f}"}
        )
    if sheet.rows and sheet.capacity:
        out.print(_("Adds: what it brings where it stands. Later: what is lost if it comes a Sprint later."))
    for text in filter(None, [sheet.pace.missing if sheet.rows else ""]):
        out.print(text)
    for lying in sheet.not_now:
        out.print(
            _("Not now: %(key)s %(title)s (%(reason)s)")
            % {"key": lying.key, "title": lying.title, "reason": lying.reason},
            markup=False,
        )


def _cells(row: Row, *, is_wide: bool) -> list[str]:
    bet = main_bet(row.bets)
    return [
        str(row.rank),
        escape(f"{row.key} {row.title}"),
        escape(bet.name if bet else row.kind.name if row.kind else ""),
        *([escape(_range(bet)) if bet else ""] if is_wide else []),
        f"{bet.counted.chance:.0%}" if bet else "",
        _figure(row.weeks, 1),
        _figure(row.value_per_week, 0),
        _figure(row.adds, 0 if row.adds and abs(row.adds) >= 10 else 1),
        _figure(row.cost_of_waiting, 0 if row.cost_of_waiting and row.cost_of_waiting >= 10 else 1),
        str(row.tie or ""),
    ]


def _range(bet: PricedBet) -> str:
    return f"{bet.counted.low:.3g} / {bet.counted.likely:.3g} / {bet.counted.high:.3g} {bet.unit}".strip()


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _print_forecast(found: Forecast, out: Console) -> None:
    if found.items is not None:
        title = _("When will %(items)s items be done?") % {"items": found.items}
    else:
        title = _("How many items by %(day)s?") % {"day": found.by}
    table = Table(title=title)
    table.add_column(_("Chance"), justify="right")
    table.add_column(_("Weeks") if found.items is not None else _("At least"), justify="right")
    if found.items is not None:
        table.add_column(_("Done by"))
    for chance, value in found.quantiles.items():
        if found.items is None:
            table.add_row(f"{chance:.0%}", f"{value:g}")
            continue
        day = found.dates[chance]
        table.add_row(f"{chance:.0%}", f"{value:g}" if day else "–", day.isoformat() if day else _("beyond five years"))
    out.print(table)
    baseline = f"{found.baseline:.1f}" if found.baseline < 10**6 else "–"
    out.print(
        _("From %(weeks)s weeks of this team's own history. Mean velocity alone would say %(baseline)s.")
        % {"weeks": found.sample_weeks, "baseline": baseline}
    )
    if found.history.is_stale:
        out.print(
            _("Nothing has happened since %(day)s: the record is taken to end there.")
            % {"day": found.history.ends_on.isoformat()}
        )
    for bulk in found.bulk_days:
        out.print(
            _("%(day)s: %(count)s items were closed in one go; %(counted)s of them are counted.")
            % {"day": bulk.on.isoformat(), "count": bulk.count, "counted": bulk.counted_as}
        )
