"""A trained network and the images to run it on, as the programs of eval/ find them."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from slimnets import errors
from slimnets.datasets import registry as datasets
from slimnets.nets import registry as nets
from slimnets.preprocessing import registry as preprocessing
from slimnets.runtime import checkpoints, run_settings
from slimnets.runtime.config import SourceConfig
from slimnets.runtime.model import Model

# The names that datasets give to the split that is kept from training.
HELD_OUT = ("validation", "test", "val")


@dataclasses.dataclass(frozen=True)
class Source:
    """A network in inference mode, and how its images are prepared.

    Attributes:
      model: with the checkpoint's weights once `restore` was called.
      labels_offset: subtracted from the dataset's labels.
      use_moving_averages: whether `restore` reads averages where there are any.
      preprocess: uint8 [h, w, c] -> float32 [image_size, image_size, c].
    """

    model: Model
    labels_offset: int
    use_moving_averages: bool
    preprocess: Callable[[tf.Tensor], tf.Tensor]

    def restore(self, checkpoint: str) -> checkpoints.Report:
        """Gives the network a checkpoint's weights.

        Raises:
          InputError: the checkpoint is unreadable or of another network.
        """
        try:
            return checkpoints.restore(
                self.model.variables_by_name,
                checkpoint,
                averages=self.use_moving_averages,
            )
        except checkpoints.Misfit as error:
            raise errors.InputError(
                f"{error}; name its network with --model and the number of its classes"
                " with --num_classes"
            ) from error


def completed(config: SourceConfig, checkpoint: str) -> SourceConfig:
    """Fills in what the settings beside a checkpoint say and the user did not.

    Raises:
      InputError: the network is named nowhere.
    """
    saved = run_settings.read(checkpoint)
    if saved is None:
        if config.model is None:
            raise errors.InputError(
                f"no {run_settings.FILE} beside {checkpoint}, so name the network with"
                " --model"
            )
        return config
    if config.model not in (None, saved.model):
        raise errors.InputError(
            f"{checkpoint} is a checkpoint of {saved.model}, says {run_settings.FILE}"
            f" beside it; leave --model={config.model} out"
        )
    facts = dataclasses.asdict(saved)
    if config.dataset_dir is not None:
        facts.pop("dataset_name")
    given = {name: value for name, value in facts.items() if hasattr(config, name)}
    missing = {n: v for n, v in given.items() if getattr(config, n) is None}
    return dataclasses.replace(config, **missing)


def find_dataset(config: SourceConfig) -> datasets.Dataset:
    """Returns the split to run on; the held-out one where none is named."""
    split = config.dataset_split_name
    if split is None:
        splits = datasets.list_splits(config.dataset_dir, config.dataset_name)
        held_out = [name for name in HELD_OUT if name in splits]
        if not held_out:
            raise errors.InputError(
                f"{config.dataset_dir} has no held-out split; name one of"
                f" {', '.join(splits)} with --dataset_split_name"
            )
        split = held_out[0]
    return datasets.get_dataset(config.dataset_dir, split, config.dataset_name)


def classes_in(checkpoint: str, network: str) -> int | None:
    """Reads a network's number of classes off the shapes in a checkpoint.

    It is the last dimension of the variables whose shape the number of classes changes.

    Args:
      checkpoint: its path.
      network: a name of the registry.

    Returns:
      The number, or None if the checkpoint has none of these variables (it holds
      features alone) or they disagree.
    """
    two, three = _shapes(network, 2), _shapes(network, 3)
    held = checkpoints.shapes(checkpoint)
    sizes = {held[n][-1] for n in two if n in held and two[n] != three[n]}
    return sizes.pop() if len(sizes) == 1 else None


def _shapes(network: str, num_classes: int) -> dict[str, list[int]]:
    """Returns the shapes of a network's variables, in a graph that allocates none."""
    build = nets.get_network_fn(network, num_classes)
    row = nets.get_row(network)
    with tf.Graph().as_default():
        build(tf.zeros([1, row.image_size, row.image_size, row.channels]))
        made = tf.compat.v1.global_variables()
        return {variable.op.name: variable.shape.as_list() for variable in made}


def load(config: SourceConfig, num_classes: int | None) -> Source:
    """Makes the network that a completed configuration names.

    Args:
      config: as `completed` returns it.
      num_classes: of the network's logits; None for features alone.
    """
    model = Model(
        config.model,
        num_classes,
        image_size=config.image_size,
        channels=1 if config.use_grayscale else None,
    )
    size = model.image_size
    recipe = preprocessing.get_preprocessing(
        config.preprocessing_name or config.model, False, bool(config.use_grayscale)
    )
    return Source(
        model=model,
        labels_offset=config.labels_offset or 0,
        use_moving_averages=config.use_moving_averages,
        preprocess=lambda image: recipe(image, size, size),
    )


def checkpoints_in(
    path: str, interval_secs: int, timeout: int, most: int
) -> Iterator[str]:
    """Yields a checkpoint, and with an interval each newer one as it appears.

    Args:
      path: folder of checkpoints, or one checkpoint.
      interval_secs: seconds between two looks; 0 yields the present one alone.
      timeout: seconds without a new one after which to end; 0 for never.
      most: how many to yield at most; 0 for any number.
    """
    if not interval_secs:
        yield checkpoints.require(path)
        return
    last, count, waiting_since = None, 0, time.monotonic()
    while not timeout or time.monotonic() - waiting_since < timeout:
        found = checkpoints.latest(path)
        if found not in (None, last):
            yield found
            last, count, waiting_since = found, count + 1, time.monotonic()
            if count == most:
                return
        time.sleep(min(interval_secs, timeout or interval_secs))
    if last is None:
        checkpoints.require(path)  # says that there was none


def as_numpy(values: Any) -> Any:
    """Returns a structure of tensors as arrays."""
    return tf.nest.map_structure(lambda tensor: tensor.numpy(), values)
