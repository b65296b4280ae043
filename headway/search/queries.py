"""Find by words, and find the Key Results that an item seems to be about."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from headway.lib import clock
from headway.okr.models import KeyResult, Objective
from headway.people.actor import Actor
from headway.people.models import Membership, Team
from headway.scrum.models import Category, Item
from headway.value.models import Serves

from . import fulltext
from .fulltext import Match, Scope
from .sources import ITEM, KEY_RESULT, KINDS, OBJECTIVE, PERSON
from .words import Part, excerpt, fold, matched, parts, stems, words

_KEY = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)[-\s](\d{1,9})\s*")
_NUMBER = re.compile(r"\s*#?(\d{1,9})\s*")

MOST_STEMS = 24
RAREST_STEMS = 8
NEIGHBOURS = 40
VOTES = 10
# A Key Result of another team is more rarely what is meant.
WEIGHT_OF_OTHER_TEAMS = 0.6
LEAST_SCORE = 0.08
LOOKED_AT = 5  # times as many matches as are shown


@dataclass(frozen=True)
class Hit:
    """Something found. `key` is an item's; `id` a row of its kind (of a person, the person's)."""

    kind: str
    id: int
    title: tuple[Part, ...]
    excerpt: tuple[Part, ...]
    where: str
    key: str = ""
    team_key: str = ""
    number: int | None = None
    category: str = ""


@dataclass(frozen=True)
class Found:
    """The best hits and how many there are in all."""

    hits: tuple[Hit, ...]
    total: int


@dataclass(frozen=True)
class Suggestion:
    """A Key Result that an item may serve. `score` 0–1; `words` that speak for it; `like` items linked to it before."""

    key_result: KeyResult
    score: float
    words: tuple[str, ...]
    like: tuple[str, ...]


def find(
    text: str,
    *,
    viewer: Actor,
    kinds: Collection[str] | None = None,
    team: Team | None = None,
    limit: int = 20,
) -> Found:
    """Find items, objectives, Key Results and people of the viewer's organisation, best first.

    Each word may be a beginning ("pri" finds "price"); all of them must be there. An item's key or number comes first.
    Any text is safe. At most nine queries.
    """
    wanted = tuple(kind for kind in KINDS if kinds is None or kind in kinds)
    sought = words(text)
    if viewer.organisation_id is None or not sought or not wanted:
        return Found((), 0)
    scope = Scope(viewer.organisation_id, wanted, team.pk if team else None)
    direct = _by_key(text, viewer, team) if ITEM in wanted else []
    found, total = fulltext.matches(sought, scope, limit=limit * LOOKED_AT)
    order = list(dict.fromkeys([*direct, *_open_first(found, sought)]))[:limit]
    hits = _hits(order, sought, viewer)
    return Found(tuple(hits[match] for match in order if match in hits), max(total, len(order)))


def find_by_kind(text: str, *, viewer: Actor, team: Team | None = None, limit: int = 6) -> dict[str, Found]:
    """Find the best of each kind; kinds without a hit are left out."""
    found = {kind: find(text, viewer=viewer, kinds=[kind], team=team, limit=limit) for kind in KINDS}
    return {kind: group for kind, group in found.items() if group.hits}


def similar_key_results(item_or_text: Item | str, *, viewer: Actor, limit: int = 3) -> list[Suggestion]:
    """Suggest Key Results by the words of an item, best first. At most six queries.

    A Key Result is suggested for its own words, and for those of the items that serve it already. Rare words weigh
    more. Only running cycles are looked at, unless there is none. Nothing is linked by this: a person says yes.
    """
    item = item_or_text if isinstance(item_or_text, Item) else None
    if viewer.organisation_id is None:
        return []
    weights = _weights(_stems_of(item_or_text), viewer.organisation_id)
    if not weights:
        return []
    scope = Scope(viewer.organisation_id, (KEY_RESULT,))
    own, _total = fulltext.matches(list(weights), scope, limit=NEIGHBOURS, every=False)
    votes = _votes(weights, item, Scope(viewer.organisation_id, (ITEM,)))
    key_results = _running(_key_results({match.id for match in own} | set(votes), viewer))
    suggestions = [_suggestion(key_result, weights, votes.get(key_result.pk), item) for key_result in key_results]
    good = [suggestion for suggestion in suggestions if suggestion.score >= LEAST_SCORE]
    return sorted(good, key=lambda suggestion: (-suggestion.score, suggestion.key_result.pk))[:limit]


# Hits


def _by_key(text: str, viewer: Actor, team: Team | None) -> list[Match]:
    """Return items by their key (ANT-12), a tracker's key, or their number alone."""
    items = Item.objects.visible_to(viewer).active()
    if team is not None:
        items = items.filter(team=team)
    found: list[int] = []
    if match := _KEY.fullmatch(text):
        found += items.filter(team__key=match[1].upper(), number=int(match[2])).values_list("pk", flat=True)
        keys = {text.strip(), text.strip().upper()}
        teams = Team.objects.visible_to(viewer)
        found += items.filter(team__in=teams, tracker_key__in=keys).exclude(tracker_key="").values_list("pk", flat=True)
    elif match := _NUMBER.fullmatch(text):
        found += items.filter(number=int(match[1])).order_by("category", "-updated_at").values_list("pk", flat=True)[:5]
    return [Match(ITEM, pk) for pk in found]


