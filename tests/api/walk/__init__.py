"""The table of the access walk: one file an area, each with OPERATIONS and `places(world)`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Op:
    """One operation: the verb of `people.access` that it takes ("self": everybody for themselves), and a right body.

    A body may name places: "{cycle_id}" becomes the id. `can_do` False: nobody of the cast can do it as things stand
    (it needs a state of its own, which its test makes), so that only refusals are walked.
    """

    verb: str
    body: Mapping[str, Any] | None = None
    form: Mapping[str, Any] | None = None  # multipart/form-data; bytes become a file
    query: str = ""
    can_do: bool = True
    refusal: int = 403  # 404 where what is not one's own is absent
    scope: str = ""  # where it is not that of the verb
    places: Mapping[str, str] = field(default_factory=dict)  # name in the path → name among the places
