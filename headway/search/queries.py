"""Find by words, and find the Key Results that an item seems to be about."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Case, Q, When

from headway.lib import clock
from headway.okr.models import KeyResult
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.models import Item
from headway.value.models import Serves

from . import fulltext
from .asked import REMOVED, Asked, Filters, Term, understand
from .fulltext import Candidates, Match, Scope
from .hits import Hit, Row, hits_of, is_done, rows_of
from .narrowing import items as narrowed_items
from .narrowing import narrow
from .sources import ITEM, KEY_RESULT, KINDS
from .spelling import corrected
from .words import every_word, fold, matched, stems

_KEY = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)[-\s](\d{1,9})\s*")
_NUMBER = re.compile(r"\s*#?(\d{1,9})\s*")

MOST_STEMS = 24
RAREST_STEMS = 8
NEIGHBOURS = 40
VOTES = 10
# A Key Result of another team is more rarely what is meant.
WEIGHT_OF_OTHER_TEAMS = 0.6
LEAST_SCORE = 0.08
#: So many of each kind whose titles match are looked at for a first page, so many of the newest that mention it.
LOOKED_AT, MENTIONS = 60, 100
FIRST_PAGE = 20
MOST_REMOVED = 2_000


@dataclass(frozen=True)
class Found:
    """Hits in order, and how many there are in all. `counts`: kind → how many, of every kind with a hit.

    `asked` is what was understood; `corrected` the words that were looked for in place of those typed, where those
    found nothing: (typed, used). `has_more` where there are more than `total` says, which counts no further than
    some thousands.
    """

    hits: tuple[Hit, ...]
    total: int
    counts: Mapping[str, int] = field(default_factory=dict, compare=False)
    asked: Asked = field(default_factory=Asked, compare=False)
    corrected: tuple[tuple[str, str], ...] = ()
    has_more: bool = field(default=False, compare=False)


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
    offset: int = 0,
    filters: Filters | None = None,
    language: str | None = None,
    with_excerpts: bool = True,
) -> Found:
    """Find things of the viewer's organisation by words, best first, whatever their kind.

    `text` may hold filters, phrases and words to leave out (`asked.understand`); `kinds`, `team` and `filters` narrow
    further. Each word may be a beginning ("pri" finds "price"), or another form of the word in the viewer's language;
    all of them must be there. An item's key or number comes first. Where nothing is found, mistyped words are put
    right. Any text is safe. At most eight queries, whatever the size; five without excerpts where nothing is mistyped.
    """
    pool = _pool(text, viewer, kinds, team, filters, language, most=offset + limit)
    page = pool.rows[offset : offset + limit]
    hits = tuple(hits_of(page, pool.asked.marks, viewer, with_excerpts=with_excerpts))
    return Found(hits, pool.total, pool.counts, pool.asked, pool.corrected, bool(pool.more))


def find_by_kind(
    text: str,
    *,
    viewer: Actor,
    kinds: Collection[str] | None = None,
    team: Team | None = None,
    limit: int = 6,
    filters: Filters | None = None,
    language: str | None = None,
    with_excerpts: bool = True,
) -> dict[str, Found]:
    """Find the best of each kind, as `find` does and in as many queries; kinds without a hit are left out."""
    pool = _pool(text, viewer, kinds, team, filters, language, most=limit)
    of_kind: dict[str, list[Row]] = {kind: [] for kind in KINDS}
    for row in pool.rows:
        if len(of_kind[row.match.kind]) < limit:
            of_kind[row.match.kind].append(row)
    shown = [row for rows in of_kind.values() for row in rows]
    hits = hits_of(shown, pool.asked.marks, viewer, with_excerpts=with_excerpts)
    groups: dict[str, list[Hit]] = {}
    for row, hit in zip(shown, hits, strict=True):
        groups.setdefault(row.match.kind, []).append(hit)
    return {
        kind: Found(tuple(group), pool.counts[kind], pool.counts, pool.asked, pool.corrected, kind in pool.more)
        for kind, group in groups.items()
    }


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


# What matches, in order


@dataclass(frozen=True)
class _Pool:
    """The rows that may be shown, best first; `counts` tells how many there are of each kind in all."""

    rows: list[Row]
    counts: dict[str, int]
    asked: Asked
    corrected: tuple[tuple[str, str], ...] = ()
    more: frozenset[str] = frozenset()

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def _pool(
    text: str,
    viewer: Actor,
    kinds: Collection[str] | None,
    team: Team | None,
    filters: Filters | None,
    language: str | None,
    *,
    most: int,
) -> _Pool:
    asked = understand(text, filters=filters, language=language)
    wanted = tuple(kind for kind in KINDS if kinds is None or kind in kinds)
    if viewer.organisation_id is None or not wanted or not (asked.terms or asked.filters):
        return _Pool([], {}, asked)
    scope, narrowed = narrow(asked.filters, Scope(viewer.organisation_id, wanted, team.pk if team else None), viewer)
    if asked.filters.state == REMOVED:
        return _removed(asked, scope, viewer)
    # On a first page few of each kind are looked at; further on all candidates, so that the pages agree.
    is_first = most <= FIRST_PAGE
    looked_at = (MENTIONS if asked.terms else most) if is_first else fulltext.MOST_COUNTED
    found = fulltext.candidates(asked, scope, most=looked_at, narrowed=narrowed)
    changed: tuple[tuple[str, str], ...] = ()
    direct = _by_key(text, viewer, scope) if ITEM in scope.kinds else []
    if not found.counts and not direct and (better := _put_right(asked, viewer.organisation_id, language)):
        found = fulltext.candidates(better[0], scope, most=looked_at, narrowed=narrowed)
        asked, changed = better if found.counts else (asked, ())
    rows = _read(found, direct, viewer, most) if is_first and asked.terms else rows_of(_all_of(found, direct), viewer)
    direct = [match for match in direct if match in rows]
    counts = dict(found.counts)
    counts[ITEM] = max(counts.get(ITEM, 0), len(direct))
    ordered = _in_order(found, rows, asked, first=direct)
    return _Pool(ordered, {kind: counts[kind] for kind in KINDS if counts.get(kind)}, asked, changed, found.more)


def _all_of(found: Candidates, direct: Sequence[Match]) -> Iterable[Match]:
    return dict.fromkeys([*direct, *found.titled, *found.mentioned])


def _read(found: Candidates, direct: Sequence[Match], viewer: Actor, most: int) -> dict[Match, Row]:
    """Read the rows of which the best `most` are shown: the best titles, and of the items that mention it as many."""
    seen: Counter[str] = Counter()
    known = dict.fromkeys(direct)
    for match in found.titled:
        seen[match.kind] += 1
        if seen[match.kind] <= LOOKED_AT:
            known[match] = None
    items = [match.id for match in found.mentioned if match.kind == ITEM and match not in known]
    others = (match for match in found.mentioned if match.kind != ITEM)
    return rows_of(dict.fromkeys([*known, *others]), viewer, mentioned=items, most=most)


def _in_order(found: Candidates, rows: Mapping[Match, Row], asked: Asked, first: Sequence[Match]) -> list[Row]:
    """Put what the title says before what the text mentions, what is open before what is done, whole words before
    beginnings, what the title says little else of before the rest, and the newer first among those alike.

    Without words the newest come first.
    """
    titled = set(found.titled)
    typed = [word for term in asked.terms for word in term.typed.split()]

    def place(row: Row) -> tuple[int, bool, int]:
        if row.match not in titled and not (found.has_more_titles and _is_in_title(row.title, asked.terms)):
            return 2, is_done(row), 0
        said = every_word(row.title)
        share = 5 if said == typed else round(4 * len(typed) / max(1, len(said)))
        return int(not _is_as_typed(said, asked.terms)), is_done(row), -share

    ordered = [rows[match] for match in dict.fromkeys([*found.titled, *found.mentioned]) if match in rows]
    if asked.terms:
        ordered.sort(key=lambda row: row.changed, reverse=True)
        ordered.sort(key=place)
    return [rows[match] for match in first] + [row for row in ordered if row.match not in first]


def _is_in_title(title: str, terms: Sequence[Term]) -> bool:
    return all(matched(term.marks, title) for term in terms)


def _is_as_typed(said: Collection[str], terms: Sequence[Term]) -> bool:
    """Say whether a title has all words as they were typed, not only what begins with them or another form."""
    there = set(said)
    return all(there.issuperset(term.typed.split()) for term in terms)


def _by_key(text: str, viewer: Actor, scope: Scope) -> list[Match]:
    """Return items by their key (ANT-12), a tracker's key, or their number alone. One query where it looks like one."""
    key, number = _KEY.fullmatch(text), _NUMBER.fullmatch(text)
    if not (key or number):
        return []
    items = Item.objects.visible_to(viewer).active()
    if scope.team_id is not None:
        items = items.filter(team=scope.team_id)
    if key:
        own = Q(team__key=key[1].upper(), number=int(key[2]))
        either = items.filter(own | Q(tracker_key__in={text.strip(), text.strip().upper()}))
        items = either.annotate(is_own=Case(When(own, then=0), default=1)).order_by("is_own")
    elif number:
        items = items.filter(number=int(number[1])).order_by("category", "-updated_at")[:5]
    return [Match(ITEM, pk) for pk in items.values_list("pk", flat=True)]


