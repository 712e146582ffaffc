"""What a network is known by: its variables, and its end points' norms.

The numbers beside each test were recorded from research/slim's builders, with
tf_slim's layers, under the weights of tests/goldens/fill.py.
"""

import math
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import slim
from slimnets.nets.row import Network
from tests import filled, v1_graph

RTOL = 2e-4  # as the goldens have it


class Figures(NamedTuple):
    """Figures of a network that was called once, with the goldens' weights.

    Attributes:
      names: checksum of the variables' names and shapes, in the order of the layers.
      variables: how many.
      trainable: how many of them training changes by gradient.
      net: what the builder returned.
      norms: of the end points, by name.
    """

    names: int
    variables: int
    trainable: int
    net: np.ndarray
    norms: dict[str, float]

    def assert_norms(self, expected: dict[str, float]) -> None:
        """Compares the end points' names, order and norms."""
        assert list(self.norms) == list(expected)
        norms = list(self.norms.values())
        np.testing.assert_allclose(norms, list(expected.values()), RTOL)


def take(build: Callable[[], tuple[tf.Tensor, dict[str, tf.Tensor]]]) -> Figures:
    """Calls a network eagerly, once, and returns its figures."""
    with filled.variables() as made:
        net, end_points = build()
    names = [f"{name} {variable.shape.as_list()}" for name, variable in made.items()]
    return Figures(
        zlib.crc32("\n".join(names).encode()),
        len(names),
        sum(variable.trainable for variable in made.values()),
        net.numpy(),
        {name: float(np.linalg.norm(value)) for name, value in end_points.items()},
    )


def count_costs(row: Network, shape: list[int]) -> tuple[int, float]:
    """Returns a network's trainable parameters, and millions of multiply-adds.

    Args:
      row: of the network, which is built without training.
      shape: of its input, one image or video.
    """
    parameters = []

    def stand_in(name: str, shape: list[int], trainable: bool) -> tf.Tensor:
        parameters.append(math.prod(shape) * trainable)
        return tf.compat.v1.placeholder(tf.float32, shape)

    arguments = {"num_classes": row.classes} if row.classes else {}
    with tf.Graph().as_default() as graph, v1_graph.stand_ins(stand_in):
        inputs = tf.compat.v1.placeholder(tf.float32, shape)
        with slim.arg_scope(row.make_arg_scope()):
            row.builder(inputs, is_training=False, **arguments, **row.arguments)
    return sum(parameters), round(sum(map(_count, graph.get_operations())) / 1e6, 1)


def _count(op: tf.Operation) -> int:
    """Returns an op's multiply-adds: a kernel's size for each pixel it is laid on."""
    pixels = {"Conv2D": op.outputs, "Conv3D": op.outputs}
    pixels["Conv2DBackpropInput"] = op.inputs[2:]
    if op.type not in pixels:
        return 0
    kernel = op.inputs[1].shape
    (laid_on,) = pixels[op.type]
    return math.prod(kernel) * laid_on.shape.num_elements() // laid_on.shape[-1]
