"""The lines of board, items and Sprints in the table of the access walk."""

from headway.scrum.models import Column
from tests.api.walk import Op
from tests.world import World, make_item, make_sprint

ITEM = {"number": "item_number"}
SPRINT = {"number": "sprint_number"}
NUMBERS = ["{item_number}"]

OPERATIONS = {
    "list_columns": Op("read"),
    "get_column": Op("read"),
    "create_column": Op("manage_team", {"name": "In review", "category": "doing"}),
    "edit_column": Op("manage_team", {"limit": 3}),
    "order_columns": Op("manage_team", {"column_ids": "{column_ids}"}),
    "delete_column": Op("manage_team", {}, places={"column_id": "spare_column_id"}),
    "list_items": Op("read"),
    "get_item": Op("read", places=ITEM),
    "get_item_outlook": Op("read", places=ITEM),
    "list_item_statuses": Op("read", places=ITEM),
    "create_item": Op("write_item", {"title": "New"}),
    "edit_item": Op("write_item", {"title": "Other"}, places=ITEM),
    "move_item": Op("write_item", {"column_id": "{column_id}"}, places=ITEM),
    "rank_item": Op("order_backlog", {"at_top": True}, places=ITEM),
    "block_item": Op("write_item", {"because": "No contract"}, places=ITEM),
    "unblock_item": Op("write_item", places=ITEM),
    "plan_item": Op("write_item", {"sprint_number": "{sprint_number}"}, places=ITEM),
    "remove_item": Op("write_item", places=ITEM),
    "restore_item": Op("write_item", places=ITEM),
    "move_items": Op("write_item", {"numbers": NUMBERS, "column_id": "{column_id}"}),
    "rank_items": Op("order_backlog", {"numbers": NUMBERS, "at_top": True}),
    "order_items": Op("order_backlog", {"numbers": NUMBERS}),
    "plan_items": Op("write_item", {"numbers": NUMBERS, "sprint_number": "{sprint_number}"}),
    "remove_items": Op("write_item", {"numbers": NUMBERS}),
    "list_sprints": Op("read"),
    "get_sprint": Op("read", places=SPRINT),
    "get_burn_up": Op("read", places=SPRINT),
    "create_sprint": Op("plan_sprint", {"goal": "Ship"}),
    "edit_sprint": Op("plan_sprint", {"goal": "Ship"}, places=SPRINT),
    "start_sprint": Op("plan_sprint", places=SPRINT),
    "close_sprint": Op("plan_sprint", {"reason": "Too much"}, places=SPRINT),
    "aim_sprint": Op("plan_sprint", {"key_result_id": None}, places=SPRINT),
}


def places(world: World) -> dict[str, object]:
    columns = list(Column.objects.filter(team=world.team))
    spare = Column.objects.create(team=world.team, name="Spare", category="doing", position=9)
    return {
        "column_id": columns[1].pk,
        "spare_column_id": spare.pk,
        "column_ids": [spare.pk, *(column.pk for column in columns)],
        "item_number": make_item(world.team, "Walked").number,
        "sprint_number": make_sprint(world.team, 1).number,
    }
