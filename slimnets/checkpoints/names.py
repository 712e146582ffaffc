"""The names of checkpoints and of what is in them: TF-Slim's."""

import re

BASENAME = "model.ckpt"
GLOBAL_STEP = "global_step"
AVERAGE_SUFFIX = "/ExponentialMovingAverage"

# A killed process leaves files of this name, which no reader takes for a checkpoint.
UNFINISHED = "unfinished-"


def get_step(path: str) -> int:
    """Returns the step at the end of a checkpoint's path; 0 where there is none."""
    match = re.search(r"-(\d+)$", path)
    return int(match.group(1)) if match else 0


def get_scope(name: str) -> str:
    """Returns the first two parts of a name: what excludes a layer and its like."""
    return "/".join(name.split("/")[:2])
