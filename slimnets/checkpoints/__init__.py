"""Name-based checkpoints, TF-Slim's: found, read, written, and given to variables."""

from slimnets.checkpoints.classes import (
    get_variable_shapes,
    infer_num_classes,
    read_num_classes,
)
from slimnets.checkpoints.files import (
    AVERAGE_SUFFIX,
    BASENAME,
    GLOBAL_STEP,
    Misfit,
    Report,
    latest,
    read,
    refuse_misfits,
    require,
    restore,
    save,
    scope_of,
    shapes,
    step_of,
)
from slimnets.checkpoints.iterator import iterate

__all__ = [
    "AVERAGE_SUFFIX",
    "BASENAME",
    "GLOBAL_STEP",
    "Misfit",
    "Report",
    "get_variable_shapes",
    "infer_num_classes",
    "iterate",
    "latest",
    "read",
    "read_num_classes",
    "refuse_misfits",
    "require",
    "restore",
    "save",
    "scope_of",
    "shapes",
    "step_of",
]
