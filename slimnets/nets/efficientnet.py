"""EfficientNet, and its forms for phones: one network, scaled.

"EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", Tan and Le,
arXiv:1905.11946. Lite: Renjie Liu, "Higher accuracy on vision models with
EfficientNet-Lite", TensorFlow blog, 2020.

    with slim.arg_scope(efficientnet.efficientnet_arg_scope()):
        logits, end_points = efficientnet.efficientnet_b0(images, is_training=False)
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from slimnets.nets import mbconv
from slimnets.nets.mbconv import Stage, Table
from slimnets.nets.mobilenet.conv_blocks import make_divisible
from slimnets.nets.row import Network

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


class Scaling(NamedTuple):
    """How a network grows from the first one (section 3.3)."""

    width: float  # multiplies channels
    depth: float  # multiplies the number of blocks
    resolution: int  # height and width of images, in pixels
    dropout: float  # rate before the logits


# The coefficients of the published networks.
SCALINGS = {
    "efficientnet_b0": Scaling(1.0, 1.0, 224, 0.2),
    "efficientnet_b1": Scaling(1.0, 1.1, 240, 0.2),
    "efficientnet_b2": Scaling(1.1, 1.2, 260, 0.3),
    "efficientnet_b3": Scaling(1.2, 1.4, 300, 0.3),
    "efficientnet_b4": Scaling(1.4, 1.8, 380, 0.4),
    "efficientnet_b5": Scaling(1.6, 2.2, 456, 0.4),
    "efficientnet_b6": Scaling(1.8, 2.6, 528, 0.5),
    "efficientnet_b7": Scaling(2.0, 3.1, 600, 0.5),
}
LITE_SCALINGS = {
    "efficientnet_lite0": Scaling(1.0, 1.0, 224, 0.2),
    "efficientnet_lite1": Scaling(1.0, 1.1, 240, 0.2),
    "efficientnet_lite2": Scaling(1.1, 1.2, 260, 0.3),
    "efficientnet_lite3": Scaling(1.2, 1.4, 280, 0.3),
    "efficientnet_lite4": Scaling(1.4, 1.8, 300, 0.3),
}


def scaled(table: Table, width: float, depth: float) -> Table:
    """Returns the table with its channels and its numbers of blocks multiplied.

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


def scaled_inside(table: Table, width: float, depth: float) -> Table:
    """Returns the table scaled, but for the convolutions around the stages.

    The first and last stage keep their number of blocks too. Lite scales so, to stay
    small and fast.
    """
    first, *_, last = table.stages
    grown = scaled(table, width, depth)
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


TABLES = {name: scaled(B0, *scaling[:2]) for name, scaling in SCALINGS.items()} | {
    name: scaled_inside(LITE0, *scaling[:2]) for name, scaling in LITE_SCALINGS.items()
}

# mbconv.base, which takes `table=TABLES["efficientnet_b1"]` and so on.
efficientnet_base = functools.partial(mbconv.base, table=B0, scope="EfficientNet")


def _network(name: str) -> Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]:
    """Returns the builder of a network of SCALINGS or LITE_SCALINGS."""
    scaling = (SCALINGS | LITE_SCALINGS)[name]
    return mbconv.network(
        name,
        TABLES[name],
        scaling.resolution,
        "arXiv:1905.11946, Table 1, scaled",
        keep_prob=1 - scaling.dropout,
        drop_connect=DROP_CONNECT_RATE,
    )


efficientnet_b0 = _network("efficientnet_b0")
efficientnet_b1 = _network("efficientnet_b1")
efficientnet_b2 = _network("efficientnet_b2")
efficientnet_b3 = _network("efficientnet_b3")
efficientnet_b4 = _network("efficientnet_b4")
efficientnet_b5 = _network("efficientnet_b5")
efficientnet_b6 = _network("efficientnet_b6")
efficientnet_b7 = _network("efficientnet_b7")
efficientnet_lite0 = _network("efficientnet_lite0")
efficientnet_lite1 = _network("efficientnet_lite1")
efficientnet_lite2 = _network("efficientnet_lite2")
efficientnet_lite3 = _network("efficientnet_lite3")
efficientnet_lite4 = _network("efficientnet_lite4")


