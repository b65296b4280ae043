"""Search over everything that there is."""

from typing import Annotated, Literal

from ninja import Query
from pydantic import Field

from headway.people.models import Team
from headway.search.hits import Hit as Found
from headway.search.queries import find

from .platform.asking import ApiRequest
from .platform.routes import Area
from .platform.schemas import Filters, Id, Out

area = Area("Search")
MOST = 100

Kind = Literal["item", "key_result", "objective", "sprint", "decision", "impediment", "person"]


class Hit(Out):
    """Something found."""

    kind: str
    id: Id
    title: str
    excerpt: Annotated[str, Field(description="What is said about it, around the words that were found.")]
    where: str
    key: Annotated[str, Field(description="Of an item, as ANT-12.")]
    team_key: str | None
    number: Annotated[int | None, Field(description="Of an item or a Sprint in its team.")]
    state: str


class Hits(Out):
    """What was found, the best first. `total` counts all."""

    items: list[Hit]
    total: int


class Asked(Filters):
    q: Annotated[str, Field(min_length=1, max_length=300, description="Words; also state:open, team:ANT, @ana, -not.")]
    kind: Kind | None = None
    team_key: Annotated[str | None, Field(max_length=12)] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 20


@area.read("/search")
def search(request: ApiRequest, asked: Query[Asked]) -> Hits:
    """Find things by words, the best first."""
    team = None
    if asked.team_key is not None:
        team = Team.objects.visible_to(request.actor).filter(key=asked.team_key.upper()).first()
        if team is None:
            return Hits(items=[], total=0)
    kinds = None if asked.kind is None else [asked.kind]
    found = find(asked.q, viewer=request.actor, kinds=kinds, team=team, limit=asked.limit)
    return Hits(items=[_represent(hit) for hit in found.hits], total=found.total)


def _represent(hit: Found) -> Hit:
    return Hit(
        kind=hit.kind,
        id=hit.id,
        title=hit.text,
        excerpt="".join(part.text for part in hit.excerpt),
        where=hit.where,
        key=hit.key,
        team_key=hit.team_key or None,
        number=hit.number,
        state=hit.category or hit.state,
    )
