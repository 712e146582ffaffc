"""Name-based checkpoints, TF-Slim's: found, read, written, and given to variables."""

from slimnets.checkpoints.classes import (
    get_variable_shapes,
    infer_num_classes,
    read_num_classes,
)
from slimnets.checkpoints.finding import find, require
from slimnets.checkpoints.iterator import iterate
from slimnets.checkpoints.names import (
    AVERAGE_SUFFIX,
    BASENAME,
    GLOBAL_STEP,
    get_scope,
    get_step,
)
from slimnets.checkpoints.reading import read, read_shapes
from slimnets.checkpoints.restoring import (
    Misfit,
    RestoreReport,
    require_match,
    restore,
)
from slimnets.checkpoints.saving import save

__all__ = [
    "AVERAGE_SUFFIX",
    "BASENAME",
    "GLOBAL_STEP",
    "Misfit",
    "RestoreReport",
    "find",
    "get_scope",
    "get_step",
    "get_variable_shapes",
    "infer_num_classes",
    "iterate",
    "read",
    "read_num_classes",
    "read_shapes",
    "require",
    "require_match",
    "restore",
    "save",
]
