"""The public JSON API under /api/v1: one file an area, on `platform`. Docs: /api/v1/docs, docs/howto/api.md.

**Add an area.** `cycles.py` is the pattern; copy it. In short:

1. `area = Area("Items")` (the heading in the document), and in `application.py` one line in `AREAS`.
2. Shapes: `Out` for answers, `In` for bodies of POST and PUT, `Edit` for PATCH (`body.given()` holds what was sent),
   `Paging` (or `Filters`) for query parameters (`filters: Query[ItemFilters]`). Fields take the types of
   `platform.schemas`: `Id Whole Number Flag Day Moment Text Line`; nothing is coerced. Name classes as the product
   does: `Item`, `NewItem`, `ItemEdit`; the model is `scrum.Item` (`from headway.scrum import models as scrum`).
   A docstring of a class or function is what the document says. Do not write `from __future__ import annotations`.
3. Operations: `@area.read(path)`, `@area.create(path, scope=…)`, `@area.act(path + "/verb", scope=…)`,
   `@area.change(path, scope=…)` (PATCH), `@area.replace` (PUT), `@area.remove`. No slash at the end; ids as
   `{int:item_id}`; of a team: `/teams/{team_key}/…`, with `team_of(request, team_key)`. A function's name is unique in
   the whole API.
   The scope is that of the verb which the action requires (`people.access.SCOPES`).
4. In a function: `found(Model.objects.visible_to(request.actor), pk=…)` for what the address names (404),
   `chosen(rows, "field_id", body.field_id)` for what a body names (422); one action with `by=request.actor`; return
   `represent(row)`. Exceptions fly: `ValidationError`, `Forbidden`, `CannotUndo`, `Http404`, `Problem(status, …)` all
   become problems. A field of a ValidationError is renamed where the API has `owner_id` for `owner`, `class` for
   `klass`.
5. Lists: `page_of(queryset, filters, represent, order=("-number", "id"))`; many rows with more queries:
   `slice_of`, then represent all; rows that a query put together:
   `page_of_list(rows, filters, represent, key=…, name=…)`.
6. The wrapper does the rest: token, scope, limits, transaction, ETag and If-Match (compared with what the `read` of the
   same path, or of the nearest path above that names a thing, answers now; `of=` where there is none), Idempotency-Key,
   the Change's id, the document. An action with `seen` is for `act(…, takes_seen=True)`: hand it `request.seen`.
7. A line for each operation in a file of `tests/api/walk/` (the access walk finds it there), and tests beside
   (`tests/api/test_cycles.py`).
"""
