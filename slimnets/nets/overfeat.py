"""OverFeat: "Integrated Recognition, Localization and Detection using Convolutional
Networks".

Pierre Sermanet et al., arXiv:1312.6229: the fast network of its Table 1, except that
conv1 has 64 filters. Its fully connected layers are convolutions, so larger images
give a map of logits:

    with slim.arg_scope(overfeat.overfeat_arg_scope()):
        logits, end_points = overfeat.overfeat(images, is_training=False)
"""

from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import convolutional_head, initializers
from slimnets.nets.convolutional_head import FullyConnected
from slimnets.nets.row import Network, named_builder
from slimnets.nets.rows import Conv, MaxPool

trunc_normal = initializers.trunc_normal  # TF-Slim's programs take it from here

# Table 1 of arXiv:1312.6229.
OVERFEAT = (
    Conv("conv1", 64, 11, stride=4, padding="VALID"),
    MaxPool("pool1"),
    Conv("conv2", 256, 5, padding="VALID"),
    MaxPool("pool2"),
    Conv("conv3", 512, 3),
    Conv("conv4", 1024, 3),
    Conv("conv5", 1024, 3),
    MaxPool("pool5"),
    FullyConnected("fc6", 3072, 6, stddev=0.005, bias=0.1),
    FullyConnected("fc7", 4096, stddev=0.005, bias=0.1),
)


def overfeat_arg_scope(weight_decay: float = 0.0005) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
    """
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            activation_fn=tf.nn.relu,
            weights_regularizer=slim.l2_regularizer(weight_decay),
            biases_initializer=tf.compat.v1.zeros_initializer(),
        ),
        slim.arg_scope([slim.conv2d], padding="SAME"),
        slim.arg_scope([slim.max_pool2d], padding="VALID") as defaults,
    ):
        return defaults


NETWORKS = (
    Network(
        "overfeat",
        convolutional_head.build,
        overfeat_arg_scope,
        image_size=231,
        preprocessing="inception",
        classes=1000,
        paper="arXiv:1312.6229, table 1",
        parameters=145_704_424,
        multiply_adds=2647.0,
        arguments={"table": OVERFEAT, "name": "overfeat", "scope": "overfeat"},
    ),
)

overfeat = named_builder(NETWORKS, "overfeat")
