"""Every write of this area, by noun."""

from .alignments import align, unalign
from .cycles import archive_cycle, create_cycle, edit_cycle, restore_cycle
from .key_results import (
    archive_key_result,
    create_key_result,
    edit_key_result,
    move_key_result,
    propose_short_name,
    restore_key_result,
)
from .measurements import (
    CheckInsRefused,
    check_in,
    check_in_all,
    correct_measurement,
    measure,
    withdraw_measurement,
)
from .objectives import archive_objective, create_objective, edit_objective, move_objective, restore_objective

__all__ = [
    "CheckInsRefused",
    "align",
    "archive_cycle",
    "archive_key_result",
    "archive_objective",
    "check_in",
    "check_in_all",
    "correct_measurement",
    "create_cycle",
    "create_key_result",
    "create_objective",
    "edit_cycle",
    "edit_key_result",
    "edit_objective",
    "measure",
    "move_key_result",
    "move_objective",
    "propose_short_name",
    "restore_cycle",
    "restore_key_result",
    "restore_objective",
    "unalign",
    "withdraw_measurement",
]