def _open_first(found: Sequence[Match], sought: Sequence[str]) -> list[Match]:
    """Put what is still to be done before what is done, where both say it in the title; what only mentions it, last.

    How rare a word is tells the database nothing of that: a finished item of two words would lead for ever.
    """
    ids = [match.id for match in found if match.kind == ITEM]
    items = Item.objects.filter(pk__in=ids).values_list("pk", "title", "category") if ids else []
    later = {
        Match(ITEM, pk): (matched(sought, title) != set(sought), category == Category.DONE)
        for pk, title, category in items
    }
    return sorted(found, key=lambda match: later.get(match, (False, False)))


def _hits(order: Sequence[Match], sought: Sequence[str], viewer: Actor) -> dict[Match, Hit]:
    """Read the rows behind the matches; what the viewer may not see is left out."""
    ids: dict[str, list[int]] = defaultdict(list)
    for match in order:
        ids[match.kind].append(match.id)
    found: dict[Match, Hit] = {}
    if ids[ITEM]:
        items = Item.objects.visible_to(viewer).active().filter(pk__in=ids[ITEM]).select_related("team")
        found |= {Match(ITEM, item.pk): _item_hit(item, sought) for item in items}
    if ids[OBJECTIVE]:
        objectives = Objective.objects.visible_to(viewer).active().filter(pk__in=ids[OBJECTIVE]).select_related("team")
        found |= {Match(OBJECTIVE, objective.pk): _objective_hit(objective, sought) for objective in objectives}
    if ids[KEY_RESULT]:
        key_results = _key_results(ids[KEY_RESULT], viewer)
        found |= {Match(KEY_RESULT, key_result.pk): _key_result_hit(key_result, sought) for key_result in key_results}
    if ids[PERSON]:
        found |= _people(ids[PERSON], sought, viewer)
    return found


def _item_hit(item: Item, sought: Sequence[str]) -> Hit:
    return Hit(
        kind=ITEM,
        id=item.pk,
        title=parts(item.title, sought),
        excerpt=_why(item, sought),
        where=item.team.name,
        key=f"{item.team.key}-{item.number}",
        team_key=item.team.key,
        number=item.number,
        category=item.category,
    )


def _why(item: Item, sought: Sequence[str]) -> tuple[Part, ...]:
    """Return where an item says what its title does not: the description, the tracker's key, a kept column."""
    if matched(sought, item.title) == set(sought):
        return ()
    if found := excerpt(item.description, sought):
        return found
    if matched(sought, item.tracker_key):
        return parts(item.tracker_key, sought)
    return next((found for name, text in _texts(item.extra) if (found := excerpt(f"{name}: {text}", sought))), ())


