"""A tf.data.Dataset of one's own, as training and evaluation take it from Python.

    photos = elements.make_dataset(pairs, class_names=["cat", "dog"])
    trainer.train(config, dataset=photos)

Its order is its own: nothing is shuffled here; `pairs.shuffle(1000, seed=1)` does so. A
seeded run that resumes passes over what it has had, so it goes on exactly where the
dataset gives the same elements in each process.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import images, metadata
from slimnets.datasets.registry import Dataset
from slimnets.preprocessing.encoded import Encoded

_HOW = "an element is (image, label)"


def make_dataset(
    pairs: tf.data.Dataset,
    class_names: Sequence[str],
    num_examples: int | None = None,
    *,
    name: str = "own",
    split: str = "train",
) -> Dataset:
    """Makes a dataset of (image, label) elements.

    Args:
      pairs: images are uint8 [height, width, 1 or 3], or float of that shape in [0, 1],
        or image files as they are, string []. Labels are integers [], or [classes] of 0
        and 1 (or bool) where any number of classes may be true.
      class_names: by label.
      num_examples: in an epoch; None counts the elements, by reading them if need be.
      name: of the dataset.
      split: what it is to be called.

    Raises:
      InputError: elements are something else, or there are none, or no end of them.
    """
    class_names = tuple(class_names)
    metadata.check_class_names(class_names)
    image, label = _get_specs(pairs)
    _check_image(image)
    _check_label(label, len(class_names))
    if num_examples is None:
        num_examples = _count(pairs)
    if num_examples < 1:
        raise errors.InputError(f"the dataset {name} has no elements")
    return Dataset(
        name=name,
        split=split,
        files=(),
        counts=(num_examples,),
        class_names=class_names,
        channels=3 if image.dtype == tf.string else image.shape[2] or 3,
        multi_label=label.shape.rank == 1,
        elements=pairs,
    )


def read(dataset: Dataset, repeats: bool) -> tf.data.Dataset:
    """Returns (number, (image, label)), the numbers from 0 in each epoch.

    Args:
      dataset: of elements.
      repeats: whether it goes on without end.
    """
    pairs = require_elements(dataset)
    count = dataset.num_examples
    if repeats:
        return pairs.repeat().enumerate().map(lambda k, pair: (k % count, pair))
    return pairs.enumerate()


def require_elements(dataset: Dataset) -> tf.data.Dataset:
    """Returns the elements of a dataset that has them."""
    if dataset.elements is None:
        raise ValueError(f"{dataset.name} has files, no elements")
    return dataset.elements


def take_image(
    image: tf.Tensor, channels: int, upright: bool, max_pixels: int
) -> tf.Tensor | Encoded:
    """Returns an element's image as recipes take it: encoded, or uint8.

    Args:
      image: of an element.
      channels: that a recipe is to get.
      upright: turn photos as their cameras noted.
      max_pixels: of an encoded image.
    """
    if image.dtype == tf.string:
        return Encoded(image, channels, upright, max_pixels)
    if image.dtype.is_floating:
        in_range = tf.reduce_all((image >= 0) & (image <= 1))
        message = "a float image has values outside [0, 1]"
        with tf.control_dependencies([tf.debugging.Assert(in_range, [message])]):
            image = tf.image.convert_image_dtype(image, tf.uint8)
    image = tf.ensure_shape(image, [None, None, image.shape[2]])
    if image.shape[2] == channels:
        return image
    return (
        tf.image.grayscale_to_rgb(image)
        if channels == 3
        else tf.image.rgb_to_grayscale(image)
    )


def list_classes(label: tf.Tensor) -> tf.Tensor:
    """Returns the label of an element, or all that are true, as int64."""
    if label.shape.rank == 0:
        return tf.cast(label, tf.int64)
    marks = tf.cast(label, tf.float32)
    are_marks = tf.reduce_all((marks == 0) | (marks == 1))
    message = "labels are not all 0 or 1"
    with tf.control_dependencies([tf.debugging.Assert(are_marks, [message])]):
        return tf.where(marks > 0)[:, 0]


def describe_fault(
    error: Exception, dataset: Dataset, lowest: int = 0, max_pixels: int = MAX_PIXELS
) -> str:
    """Says in one line which element made iterating fail, by looking through all.

    Args:
      error: what TensorFlow raised.
      dataset: of elements.
      lowest: the lowest label.
      max_pixels: that an encoded image may have.
    """
    labels = range(lowest, dataset.num_classes)
    number = -1
    try:
        for number, (image, label) in enumerate(_take_all(dataset)):
            fault = _find_image_fault(image, max_pixels) or _find_label_fault(
                label, labels
            )
            if fault:
                return f"element {number} (the first is 0) of {dataset.name}: {fault}"
    except (tf.errors.OpError, UnicodeDecodeError) as raised:
        return (
            f"element {number + 1} (the first is 0) of {dataset.name}:"
            f" {errors.summarize(raised)}"
        )
    return f"the dataset {dataset.name}: {errors.summarize(error)}"


def _take_all(dataset: Dataset) -> Iterator[Any]:
    pairs = require_elements(dataset).take(dataset.num_examples)
    return iter(pairs.as_numpy_iterator())


def _find_image_fault(image: Any, max_pixels: int) -> str | None:
    if isinstance(image, bytes):
        try:
            images.decode(image, max_pixels=max_pixels)
        except ValueError as error:
            return str(error)
        return None
    if image.ndim != 3 or image.shape[2] not in (1, 3):
        return (
            f"its image has the shape {list(image.shape)}, not [height, width, 1 or 3]"
        )
    if np.issubdtype(image.dtype, np.floating) and not (
        image.min(initial=0) >= 0 and image.max(initial=0) <= 1
    ):
        return "its float image has values outside [0, 1]"
    return None


def _find_label_fault(label: Any, labels: range) -> str | None:
    found = [int(label)] if np.ndim(label) == 0 else np.flatnonzero(label).tolist()
    wrong = [k for k in found if k not in labels]
    if wrong:
        return f"its label is {wrong[0]}, not one of {labels[0]} to {labels[-1]}"
    if np.ndim(label) and not np.isin(label, (0, 1)).all():
        return "its labels are not all 0 or 1"
    return None


def _get_specs(pairs: tf.data.Dataset) -> tuple[tf.TensorSpec, tf.TensorSpec]:
    if not isinstance(pairs, tf.data.Dataset):
        raise errors.InputError(
            f"dataset is a {type(pairs).__name__}, not a tf.data.Dataset; {_HOW}"
        )
    spec = pairs.element_spec
    are_two = isinstance(spec, tuple) and len(spec) == 2
    if not are_two or not all(isinstance(part, tf.TensorSpec) for part in spec):
        raise errors.InputError(f"{_HOW}, here it is {_describe(spec)}; map it so")
    return spec


def _describe(spec: Any) -> str:
    if isinstance(spec, dict):
        return f"a dict of {', '.join(map(str, spec))}"
    if isinstance(spec, tuple):
        return f"a tuple of {len(spec)}"
    return f"one {type(spec).__name__.removesuffix('Spec')}"


def _check_image(spec: tf.TensorSpec) -> None:
    shape, dtype = spec.shape, spec.dtype
    is_file = dtype == tf.string and shape.rank == 0
    is_array = shape.rank == 3 and shape[2] in (1, 3)
    if is_file or (is_array and (dtype == tf.uint8 or dtype.is_floating)):
        return
    batched = "; it is batched: unbatch() it" if shape.rank in (1, 4) else ""
    raise errors.InputError(
        f"images are {dtype.name} {_format_shape(shape)}; they have to be uint8"
        " [height, width, 1 or 3], float of that shape in [0, 1], or files, string []"
        f"{batched}"
    )


def _check_label(spec: tf.TensorSpec, num_classes: int) -> None:
    shape, dtype = spec.shape, spec.dtype
    if shape.rank == 0 and dtype.is_integer:
        return
    if shape.rank == 1 and shape[0] == num_classes and dtype != tf.string:
        return
    raise errors.InputError(
        f"labels are {dtype.name} {_format_shape(shape)}; they have to be integers [],"
        f" or [{num_classes}] of 0 and 1, where {num_classes} classes are named"
    )


def _format_shape(shape: tf.TensorShape) -> str:
    return "of unknown shape" if shape.rank is None else str(shape.as_list())


def _count(pairs: tf.data.Dataset) -> int:
    count = int(pairs.cardinality())
    if count == tf.data.INFINITE_CARDINALITY:
        raise errors.InputError(
            "the dataset has no end; give num_examples, how many make an epoch"
        )
    if count != tf.data.UNKNOWN_CARDINALITY:
        return count
    try:
        return int(pairs.reduce(np.int64(0), lambda total, *_: total + 1))
    except tf.errors.OpError as error:
        raise errors.InputError(
            f"counting the dataset's elements failed: {errors.summarize(error)}"
        ) from error