# Accuracies are the paper's (table 2), which keras.applications' weights have; lite's
# stand beside the authors' checkpoints. Lite was trained on (pixels - 127) / 128, which
# differs from what "inception" gives by less than 0.01.
NETWORKS = (
    Network(
        "efficientnet_b0",
        efficientnet_b0,
        efficientnet_arg_scope,
        image_size=224,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        parameters=5_288_548,
        multiply_adds=385.8,
        top1=77.1,
        top5=93.3,
    ),
    Network(
        "efficientnet_b1",
        efficientnet_b1,
        efficientnet_arg_scope,
        image_size=240,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        parameters=7_794_184,
        multiply_adds=686.8,
        top1=79.1,
        top5=94.4,
    ),
    Network(
        "efficientnet_b2",
        efficientnet_b2,
        efficientnet_arg_scope,
        image_size=260,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        parameters=9_109_994,
        multiply_adds=993.6,
        top1=80.1,
        top5=94.9,
    ),
    Network(
        "efficientnet_b3",
        efficientnet_b3,
        efficientnet_arg_scope,
        image_size=300,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        parameters=12_233_232,
        multiply_adds=1827.1,
        top1=81.6,
        top5=95.7,
    ),
    Network(
        "efficientnet_b4",
        efficientnet_b4,
        efficientnet_arg_scope,
        image_size=380,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        parameters=19_341_616,
        multiply_adds=4393.8,
        top1=82.9,
        top5=96.4,
    ),
    Network(
        "efficientnet_b5",
        efficientnet_b5,
        efficientnet_arg_scope,
        image_size=456,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        parameters=30_389_784,
        multiply_adds=10266.4,
        top1=83.6,
        top5=96.7,
    ),
    Network(
        "efficientnet_b6",
        efficientnet_b6,
        efficientnet_arg_scope,
        image_size=528,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        parameters=43_040_704,
        multiply_adds=19067.6,
        top1=84.0,
        top5=96.8,
    ),
    Network(
        "efficientnet_b7",
        efficientnet_b7,
        efficientnet_arg_scope,
        image_size=600,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1905.11946, table 1",
        parameters=66_347_960,
        multiply_adds=37745.9,
        top1=84.3,
        top5=97.0,
    ),
    Network(
        "efficientnet_lite0",
        efficientnet_lite0,
        efficientnet_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1000,
        paper="TensorFlow blog, 2020, EfficientNet-Lite",
        parameters=4_652_008,
        multiply_adds=385.2,
        top1=75.1,
    ),
    Network(
        "efficientnet_lite1",
        efficientnet_lite1,
        efficientnet_arg_scope,
        image_size=240,
        preprocessing="inception",
        classes=1000,
        paper="TensorFlow blog, 2020, EfficientNet-Lite",
        parameters=5_416_680,
        multiply_adds=600.2,
        top1=76.7,
    ),
    Network(
        "efficientnet_lite2",
        efficientnet_lite2,
        efficientnet_arg_scope,
        image_size=260,
        preprocessing="inception",
        classes=1000,
        paper="TensorFlow blog, 2020, EfficientNet-Lite",
        parameters=6_092_072,
        multiply_adds=859.7,
        top1=77.6,
    ),
    Network(
        "efficientnet_lite3",
        efficientnet_lite3,
        efficientnet_arg_scope,
        image_size=280,
        preprocessing="inception",
        classes=1000,
        paper="TensorFlow blog, 2020, EfficientNet-Lite",
        parameters=8_197_096,
        multiply_adds=1383.3,
        top1=79.8,
    ),
    Network(
        "efficientnet_lite4",
        efficientnet_lite4,
        efficientnet_arg_scope,
        image_size=300,
        preprocessing="inception",
        classes=1000,
        paper="TensorFlow blog, 2020, EfficientNet-Lite",
        parameters=13_006_568,
        multiply_adds=2553.0,
        top1=81.5,
    ),
)
