"""The names of checkpoints and of what is in them: TF-Slim's."""

import re
from collections.abc import Collection, Iterable, Iterator

BASENAME = "model.ckpt"
GLOBAL_STEP = "global_step"
AVERAGE_SUFFIX = "/ExponentialMovingAverage"
LOSS_SCALE = ("current_loss_scale", "good_steps")  # TensorFlow 1's names

# Kinds of what is in a checkpoint.
NETWORK, AVERAGE, SLOT, TRAINING = "network", "average", "slot", "training"

# What programs and optimizers keep beside networks, as the last part of a name; the
# mean of the images stands in checkpoints of 2016.
_OF_TRAINING = frozenset(
    {
        GLOBAL_STEP,
        *LOSS_SCALE,
        "beta1_power",
        "beta2_power",
        "mean_rgb",
        "save_counter",
        "fake_quantization_step",  # tf.contrib.quantize's
    }
)
_OF_BATCH_NORM = frozenset({"biased", "local_step"})  # helpers of a debiased average
_SLOT = "/.OPTIMIZER_SLOT/"  # in the names of tf.train.Checkpoint
_ATTRIBUTE = "/.ATTRIBUTES/VARIABLE_VALUE"
_AUXILIARY = "AuxLogits"
_RANGE = re.compile(r"_quant(_\d+)?/(.*/)?(min|max)(/biased|/local_step)?(/|$)")

# A killed process leaves files of this name, which no reader takes for a checkpoint.
UNFINISHED = "unfinished-"


def get_step(path: str) -> int:
    """Returns the step at the end of a checkpoint's path; 0 where there is none."""
    match = re.search(r"-(\d+)$", path)
    return int(match.group(1)) if match else 0


def is_range(name: str) -> bool:
    """Whether a name is of the ranges that quantization-aware training follows."""
    return _RANGE.search(name) is not None


def get_scope(name: str) -> str:
    """Returns the first two parts of a name: what excludes a layer and its like."""
    return "/".join(name.split("/")[:2])


def list_foreign(held: Iterable[str], variables: Collection[str]) -> list[str]:
    """Returns the names in a file that neither a network nor its training accounts for.

    Training adds steps, the optimizers' slots and moving averages, which lie below
    their variable's name, an auxiliary head, and the ranges of quantization.

    Args:
      held: names in the file.
      variables: names of the network's variables.
    """
    ours = set(variables)
    return [
        name
        for name in held
        if name not in ours
        and _AUXILIARY not in name
        and _SLOT not in name
        and not is_range(name)
        and name.removesuffix(_ATTRIBUTE).rpartition("/")[2] not in _OF_TRAINING
        and not any(part in ours for part in _list_owners(name))
    ]


def list_kinds(
    held: Collection[str], variables: Collection[str] | None = None
) -> dict[str, str]:
    """Tells what each name in a checkpoint is.

    Args:
      held: names in the checkpoint.
      variables: names of the network's variables; None where the network is not
        known. Then what lies below another name is a slot or an average.

    Returns:
      By name, one of NETWORK, AVERAGE, SLOT and TRAINING.
    """
    names = set(held)
    return {name: _tell_kind(name, names, variables) for name in held}


def _tell_kind(name: str, held: set[str], variables: Collection[str] | None) -> str:
    if variables is not None and name in variables:
        return NETWORK
    last = name.removesuffix(_ATTRIBUTE).rpartition("/")[2]
    if last in _OF_TRAINING:
        return TRAINING
    if name.endswith(AVERAGE_SUFFIX):
        return AVERAGE
    if last in _OF_BATCH_NORM:
        return NETWORK
    owners = held if variables is None else held | set(variables)
    if _SLOT in name or any(part in owners for part in _list_owners(name)):
        return SLOT
    return NETWORK


def _list_owners(name: str) -> Iterator[str]:
    """Yields what a slot may belong to: it lies below it, in a scope of training's."""
    parts = name.split("/")
    for end in range(len(parts) - 1, 0, -1):
        for start in range(end):
            yield "/".join(parts[start:end])
