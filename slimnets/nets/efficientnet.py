"""EfficientNet, and its forms for phones: one network, scaled.

"EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", Tan and Le,
arXiv:1905.11946. Lite: Renjie Liu, "Higher accuracy on vision models with
EfficientNet-Lite", TensorFlow blog, 2020.

    with slim.arg_scope(efficientnet.efficientnet_arg_scope()):
        logits, end_points = efficientnet.efficientnet_b0(images, is_training=False)
"""

import dataclasses
import functools
import math
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets.nets import mbconv
from slimnets.nets.mbconv import Stage, Table
from slimnets.nets.mobilenet.conv_blocks import make_divisible
from slimnets.nets.row import Network, named_builder

efficientnet_arg_scope = mbconv.mbconv_arg_scope

DROP_CONNECT_RATE = 0.2  # section 5.2: survival probability 0.8


def swish(x: tf.Tensor) -> tf.Tensor:
    """Returns `x * sigmoid(x)` (arXiv:1710.05941)."""
    with tf.name_scope("swish"):
        return x * tf.sigmoid(x)


# Table 1 of arXiv:1905.11946.
B0 = Table(
    stem=32,
    stages=(
        Stage(1, 3, 1, 16, 1, squeeze_excite=True),
        Stage(6, 3, 2, 24, 2, squeeze_excite=True),
        Stage(6, 5, 2, 40, 2, squeeze_excite=True),
        Stage(6, 3, 2, 80, 3, squeeze_excite=True),
        Stage(6, 5, 1, 112, 3, squeeze_excite=True),
        Stage(6, 5, 2, 192, 4, squeeze_excite=True),
        Stage(6, 3, 1, 320, 1, squeeze_excite=True),
    ),
    head=1280,
    activation_fn=swish,
)

# What phones' accelerators lack is left out: squeeze-excite, and unbounded values.
LITE0 = B0._replace(
    stages=tuple(stage._replace(squeeze_excite=False) for stage in B0.stages),
    activation_fn=tf.nn.relu6,
)


def scale(table: Table, width: float, depth: float) -> Table:
    """Multiplies the table's channels and numbers of blocks.

    Args:
      table: the network.
      width: factor of the channels, which become multiples of 8 (to the nearest, at
        least 90%).
      depth: factor of the numbers of blocks, which are rounded up.
    """
    return table._replace(
        stem=make_divisible(table.stem * width),
        stages=tuple(
            stage._replace(
                depth=make_divisible(stage.depth * width),
                layers=math.ceil(stage.layers * depth),
            )
            for stage in table.stages
        ),
        head=make_divisible(table.head * width),
    )


def scale_inside(table: Table, width: float, depth: float) -> Table:
    """Scales the table, but for the convolutions around the stages.

    The first and last stage keep their number of blocks too. Lite scales so, to stay
    small and fast.
    """
    first, *_, last = table.stages
    grown = scale(table, width, depth)
    grown_first, *between, grown_last = grown.stages
    return grown._replace(
        stem=table.stem,
        stages=(
            grown_first._replace(layers=first.layers),
            *between,
            grown_last._replace(layers=last.layers),
        ),
        head=table.head,
    )


class Scaling(NamedTuple):
    """How a network grows from the first one (section 3.3): its coefficients."""

    width: float  # multiplies channels
    depth: float  # multiplies the number of blocks
    resolution: int  # height and width of images, in pixels
    dropout: float  # rate before the logits


def _row(name: str, scaling: Scaling, **published: Any) -> Network:
    """Returns the row of B0 scaled."""
    table = scale(B0, scaling.width, scaling.depth)
    return Network(
        name,
        mbconv.mbconv,
        efficientnet_arg_scope,
        image_size=scaling.resolution,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        arguments={
            "table": table,
            "dropout_keep_prob": 1 - scaling.dropout,
            "drop_connect_rate": DROP_CONNECT_RATE,
            "scope": name,
        },
        **published,
    )


def _lite_row(name: str, scaling: Scaling, **published: Any) -> Network:
    """Returns the row of LITE0 scaled."""
    row = _row(name, scaling, **published)
    table = scale_inside(LITE0, scaling.width, scaling.depth)
    return dataclasses.replace(
        row,
        preprocessing="inception",
        paper="TensorFlow blog, 2020, EfficientNet-Lite",
        arguments={**row.arguments, "table": table},
    )


