"""Feature extraction: chosen end points of a trained network over many images."""

import dataclasses
import fnmatch
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExtractConfig
from slimnets.inference.defaults import (
    complete_config,
    find_activation,
    find_num_classes,
    find_weights,
)
from slimnets.inference.extraction import batches, images
from slimnets.inference.extraction.writers import formats
from slimnets.inference.predictor import load_predictor
from slimnets.model import Model


class Extraction(NamedTuple):
    """What was extracted.

    Attributes:
      report: how the checkpoint fitted.
      shapes: of each end point for one image, by name.
      num_images: how many images were run.
      output: the file.
      left_out: a line for each image that was not: which it is, and why.
    """

    report: checkpoints.RestoreReport
    shapes: dict[str, tuple[int, ...]]
    num_images: int
    output: str
    left_out: tuple[str, ...] = ()


def extract(config: ExtractConfig, log: Callable[[str], None] = print) -> Extraction:
    """Runs the network and writes the chosen end points to a file.

    A .npz holds one array [images, ...] for each end point, and 'label' (-1 where
    unknown; where any number of classes may be true, [images, classes] of 0 and 1),
    'class_name' ('' where unknown, 'a|b' of several) and 'filename'. A .tfrecord holds
    one tf.Example an image: each end point as a float list with its shape under
    '<name>/shape', and 'image/filename', 'image/class/label' and 'image/class/text'.
    A .npy holds one end point, and its .npy.csv filename, label and class_name; a
    .parquet a row an image, of these three columns and one for each end point.

    Memory holds some batches, whatever the number of images.

    Args:
      config: all settings.
      log: gets the lines that tell how the checkpoint and the labels fit.

    Raises:
      InputError: a setting or an input is at fault; an end point is unknown.
    """
    output = _check_output(config)
    trained = find_weights(config.trained, log)
    config = dataclasses.replace(config, trained=trained)
    checkpoint = checkpoints.require(trained.checkpoint_path, log)
    completed = complete_config(config.trained, checkpoint)
    num_classes = find_num_classes(completed, checkpoint)
    predictor = load_predictor(completed, num_classes, config.inference)
    names = choose_end_points(config.end_points, _list_end_points(predictor.model))
    formats.check(output, names)
    report = predictor.restore(checkpoint)
    log(str(report))
    found = images.find(config, completed, checkpoint, predictor, log)
    wanted = batches.Wanted(**{"pooled" if config.pool else "whole": names})
    shapes: dict[str, tuple[int, ...]] = {}
    num_images = 0
    with formats.open_file(output, config.pool) as add:
        activation = find_activation(checkpoint)
        for batch in batches.run(predictor, wanted, found, activation):
            add(batch)
            values = batch.pooled if config.pool else batch.whole
            shapes = {name: value.shape[1:] for name, value in values.items()}
            num_images += len(batch.numbers)
    return Extraction(
        report,
        shapes,
        num_images,
        str(output),
        left_out=(*found.unreadable, *found.left_out.lines),
    )


def choose_end_points(patterns: Sequence[str], end_points: Sequence[str]) -> list[str]:
    """Returns the end points that match any of the patterns, in network order.

    Args:
      patterns: names or shell wildcards.
      end_points: all names there are.

    Raises:
      InputError: there are no patterns, or one matches nothing; lists the names.
    """
    listed = ", ".join(end_points)
    if not patterns:
        raise errors.InputError(f"name --end_points, some of: {listed}")
    for pattern in patterns:
        if not fnmatch.filter(end_points, pattern):
            raise errors.InputError(
                f"no end point matches {pattern!r}; known: {listed}"
            )
    return [
        name
        for name in end_points
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    ]


def _check_output(config: ExtractConfig) -> Path:
    dataclass_flags.check(config)
    output = Path(config.output or "")
    formats.check(output)
    if config.images and config.trained.dataset_dir:
        raise errors.InputError(
            "--images and --dataset_dir both say which images to run; give one"
        )
    try:
        atomic_files.make_writable(output.parent)
    except OSError as error:
        raise errors.InputError(
            f"cannot write --output={output}: {error.strerror}"
        ) from error
    return output


def _list_end_points(model: Model) -> list[str]:
    """Returns the names of the end points that have a row for each image."""
    shape = [2, model.image_size, model.image_size, model.channels]
    outputs = (
        tf.function(lambda images: model(images)[1], autograph=False)
        .get_concrete_function(tf.TensorSpec(shape))
        .structured_outputs
    )
    return [name for name, spec in outputs.items() if spec.shape[:1] == shape[:1]]
