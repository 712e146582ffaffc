"""Failures of a pipeline in one line that names the broken record or file."""

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from slimnets import errors
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import elements, images, record_faults
from slimnets.datasets.framing import SingleRecords
from slimnets.datasets.registry import Dataset

# What reading bad data raises: TensorFlow's message may quote bytes that are no text.
FAILURES = (tf.errors.OpError, UnicodeDecodeError)


def describe(
    error: Exception,
    dataset: Dataset,
    labels_offset: int = 0,
    *,
    first: int = 0,
    most: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> errors.InputError:
    """Turns a failure while iterating batches into one line naming the broken record.

    Args:
      error: what TensorFlow raised.
      dataset: what was being read.
      labels_offset: as it was given to the batches.
      first: examples before the broken one at least, in the order of the files.
      most: examples after these among which it has to be; if it is not, or with None,
        all are looked through.
      max_pixels: as it was given to the batches.
    """
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return errors.describe_exhaustion(error)
    if dataset.elements is not None:
        lowest = max(labels_offset, 0)
        return errors.InputError(
            elements.describe_fault(error, dataset, lowest, max_pixels)
        )
    find = functools.partial(
        record_faults.find_fault,
        dataset.files,
        list_labels(dataset, labels_offset),
        compression=dataset.compression,
        max_pixels=max_pixels,
        multi_label=dataset.multi_label,
    )
    fault = (most and find(first=first, most=most)) or find()
    return errors.InputError(fault or _describe_in_one_line(error, dataset.files[0]))


def describe_left_out(
    dataset: Dataset, labels_offset: int = 0, max_pixels: int = MAX_PIXELS
) -> Callable[[int], str]:
    """Returns the function that says why `eval_batches` left out an example.

    Args:
      dataset: what was read.
      labels_offset: as it was given to the batches.
      max_pixels: as it was given to the batches.
    """

    singles = SingleRecords()

    def describe(number: int) -> str:
        if dataset.elements is not None:
            return f"element {number} of {dataset.name} did not come"
        file, place = dataset.locate(number)
        fault = record_faults.find_record_fault(
            file,
            place,
            list_labels(dataset, labels_offset),
            compression=dataset.compression,
            max_pixels=max_pixels,
            multi_label=dataset.multi_label,
            singles=singles,
        )
        return fault or (
            f"{file}, record {place} (the first is 0): could not be read at first; run"
            " it again"
        )

    return describe


def describe_broken_image(path: str, max_pixels: int = MAX_PIXELS) -> str | None:
    """Says in one line why an image file cannot be used; None if it can."""
    shown = errors.printable(path)
    try:
        images.decode(images.read_file(path), max_pixels=max_pixels)
    except OSError as error:
        return f"{shown}: cannot be read: {error.strerror}"
    except ValueError as error:
        return f"{shown}: {error}"
    return None


def describe_of_images(
    error: Exception, paths: Sequence[str], max_pixels: int = MAX_PIXELS
) -> errors.InputError:
    """Turns a failure of `image_batches` into one line naming the broken file.

    Args:
      error: what TensorFlow raised.
      paths: what was being read; all of it is looked through.
      max_pixels: as it was given to the batches.
    """
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return errors.describe_exhaustion(error)
    for path in paths:
        fault = describe_broken_image(path, max_pixels)
        if fault:
            return errors.InputError(fault)
    return errors.InputError(_describe_in_one_line(error, paths[0]))


def list_labels(dataset: Dataset, labels_offset: int) -> Sequence[int]:
    """Returns the labels that records may have, ascending."""
    if dataset.classes_by_label is None:
        return range(max(labels_offset, 0), dataset.num_classes)
    return [label for label, k in enumerate(dataset.classes_by_label) if k >= 0]


def _describe_in_one_line(error: Exception, where: str) -> str:
    line = errors.summarize(error)
    return f"reading {where} and the files after it failed: {line}"
