"""AlexNet v2: "One weird trick for parallelizing convolutional neural networks".

Alex Krizhevsky, arXiv:1404.5997: one tower, no local response normalization. Its
fully connected layers are convolutions, so larger images give a map of logits:

    with slim.arg_scope(alexnet.alexnet_v2_arg_scope()):
        logits, end_points = alexnet.alexnet_v2(images, is_training=False)
"""

from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import convolutional_head, initializers
from slimnets.nets.convolutional_head import FullyConnected
from slimnets.nets.row import Network, named_builder
from slimnets.nets.rows import Conv, MaxPool

trunc_normal = initializers.trunc_normal  # TF-Slim's programs take it from here

ALEXNET_V2 = (
    Conv("conv1", 64, 11, stride=4, padding="VALID"),
    MaxPool("pool1", 3, padding="VALID"),
    Conv("conv2", 192, 5),
    MaxPool("pool2", 3, padding="VALID"),
    Conv("conv3", 384, 3),
    Conv("conv4", 384, 3),
    Conv("conv5", 256, 3),
    MaxPool("pool5", 3, padding="VALID"),
    FullyConnected("fc6", 4096, 5, stddev=0.005, bias=0.1),
    FullyConnected("fc7", 4096, stddev=0.005, bias=0.1),
)


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
    """
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        activation_fn=tf.nn.relu,
        biases_initializer=tf.compat.v1.constant_initializer(0.1),
        weights_regularizer=slim.l2_regularizer(weight_decay),
    ) as defaults:
        return defaults


NETWORKS = (
    Network(
        "alexnet_v2",
        convolutional_head.build,
        alexnet_v2_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1000,
        paper="arXiv:1404.5997",
        parameters=50_303_912,
        multiply_adds=736.6,
        arguments={"table": ALEXNET_V2, "name": "alexnet_v2", "scope": "alexnet_v2"},
    ),
)

alexnet_v2 = named_builder(NETWORKS, "alexnet_v2")
