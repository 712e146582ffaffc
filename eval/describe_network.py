r"""Describes a network: layers, cost, receptive fields, end points; and a checkpoint.

Example:

  python -m eval.describe_network --model=mobilenet_v1_025 --image_size=128 \
    --checkpoint_path=mobilenet_v1_0.25_128.ckpt

Without --checkpoint_path the network alone. With it, the checkpoint's content, how it
matches the network, and which flags of training or evaluation help where it does not.
"""

import dataclasses

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags, network_name
from slimnets.config.inference import TrainedNetworkConfig

_MODEL = flags.DEFINE_string(
    "model",
    None,
    f"{network_name.MODEL_HELP} None reads it from settings.json of the checkpoint.",
)
_IMPORT = flags.DEFINE_string("import", None, network_name.IMPORT_HELP)
_CHECKPOINT_PATH = dataclass_flags.define_path(
    "checkpoint_path",
    None,
    "Checkpoint, or folder of checkpoints, to describe too; or the name of published"
    " weights, such as imagenet.",
)
_IMAGE_SIZE = flags.DEFINE_integer(
    "image_size",
    None,
    "Height and width of the images, in pixels. None takes training's, or the"
    " network's.",
    lower_bound=1,
)
_NUM_CLASSES = flags.DEFINE_integer(
    "num_classes",
    None,
    "Number of logits. None takes the checkpoint's, or the published network's.",
    lower_bound=1,
)
_FILTERS = dataclass_flags.define_path(
    "filters",
    None,
    "Picture to write, .png, of the first convolution's filters in the colours of the"
    " images (an extra); needs a checkpoint.",
)
flags.DEFINE_alias("model_name", "model")
flags.adopt_module_key_flags(dataclass_flags)


def describe(config: TrainedNetworkConfig, checkpoint: str | None) -> str:
    """Returns the description of a network, and of a checkpoint if there is one.

    Args:
      config: names the network, and what differs from its own images and classes.
      checkpoint: its path, or None.

    Raises:
      InputError: there is no such network, or the checkpoint is unreadable.
    """
    from slimnets import checkpoints
    from slimnets.nets import blueprint, registry
    from slimnets.report import description
    from slimnets.report.checkpoint_match import match_checkpoint

    row = registry.get_row(config.require_model())
    held = checkpoints.read_num_classes(checkpoint, row) if checkpoint else None
    traced = blueprint.trace(
        row,
        config.num_classes or held or row.classes,
        config.image_size,
        channels=1 if config.use_grayscale else None,
    )
    text = description.describe(row, traced)
    if checkpoint is None:
        return text
    match = match_checkpoint(checkpoint, traced.variables, held)
    return f"{text}\n\n{match}"


def main(argv: list[str]) -> None:
    """Prints the description."""
    errors.refuse_arguments(argv)
    from slimnets import checkpoints
    from slimnets.inference import filters
    from slimnets.inference.defaults import complete_config, find_weights

    config = TrainedNetworkConfig(
        model=_MODEL.value,
        import_module=_IMPORT.value,
        image_size=_IMAGE_SIZE.value,
        num_classes=_NUM_CLASSES.value,
    )
    checkpoint = None
    if _CHECKPOINT_PATH.value is not None:
        config = dataclasses.replace(config, checkpoint_path=_CHECKPOINT_PATH.value)
        config = find_weights(config, print)
        checkpoint = checkpoints.require(config.checkpoint_path)
        config = complete_config(config, checkpoint)
    if _FILTERS.value is not None:
        filters.check(_FILTERS.value, checkpoint)
    print(describe(config, checkpoint))
    if _FILTERS.value is not None and checkpoint is not None:
        print(filters.draw(_FILTERS.value, config, checkpoint))


if __name__ == "__main__":
    startup.run(main)
