"""Settings that the user left open, read from a checkpoint and its settings."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import run_settings
from slimnets.config import calls
from slimnets.config.inference import EvalConfig, TrainedNetworkConfig
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import sources
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.registry import Dataset
from slimnets.nets import own
from slimnets.weights.published import cache, words

# The names that datasets give to the split that is held out of training.
_HELD_OUT = ("validation", "test", "val")


def find_weights(
    config: TrainedNetworkConfig, log: Callable[[str], None]
) -> TrainedNetworkConfig:
    """Puts the path of a checkpoint in the place of a word for published weights.

    Raises:
      InputError: the network has none of that name, or they are not to be had.
    """
    model = None if config.model is None else config.require_model()
    path = words.resolve(config.checkpoint_path, model, log)
    return dataclasses.replace(config, checkpoint_path=path)


def choose_folder(config: EvalConfig, checkpoint: str, split: str) -> str | None:
    """Returns where an evaluation's results go; None where nobody says.

    Beside the checkpoint, unless it lies in the cache of published weights.
    """
    if config.eval_dir or cache.holds(checkpoint):
        return config.eval_dir
    return str(Path(checkpoint).parent / f"eval_{split}")


def complete_config(
    config: TrainedNetworkConfig, checkpoint: str
) -> TrainedNetworkConfig:
    """Fills in what the settings beside a checkpoint say and the user did not.

    Raises:
      InputError: the network is named nowhere, or differently here and there.
    """
    saved = run_settings.read(checkpoint)
    if saved is None:
        if config.model is None:
            raise errors.InputError(
                f"no {run_settings.FILE} beside {checkpoint}, so name the network with"
                " --model"
            )
        return config
    if saved.module_folder is not None:
        own.search_in(saved.module_folder)
    if config.model is not None and not _names(config.require_model(), saved.model):
        raise errors.InputError(
            f"{checkpoint} is a checkpoint of {saved.model}, says {run_settings.FILE}"
            f" beside it; leave --model={config.model} out"
        )
    facts = dataclasses.asdict(saved)
    if config.dataset_dir is not None:
        facts.pop("dataset_name")
    known = {name: value for name, value in facts.items() if hasattr(config, name)}
    missing = {n: v for n, v in known.items() if getattr(config, n) is None}
    if config.model is not None:
        missing["model"] = _add_arguments(config.model, saved.model)
    return dataclasses.replace(config, **missing)


def _names(given: str, saved: str) -> bool:
    """Returns whether a network that the user gives may be the saved one.

    One's own may have been moved; whether it is the same its variables will tell.
    """
    same = calls.parse(given).name == calls.parse(saved).name
    return same or (own.is_reference(given) and own.is_reference(saved))


def _add_arguments(given: str, saved: str) -> str:
    """Returns a network's name with the arguments of the saved one, and its own."""
    name, arguments = calls.parse(given)
    return str(calls.Call(name, {**calls.parse(saved).arguments, **arguments}))


def find_num_classes(config: TrainedNetworkConfig, checkpoint: str) -> int | None:
    """Returns the number of logits that the user gave or the checkpoint has.

    Args:
      config: as `complete_config` returns it.
      checkpoint: its path.

    Returns:
      The number; None where the checkpoint is of features alone or another network.
    """
    if config.num_classes is not None:
        return config.num_classes
    return checkpoints.read_num_classes(checkpoint, config.require_model())


def find_activation(checkpoint: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns what makes probabilities of a network's logits.

    It is the sigmoid where each class was trained for itself, else the softmax.
    """
    saved = run_settings.read(checkpoint)
    return tf.nn.sigmoid if saved and saved.has_sigmoid else tf.nn.softmax


def require_labels(dataset: Dataset, checkpoint: str) -> Dataset:
    """Returns a dataset with labels of the kind that a network was trained on.

    To a network that gives each image any number of classes one is such a number.

    Raises:
      InputError: the images have several labels, the network was trained on one each.
    """
    saved = run_settings.read(checkpoint)
    if saved is None or saved.multi_label == dataset.multi_label:
        return dataset
    if dataset.multi_label:
        raise errors.InputError(
            f"the images of {dataset.name} have any number of labels each, {checkpoint}"
            " was trained on one an image; evaluate it on images of one label"
        )
    return dataclasses.replace(dataset, multi_label=True)


def make_decoding(
    completed: TrainedNetworkConfig, channels: int, max_pixels: int
) -> Decoding:
    """Returns how a trained network's images are decoded.

    Args:
      completed: as `complete_config` returns it.
      channels: of the network's images.
      max_pixels: that an image may have.
    """
    return Decoding(channels, completed.upright is not False, max_pixels)


def find_dataset(
    config: TrainedNetworkConfig,
    log: Callable[[str], None],
    *,
    skips: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> Dataset:
    """Returns the split to run on: the held-out one where none is named.

    Args:
      config: as `complete_config` returns it.
      log: gets the lines that tell how photos became a dataset.
      skips: as of `registry.get_dataset`.
      max_pixels: photos that have more are left out as they become a dataset.

    Raises:
      InputError: there is no such dataset or split, or none is held out.
    """
    reading = sources.PhotoReading(config.upright is not False, max_pixels)
    source = sources.prepare(config.dataset_dir, log, reading)
    split = config.dataset_split_name
    if split is None:
        splits = source.list_splits(config.dataset_name)
        held_out = [name for name in _HELD_OUT if name in splits]
        if not held_out:
            raise errors.InputError(
                f"{config.dataset_dir} has no held-out split; name one of"
                f" {', '.join(splits)} with --dataset_split_name"
            )
        split = held_out[0]
    return source.get_dataset(split, config.dataset_name, skips=skips)
