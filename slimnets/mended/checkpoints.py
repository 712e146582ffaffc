"""Assigning a checkpoint's values, partitioned variables included."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import tensorflow as tf
import tf_slim
from absl import logging

Pieces: TypeAlias = tf.Variable | Sequence[tf.Variable]


def assign_from_checkpoint(
    model_path: str,
    var_list: Sequence[tf.Variable] | Mapping[str, Pieces],
    ignore_missing_vars: bool = False,
) -> tuple[tf.Operation, dict[tf.Tensor, np.ndarray]]:
    """Makes an op that assigns variables their values in a checkpoint.

    tf_slim's own indexes an array with a list, which NumPy no longer takes for a slice,
    so it fails on every piece of a partitioned variable.

    Args:
      model_path: of the checkpoint.
      var_list: variables, or name in the checkpoint -> variable, or the pieces of one.
      ignore_missing_vars: warn of variables the checkpoint lacks instead of raising.

    Returns:
      (op, feed_dict): run the op with the feed_dict.

    Raises:
      ValueError: the checkpoint lacks a variable, or holds it with another shape.
    """
    reader = tf.compat.v1.train.NewCheckpointReader(model_path)
    assignments, feed_dict = [], {}
    for name, pieces in _group_by_checkpoint_name(var_list).items():
        if not reader.has_tensor(name):
            if not ignore_missing_vars:
                raise ValueError(f"Checkpoint is missing variable [{name}]")
            logging.warning("Checkpoint is missing variable [%s]", name)
            continue
        value = reader.get_tensor(name)
        for piece in pieces:
            placeholder = tf.compat.v1.placeholder(
                piece.dtype.base_dtype, piece.shape, f"placeholder/{piece.op.name}"
            )
            assignments.append(piece.assign(placeholder))
            feed_dict[placeholder] = _slice_for(value, name, piece)
    return tf.group(*assignments), feed_dict


def _group_by_checkpoint_name(
    var_list: Sequence[tf.Variable] | Mapping[str, Pieces],
) -> dict[str, list[tf.Variable]]:
    """Returns name in the checkpoint -> the pieces its value goes to."""
    if isinstance(var_list, Mapping):
        return {
            name: list(value) if isinstance(value, list | tuple) else [value]
            for name, value in var_list.items()
        }
    grouped: dict[str, list[tf.Variable]] = {}
    for variable in var_list:
        name = tf_slim.get_variable_full_name(variable)
        grouped.setdefault(name, []).append(variable)
    return grouped


def _slice_for(value: np.ndarray, name: str, piece: tf.Variable) -> np.ndarray:
    """Returns what of a checkpoint's value belongs to one piece of its variable."""
    place = piece._save_slice_info
    if place is not None:
        offsets, sizes = place.var_offset, place.var_shape
        return value[
            tuple(slice(o, o + n) for o, n in zip(offsets, sizes, strict=True))
        ]
    if piece.shape != value.shape:
        raise ValueError(
            f"{name} is {value.shape} in the checkpoint, but {piece.op.name} is"
            f" {piece.shape}"
        )
    return value
