"""Types of fields that every area uses, and what bodies, answers and query parameters are made of.

Nothing is guessed: text is no number, a number no text, and a field that is not known is refused by its name.
Datetimes are ISO 8601 in UTC, days `2026-11-22`, numbers numbers; NaN and infinity do not exist.
"""

import datetime as dt
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, Strict, WithJsonSchema


def _day(value: Any) -> Any:
    if isinstance(value, str) and len(value) != 10:
        raise ValueError("Write a day as 2026-11-22.")
    if not isinstance(value, str | dt.date):
        raise ValueError("Write a day as 2026-11-22, in quotes.")
    return value


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(value: Any) -> Any:
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("A text holds no character NUL.")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("A text is well-formed Unicode.") from None
    return value


#: the number of a row
Id = Annotated[int, Strict(), Field(ge=1, le=2**63 - 1)]
#: the number of a row in the query of an address, where all is text
QueryId = Annotated[int, Field(ge=1, le=2**63 - 1)]
#: a whole number within what every database keeps
Whole = Annotated[int, Strict(), Field(ge=-(2**31), le=2**31 - 1)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
Day = Annotated[dt.date, BeforeValidator(_day)]
Moment = Annotated[
    dt.datetime,
    PlainSerializer(_utc, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Text = Annotated[str, BeforeValidator(_text)]
#: one line, as titles and names are
Line = Annotated[str, BeforeValidator(_text), Field(max_length=500)]


class Out(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(ser_json_inf_nan="null", frozen=True, populate_by_name=True)

    def to_keep(self) -> Self:
        """Return what of an answer may lie in the database for a repeat: without what is shown once."""
        return self


class In(BaseModel):
    """A body. A field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Edit(In):
    """A body of PATCH: what is not given stays as it is."""

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, by the names of the model's attributes."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Filters(BaseModel):
    """Query parameters. Give each a default."""

    model_config = ConfigDict(extra="forbid")
