"""Every write of the backlog, the board and the Sprints."""

from .blocks import block_item, unblock_item
from .columns import create_column, delete_column, edit_column, edit_columns, ensure_columns, order_columns
from .items import create_item, edit_item, remove_item, remove_items, restore_item
from .moves import move_item, move_items, rank_item, rank_items
from .orders import order_items
from .sprints import (
    add_items_to_sprint,
    add_to_sprint,
    close_sprint,
    create_sprint,
    edit_sprint,
    rewrite_sprint,
    start_sprint,
    take_items_out_of_sprint,
    take_out_of_sprint,
)
from .unseen import Meanwhile

__all__ = [
    "Meanwhile",
    "add_items_to_sprint",
    "add_to_sprint",
    "block_item",
    "close_sprint",
    "create_column",
    "create_item",
    "create_sprint",
    "delete_column",
    "edit_column",
    "edit_columns",
    "edit_item",
    "edit_sprint",
    "ensure_columns",
    "move_item",
    "move_items",
    "order_columns",
    "order_items",
    "rank_item",
    "rank_items",
    "remove_item",
    "remove_items",
    "restore_item",
    "rewrite_sprint",
    "start_sprint",
    "take_items_out_of_sprint",
    "take_out_of_sprint",
    "unblock_item",
]
