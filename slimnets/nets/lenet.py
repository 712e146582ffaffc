"""LeNet: "Gradient-Based Learning Applied to Document Recognition".

LeCun et al., Proceedings of the IEEE 86(11), 1998; the wider variant that TensorFlow's
MNIST tutorials made common: max pools, relu, dropout and one hidden layer.

    with slim.arg_scope(lenet.lenet_arg_scope()):
        logits, end_points = lenet.lenet(images, num_classes=10)
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import image_size
from slimnets.nets.row import Network, named_builder
from slimnets.nets.rows import Conv, Dense, Flatten, MaxPool
from slimnets.nets.table import Row, run_table

LENET = (
    Conv("conv1", 32, 5),
    MaxPool("pool1"),
    Conv("conv2", 64, 5),
    MaxPool("pool2"),
    Flatten("Flatten"),
    Dense("fc3", 1024),
)
SMALLEST_IMAGE = 4  # the side in pixels that leaves pool2 one


def lenet_arg_scope(weight_decay: float = 0.0) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
    """
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(weight_decay),
        weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.1),
        activation_fn=tf.nn.relu,
    ) as defaults:
        return defaults


def _build(
    images: tf.Tensor,
    num_classes: int | None = 10,
    is_training: bool | tf.Tensor = False,
    dropout_keep_prob: float = 0.5,
    prediction_fn: Callable | None = slim.softmax,
    scope: str = "LeNet",
    *,
    table: Sequence[Row],
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """LeNet for classification.

    Args:
      images: float [batch, height, width, channels], 28x28x1 for MNIST. Height and
        width must be static and at least 4: fc3 has a weight for each pixel of pool2.
      num_classes: number of logits; None or 0 returns fc3's features instead.
      is_training: whether dropout drops.
      dropout_keep_prob: the probability that one of fc3's units is kept.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'; None
        for none.
      scope: variable scope.
      table: the layers, first to last, up to fc3.

    Returns:
      float logits [batch, num_classes], or features [batch, 1024]; and the end points
      by name, from 'conv1' to 'Predictions'.

    Raises:
      ValueError: images' rank is not 4, or they are too small or of unknown size.
    """
    image_size.check_image_size(images, "lenet", SMALLEST_IMAGE, must_be_known=True)
    with tf.compat.v1.variable_scope(scope, "LeNet", [images]):
        net, end_points = run_table(table, images, recompute=False)
        if not num_classes:
            return net, end_points
        net = slim.dropout(
            net, dropout_keep_prob, is_training=is_training, scope="dropout3"
        )
        end_points["dropout3"] = net
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="fc4")
        end_points["Logits"] = logits
    if prediction_fn:
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


NETWORKS = (
    Network(
        "lenet",
        _build,
        lenet_arg_scope,
        image_size=28,
        preprocessing="lenet",
        classes=10,
        paper="LeCun et al., Proceedings of the IEEE 86(11), 1998",
        parameters=3_274_634,
        multiply_adds=13.9,
        arguments={"table": LENET},
        channels=1,
    ),
)

lenet = named_builder(NETWORKS, "lenet")
