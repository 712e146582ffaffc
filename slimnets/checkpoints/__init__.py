"""Name-based checkpoints, TF-Slim's: found, read, written, and given to variables."""

from slimnets.checkpoints.adjusting import (
    Adjustment,
    find_adjustment,
    find_other_channels,
)
from slimnets.checkpoints.classes import (
    get_variable_shapes,
    infer_num_classes,
    read_num_classes,
)
from slimnets.checkpoints.finding import exists, find, require
from slimnets.checkpoints.iterator import iterate
from slimnets.checkpoints.names import (
    AVERAGE_SUFFIX,
    BASENAME,
    GLOBAL_STEP,
    LOSS_SCALE,
    get_scope,
    get_step,
    is_range,
)
from slimnets.checkpoints.reading import (
    Reader,
    describe_objects,
    find_damage,
    list_files,
    read,
    read_shapes,
)
from slimnets.checkpoints.restoring import (
    Misfit,
    RestoreReport,
    describe_not_finite,
    list_not_finite,
    require_match,
    require_used,
    restore,
)
from slimnets.checkpoints.saving import (
    clear_leftovers,
    copy,
    keep_only,
    list_leftovers,
    save,
)

__all__ = [
    "AVERAGE_SUFFIX",
    "BASENAME",
    "GLOBAL_STEP",
    "LOSS_SCALE",
    "Adjustment",
    "Misfit",
    "Reader",
    "RestoreReport",
    "clear_leftovers",
    "copy",
    "describe_not_finite",
    "describe_objects",
    "exists",
    "find",
    "find_adjustment",
    "find_damage",
    "find_other_channels",
    "get_scope",
    "get_step",
    "get_variable_shapes",
    "infer_num_classes",
    "is_range",
    "iterate",
    "keep_only",
    "list_files",
    "list_leftovers",
    "list_not_finite",
    "read",
    "read_num_classes",
    "read_shapes",
    "require",
    "require_match",
    "require_used",
    "restore",
    "save",
]
