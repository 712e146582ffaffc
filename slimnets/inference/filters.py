"""--filters: a picture of the first convolution of a checkpoint."""

from pathlib import Path

import numpy as np

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files
from slimnets.config.inference import TrainedNetworkConfig
from slimnets.nets import blueprint, registry
from slimnets.report import contact_sheet, feature_maps

_RANKS = (4, 5)  # of the kernels of images and of videos


def check(path: str, checkpoint: str | None) -> None:
    """Raises an InputError for a picture that cannot be made."""
    if Path(path).suffix != ".png":
        raise errors.InputError(f"--filters={path} has to end in .png")
    if checkpoint is None:
        raise errors.InputError(
            "--filters shows the filters of a checkpoint: give --checkpoint_path, such"
            " as imagenet"
        )
    contact_sheet.require()
    try:
        atomic_files.make_writable(Path(path).parent)
    except OSError as error:
        raise errors.InputError(
            f"cannot write --filters={path}: {error.strerror}"
        ) from error


def draw(path: str, config: TrainedNetworkConfig, checkpoint: str) -> str:
    """Writes the picture, atomically; returns a line that says of which variable.

    Args:
      path: as `check` lets pass.
      config: names the network.
      checkpoint: its path.

    Raises:
      InputError: the network has no convolution of images, or the checkpoint lacks it.
    """
    name = find_first_convolution(config)
    values = _read(checkpoint, name)
    try:
        atomic_files.write_bytes(Path(path), feature_maps.draw_filters(values))
    except OSError as error:
        raise errors.InputError(
            f"cannot write --filters={path}: {error.strerror}"
        ) from error
    return f"wrote {path}: {values.shape[-1]} filters, {name}"


def find_first_convolution(config: TrainedNetworkConfig) -> str:
    """Returns the name of the first kernel over the channels of the images."""
    row = registry.get_row(config.require_model())
    channels = 1 if config.use_grayscale else None
    traced = blueprint.trace(row, config.num_classes or row.classes, channels=channels)
    taken = traced.images.shape[-1]
    for name, variable in traced.variables.items():
        if variable.shape.rank in _RANKS and variable.shape[-2] == taken:
            return name
    raise errors.InputError(f"{row.name} has no convolution over its images")


def _read(checkpoint: str, name: str) -> np.ndarray:
    """Returns a variable, or its moving average where the checkpoint has one."""
    reader = checkpoints.Reader(checkpoint)
    averaged = name + checkpoints.AVERAGE_SUFFIX
    key = averaged if averaged in reader.shapes else name
    if key not in reader.shapes:
        raise errors.InputError(f"{checkpoint} has no {name}: it is of another network")
    values = reader.read({name: key})[name]
    if not np.isfinite(values).all():
        raise errors.InputError(f"{key} in {checkpoint} has NaN or infinities")
    return values
