"""Name-based checkpoints, TF-Slim's: found, read, written, and given to variables."""

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

__all__ = [
    "AVERAGE_SUFFIX",
    "BASENAME",
    "GLOBAL_STEP",
    "Misfit",
    "Report",
    "latest",
    "read",
    "refuse_misfits",
    "require",
    "restore",
    "save",
    "scope_of",
    "shapes",
    "step_of",
]