def _put_right(
    asked: Asked, organisation_id: int, language: str | None
) -> tuple[Asked, tuple[tuple[str, str], ...]] | None:
    """Return the search with mistyped words put right, and what was changed; None where nothing seems mistyped."""
    changed = []
    terms = []
    for term in asked.terms:
        is_word = len(term.readings[0].words) == 1 and term.readings[0].is_beginning
        better = corrected(term.typed, organisation_id) if is_word else None
        if better is None:
            terms.append(term)
        else:
            changed.append((term.typed, better))
            terms += understand(better, language=language).terms
    return (replace(asked, terms=tuple(terms)), tuple(changed)) if changed else None


def _removed(asked: Asked, scope: Scope, viewer: Actor) -> _Pool:
    """Find among removed items, which the index leaves out: few, so they are read, the last removed first."""
    if ITEM not in scope.kinds:
        return _Pool([], {}, asked)
    items = narrowed_items(replace(asked.filters, state=""), viewer) or Item.objects.none()
    items = items.exclude(removed_at=None).order_by("-removed_at")
    if scope.team_id is not None:
        items = items.filter(team=scope.team_id)
    read = items.values_list("pk", "title", "description")[:MOST_REMOVED]
    pks = [
        pk
        for pk, title, description in read
        if all(matched(term.marks, f"{title} {description[:2_000]}") for term in asked.terms)
        and not any(matched(term.marks, f"{title} {description[:2_000]}") for term in asked.without)
    ]
    rows = rows_of([Match(ITEM, pk) for pk in pks[:LOOKED_AT]], viewer)
    ordered = [rows[match] for match in (Match(ITEM, pk) for pk in pks) if match in rows]
    return _Pool(ordered, {ITEM: len(pks)} if pks else {}, asked)


def _key_results(ids: Collection[int], viewer: Actor) -> list[KeyResult]:
    return list(
        KeyResult.objects.visible_to(viewer)
        .active()
        .filter(pk__in=ids)
        .select_related("objective__team", "objective__cycle")
    )


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
