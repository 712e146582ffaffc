"""Every checkpoint that TensorFlow reads, V1 format of 2016 included, as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import errors

# What TensorFlow raises for a file that is absent, damaged or of another kind.
UNREADABLE = (tf.errors.OpError, RuntimeError, ValueError, IndexError)


def read(path: str) -> dict[str, np.ndarray]:
    """Returns all that a checkpoint holds, by name.

    Raises:
      InputError: the checkpoint is unreadable.
    """
    reader = open_reader(path)
    return read_values(reader, {n: n for n in reader.get_variable_to_shape_map()}, path)


def read_shapes(path: str) -> dict[str, list[int]]:
    """Returns the shape of each variable in a checkpoint, by name."""
    return open_reader(path).get_variable_to_shape_map()


def open_reader(path: str) -> Any:
    """Returns TensorFlow's reader of a checkpoint.

    Raises:
      InputError: the checkpoint is unreadable.
    """
    try:
        return tf.train.load_checkpoint(path)
    except UNREADABLE as error:
        raise describe_damage(path, error) from error


def read_values(
    reader: Any, keys: Mapping[str, str], path: str
) -> dict[str, np.ndarray]:
    """Returns some values of a checkpoint.

    Args:
      reader: as `open_reader` returns it.
      keys: the name in the checkpoint of each name wanted.
      path: of the checkpoint.

    Raises:
      InputError: the checkpoint is damaged.
    """
    try:
        return {name: reader.get_tensor(key) for name, key in keys.items()}
    except UNREADABLE as error:
        raise describe_damage(path, error) from error


def is_whole(path: str) -> bool:
    """Returns whether every value of a checkpoint can be read; reads them all."""
    try:
        reader = tf.train.load_checkpoint(path)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except UNREADABLE:
        return False
    return True


def describe_damage(path: str, error: Exception) -> errors.InputError:
    """Returns the error for a checkpoint that TensorFlow cannot read."""
    return errors.InputError(
        f"the checkpoint {path} cannot be read: {errors.summarize(error)}; it may be"
        " cut off or not a checkpoint: copy it again, or delete it to use an earlier"
        " one"
    )
