"""The bytes of photos, which are files, or lie in an archive that is not unpacked."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets.datasets import images as image_files
from slimnets.datasets.photos import Photo

_WHOLE = -1  # the size of a photo that is a file


class Place(NamedTuple):
    """Where photos' bytes are, tensors of one or of many."""

    path: Any
    offset: Any
    size: Any


def make_place_dataset(photos: Iterable[Photo]) -> tf.data.Dataset:
    """Returns where each of some photos is, for `read`."""
    places = [_find_place(photo) for photo in photos]
    count = [len(places)]
    return tf.data.Dataset.from_tensor_slices(
        Place(
            tf.constant([place.path for place in places], tf.string, count),
            tf.constant([place.offset for place in places], tf.int64, count),
            tf.constant([place.size for place in places], tf.int64, count),
        )
    )


@tf.autograph.experimental.do_not_convert
def read(place: Place) -> tf.Tensor:
    """Returns the bytes at a place, a string scalar; in a pipeline."""

    def read_part() -> tf.Tensor:
        part = tf.numpy_function(_read_part, [*place], tf.string, stateful=False)
        return tf.ensure_shape(part, [])

    is_file = place.size == _WHOLE
    return tf.cond(is_file, lambda: tf.io.read_file(place.path), read_part)


def read_bytes(photo: Photo) -> bytes:
    """Returns the bytes of one photo.

    Raises:
      OSError: they cannot be read.
      ValueError: it is a pipe or the like.
    """
    if photo.part is None:
        return image_files.read_file(photo.path)
    return _read_part(*_find_place(photo))


def _find_place(photo: Photo) -> Place:
    if photo.part is None:
        return Place(os.fsencode(photo.path), 0, _WHOLE)
    return Place(os.fsencode(photo.part.archive), photo.part.offset, photo.part.size)


def _read_part(path: bytes, offset: int | np.int64, size: int | np.int64) -> bytes:
    with open(Path(os.fsdecode(path)), "rb", buffering=0) as file:
        content = os.pread(file.fileno(), int(size), int(offset))
    if len(content) != size:
        raise OSError(0, "the archive is cut off in it")
    return content