# Accuracies are the paper's (table 2), which keras.applications' weights have; lite's
# stand beside the authors' checkpoints. Lite was trained on (pixels - 127) / 128, which
# differs from what "inception" gives by less than 0.01.
NETWORKS = (
    _row(
        "efficientnet_b0",
        Scaling(1.0, 1.0, 224, 0.2),
        parameters=5_288_548,
        multiply_adds=385.8,
        top1=77.1,
        top5=93.3,
    ),
    _row(
        "efficientnet_b1",
        Scaling(1.0, 1.1, 240, 0.2),
        parameters=7_794_184,
        multiply_adds=686.8,
        top1=79.1,
        top5=94.4,
    ),
    _row(
        "efficientnet_b2",
        Scaling(1.1, 1.2, 260, 0.3),
        parameters=9_109_994,
        multiply_adds=993.6,
        top1=80.1,
        top5=94.9,
    ),
    _row(
        "efficientnet_b3",
        Scaling(1.2, 1.4, 300, 0.3),
        parameters=12_233_232,
        multiply_adds=1827.1,
        top1=81.6,
        top5=95.7,
    ),
    _row(
        "efficientnet_b4",
        Scaling(1.4, 1.8, 380, 0.4),
        parameters=19_341_616,
        multiply_adds=4393.8,
        top1=82.9,
        top5=96.4,
    ),
    _row(
        "efficientnet_b5",
        Scaling(1.6, 2.2, 456, 0.4),
        parameters=30_389_784,
        multiply_adds=10266.4,
        top1=83.6,
        top5=96.7,
    ),
    _row(
        "efficientnet_b6",
        Scaling(1.8, 2.6, 528, 0.5),
        parameters=43_040_704,
        multiply_adds=19067.6,
        top1=84.0,
        top5=96.8,
    ),
    _row(
        "efficientnet_b7",
        Scaling(2.0, 3.1, 600, 0.5),
        parameters=66_347_960,
        multiply_adds=37745.9,
        top1=84.3,
        top5=97.0,
    ),
    _lite_row(
        "efficientnet_lite0",
        Scaling(1.0, 1.0, 224, 0.2),
        parameters=4_652_008,
        multiply_adds=385.2,
        top1=75.1,
    ),
    _lite_row(
        "efficientnet_lite1",
        Scaling(1.0, 1.1, 240, 0.2),
        parameters=5_416_680,
        multiply_adds=600.2,
        top1=76.7,
    ),
    _lite_row(
        "efficientnet_lite2",
        Scaling(1.1, 1.2, 260, 0.3),
        parameters=6_092_072,
        multiply_adds=859.7,
        top1=77.6,
    ),
    _lite_row(
        "efficientnet_lite3",
        Scaling(1.2, 1.4, 280, 0.3),
        parameters=8_197_096,
        multiply_adds=1383.3,
        top1=79.8,
    ),
    _lite_row(
        "efficientnet_lite4",
        Scaling(1.4, 1.8, 300, 0.3),
        parameters=13_006_568,
        multiply_adds=2553.0,
        top1=81.5,
    ),
)
TABLES = {row.name: row.arguments["table"] for row in NETWORKS}

# mbconv.base, which takes `table=TABLES["efficientnet_b1"]` and so on.
efficientnet_base = functools.partial(mbconv.base, table=B0, scope="EfficientNet")

efficientnet_b0 = named_builder(NETWORKS, "efficientnet_b0")
efficientnet_b1 = named_builder(NETWORKS, "efficientnet_b1")
efficientnet_b2 = named_builder(NETWORKS, "efficientnet_b2")
efficientnet_b3 = named_builder(NETWORKS, "efficientnet_b3")
efficientnet_b4 = named_builder(NETWORKS, "efficientnet_b4")
efficientnet_b5 = named_builder(NETWORKS, "efficientnet_b5")
efficientnet_b6 = named_builder(NETWORKS, "efficientnet_b6")
efficientnet_b7 = named_builder(NETWORKS, "efficientnet_b7")
efficientnet_lite0 = named_builder(NETWORKS, "efficientnet_lite0")
efficientnet_lite1 = named_builder(NETWORKS, "efficientnet_lite1")
efficientnet_lite2 = named_builder(NETWORKS, "efficientnet_lite2")
efficientnet_lite3 = named_builder(NETWORKS, "efficientnet_lite3")
efficientnet_lite4 = named_builder(NETWORKS, "efficientnet_lite4")
