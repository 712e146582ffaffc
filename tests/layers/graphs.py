"""What a layer does in a v1 graph, to compare ours with tf_slim's."""

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets import slim

v1 = tf.compat.v1
KEYS = v1.GraphKeys

# tf_slim's own layers say so at each call.
peers = pytest.mark.filterwarnings(
    r"ignore:`(layer\.(apply|add_variable)|tf\.layers\.flatten)` is"
    " deprecated:UserWarning"
)


@dataclasses.dataclass
class Outcome:
    """All that the user of a layer can see of it.

    Attributes:
      variables: names and shapes, in the order of their making.
      collections: names of what is in each collection.
      op: name of the op that computes the result.
      shape: static shape of the result.
      outputs: its value.
      gradients: of the inputs, then of the trainable variables.
      regularization: values of the regularization losses.
    """

    variables: list[tuple[str, list[int]]]
    collections: dict[str, list[str]]
    op: str
    shape: list[int | None]
    outputs: np.ndarray
    gradients: list[np.ndarray]
    regularization: list[float]


def require_strides(stride: int | Sequence[int]) -> None:
    """Skips where TensorFlow itself, and so tf_slim, has no such depthwise kernel.

    Without oneDNN, which TensorFlow leaves off on processors without VNNI, strides of
    height and width have to be equal. Our programs turn oneDNN on.
    """
    if isinstance(stride, int) or len(set(stride)) == 1:
        return
    try:
        filters = tf.ones([1, 1, 1, 1])
        tf.nn.depthwise_conv2d(tf.ones([1, 4, 4, 1]), filters, [1, 1, 2, 1], "VALID")
    except tf.errors.InvalidArgumentError as error:
        pytest.skip(f"TensorFlow without oneDNN: {error.message}")


def images(*shape: int) -> np.ndarray:
    """Returns float32 noise of the shape given."""
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def initialize(session: v1.Session) -> None:
    """Gives each variable values that depend on its name and shape alone."""
    values = {}
    for variable in v1.global_variables():
        rng = np.random.default_rng(zlib.crc32(variable.op.name.encode()))
        low = 0.5 if "variance" in variable.op.name else -1.0
        initial_value = variable.initializer.inputs[1]
        values[initial_value] = rng.uniform(low, low + 2, variable.shape)
    session.run(v1.global_variables_initializer(), values)


def outcome(
    layer: Callable[[tf.Tensor], tf.Tensor],
    inputs: np.ndarray,
    static_shape: list[int | None] | None = None,
) -> Outcome:
    """Builds and runs a layer.

    Args:
      layer: takes the inputs.
      inputs: their values.
      static_shape: what the layer knows of their shape; None for all of it.
    """
    with tf.Graph().as_default() as graph, v1.Session() as session:
        placeholder = v1.placeholder(tf.float32, static_shape or inputs.shape)
        outputs = layer(placeholder)
        losses = v1.losses.get_regularization_losses()
        collections = {
            key: [item.name for item in v1.get_collection(key)]
            for key in sorted(graph.get_all_collection_keys())
            if key != KEYS.COND_CONTEXT
            if v1.get_collection(key)
        }
        gradients = tf.gradients(
            tf.reduce_sum(tf.sin(outputs)), [placeholder, *v1.trainable_variables()]
        )
        initialize(session)
        values, slopes, penalties = session.run(
            [outputs, gradients, losses], {placeholder: inputs}
        )
        return Outcome(
            [(v.op.name, v.shape.as_list()) for v in v1.global_variables()],
            collections,
            outputs.op.name,
            outputs.shape.as_list(),
            values,
            slopes,
            penalties,
        )


def compare(
    layer: str,
    inputs: np.ndarray,
    *arguments: Any,
    static_shape: list[int | None] | None = None,
    **options: Any,
) -> Outcome:
    """Builds our layer and tf_slim's with the same arguments; returns ours if alike."""
    ours, theirs = (
        outcome(
            lambda x, library=library: getattr(library, layer)(
                x, *arguments, **options
            ),
            inputs,
            static_shape,
        )
        for library in (slim, tf_slim)
    )
    assert ours.variables == theirs.variables
    assert ours.collections == theirs.collections
    assert ours.op == theirs.op
    assert ours.shape == theirs.shape
    close = {"rtol": 1e-4, "atol": 1e-4}
    np.testing.assert_allclose(ours.outputs, theirs.outputs, **close)
    for mine, other in zip(ours.gradients, theirs.gradients, strict=True):
        np.testing.assert_allclose(mine, other, **close)
    np.testing.assert_allclose(ours.regularization, theirs.regularization, rtol=1e-5)
    return ours
