"""What of a checkpoint goes into another: weights, averages, the step."""

from collections.abc import Mapping

from slimnets import checkpoints, errors
from slimnets.checkpoints import names
from slimnets.maintenance.sources import Source


def choose_keys(
    source: Source, kinds: Mapping[str, str], averages: str
) -> dict[str, str]:
    """Returns the name in a checkpoint of each variable that goes into another.

    Args:
      source: the checkpoint.
      kinds: of its names.
      averages: what becomes of moving averages: "take", "keep" or "drop".

    Raises:
      InputError: nothing would be left.
    """
    keys = {}
    for name, kind in kinds.items():
        averaged = name + checkpoints.AVERAGE_SUFFIX
        if kind == names.NETWORK:
            has_average = averages == "take" and averaged in kinds
            keys[name] = averaged if has_average else name
        elif kind == names.AVERAGE and averages == "keep":
            keys[name] = name
        elif kind == names.AVERAGE and averages == "take":
            # A file of averages alone is one of weights under their own names.
            own = name.removesuffix(checkpoints.AVERAGE_SUFFIX)
            if own not in kinds:
                keys[own] = name
    if not keys:
        raise errors.InputError(f"{source.path} holds no weights")
    if checkpoints.GLOBAL_STEP in kinds:
        keys[checkpoints.GLOBAL_STEP] = checkpoints.GLOBAL_STEP
    return keys