def _texts(extra: object, name: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(extra, dict):
        for key, value in extra.items():
            yield from _texts(value, str(key))
    elif isinstance(extra, list):
        for value in extra:
            yield from _texts(value, name)
    elif extra is not None:
        yield name, str(extra)


def _objective_hit(objective: Objective, sought: Sequence[str]) -> Hit:
    return Hit(
        kind=OBJECTIVE,
        id=objective.pk,
        title=parts(objective.title, sought),
        excerpt=excerpt(objective.why, sought),
        where=objective.team.name if objective.team else "",
        team_key=objective.team.key if objective.team else "",
    )


def _key_result_hit(key_result: KeyResult, sought: Sequence[str]) -> Hit:
    team = key_result.objective.team
    in_title = matched(sought, key_result.title) == set(sought)
    return Hit(
        kind=KEY_RESULT,
        id=key_result.pk,
        title=parts(key_result.title, sought),
        excerpt=() if in_title else excerpt(key_result.objective.title, sought),
        where=team.name if team else "",
        team_key=team.key if team else "",
    )


def _people(membership_ids: Sequence[int], sought: Sequence[str], viewer: Actor) -> dict[Match, Hit]:
    memberships = (
        Membership.objects.filter(
            pk__in=membership_ids, organisation_id=viewer.organisation_id or 0, deactivated_at=None
        )
        .select_related("person")
        .prefetch_related("person__team_roles__team")
    )
    found = {}
    for membership in memberships:
        roles = [
            role
            for role in membership.person.team_roles.all()
            if role.team.organisation_id == viewer.organisation_id and role.team.archived_at is None
        ]
        found[Match(PERSON, membership.pk)] = Hit(
            kind=PERSON,
            id=membership.person_id,
            title=parts(membership.person.name, sought),
            excerpt=(),
            where=", ".join(f"{role.get_role_display()}, {role.team.name}" for role in roles),
            team_key=roles[0].team.key if roles else "",
        )
    return found


# Suggestions


def _stems_of(item_or_text: Item | str) -> list[tuple[str, float]]:
    """Return the stems of a text with what each weighs: a word of the title three times one of the description."""
    if isinstance(item_or_text, str):
        return [(stem, 1.0) for stem in dict.fromkeys(stems(item_or_text[:2_000]))][:MOST_STEMS]
    title = dict.fromkeys(stems(item_or_text.title), 1.0)
    body = Counter(stem for stem in stems(item_or_text.description[:2_000]) if stem not in title)
    said = [(stem, 1 / 3) for stem, _count in body.most_common(MOST_STEMS)]
    return [*title.items(), *said][:MOST_STEMS]


def _weights(said: Sequence[tuple[str, float]], organisation_id: int) -> dict[str, float]:
    """Weigh each stem by how rare it is among the organisation's items and Key Results; unknown words weigh nothing."""
    scope = Scope(organisation_id, (ITEM, KEY_RESULT))
    seen = fulltext.frequencies([stem for stem, _weight in said], scope)
    most = max(seen.values(), default=0)
    return {stem: weight * math.log(1 + (most + 1) / seen[stem]) for stem, weight in said if seen.get(stem)}


def _votes(weights: dict[str, float], item: Item | None, scope: Scope) -> dict[int, tuple[float, list[str]]]:
    """Let items that serve a Key Result speak for it: Key Result → (0–1, keys of the items most alike)."""
    rarest = sorted(weights, key=lambda stem: -weights[stem])[:RAREST_STEMS]
    ids = fulltext.linked_items(rarest, scope, limit=NEIGHBOURS)
    rows = Serves.objects.filter(item__in=ids, key_result__isnull=False).exclude(item=item).select_related("item__team")
    alike = sorted(((_likeness(weights, row.item.title, row.item.description), row) for row in rows), key=_by_likeness)
    alike = [(likeness, row) for likeness, row in alike[:VOTES] if likeness > 0]
    whole = sum(likeness for likeness, _row in alike)
    found: dict[int, tuple[float, list[str]]] = {}
    for key_result_id in {row.key_result_id for _likeness_, row in alike}:
        own = [(likeness, row) for likeness, row in alike if row.key_result_id == key_result_id]
        share = sum(likeness for likeness, _row in own) / whole
        found[key_result_id or 0] = (share * own[0][0], [row.item.key for _likeness_, row in own[:3]])
    return found


def _by_likeness(pair: tuple[float, Serves]) -> tuple[float, int]:
    return -pair[0], pair[1].pk


def _likeness(weights: dict[str, float], title: str, text: str = "") -> float:
    """Return the weight of the stems that a text has, as a share of all, 0–1."""
    there = matched(list(weights), f"{title} {text[:2_000]}")
    return sum(weights[stem] for stem in there) / sum(weights.values())


def _key_results(ids: Collection[int], viewer: Actor) -> list[KeyResult]:
    return list(
        KeyResult.objects.visible_to(viewer)
        .active()
        .filter(pk__in=ids)
        .select_related("objective__team", "objective__cycle")
    )


def _running(key_results: Sequence[KeyResult]) -> Sequence[KeyResult]:
    """Keep those whose cycle is not over; all of them where every one is."""
    today = clock.today()
    return [row for row in key_results if row.objective.cycle.ends_on >= today] or key_results


def _suggestion(
    key_result: KeyResult, weights: dict[str, float], vote: tuple[float, list[str]] | None, item: Item | None
) -> Suggestion:
    text = f"{key_result.title} {key_result.short_name} {key_result.objective.title}"
    learned, like = vote or (0.0, [])
    score = 1 - (1 - _likeness(weights, text)) * (1 - learned)
    if item is not None and key_result.objective.team_id not in (None, item.team_id):
        score *= WEIGHT_OF_OTHER_TEAMS
    there = matched(list(weights), text)
    return Suggestion(
        key_result=key_result,
        score=round(score, 3),
        words=_as_written(text, sorted(there, key=lambda stem: -weights[stem])),
        like=tuple(like),
    )


def _as_written(text: str, beginnings: Iterable[str]) -> tuple[str, ...]:
    """Return the words of the text that have these beginnings, as they are written there."""
    written = {fold(word): word for word in re.findall(r"[^\W_]+", text)}
    return tuple(next(word for folded, word in written.items() if folded.startswith(stem)) for stem in beginnings)
