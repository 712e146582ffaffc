"""One row per network: every fact about it that the rest of slimnets needs.

Published accuracies are single-crop, ILSVRC-2012 validation, as printed beside the
checkpoints in research/slim; None where none was published.
"""

import dataclasses
import fnmatch
import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets import errors
from slimnets.nets import (
    alexnet,
    cifarnet,
    inception_resnet_v2,
    inception_v1,
    inception_v2,
    inception_v3,
    inception_v4,
    lenet,
    mobilenet_v1,
    overfeat,
    resnet50,
    resnet_v1,
    resnet_v2,
    vgg,
)
from slimnets.nets.mobilenet import mobilenet_v2, mobilenet_v3
from slimnets.nets.nasnet import nasnet, pnasnet


@dataclasses.dataclass(frozen=True)
class Network:
    """What is known about a network.

    Attributes:
      name: its key, as in research/slim's nets_factory.
      builder: `f(images, num_classes, is_training=..., ...) -> (net, end_points)`.
      arg_scope: `f(weight_decay=...)` gives its defaults.
      image_size: height and width it is usually given, in pixels.
      preprocessing: the recipe it was trained with, a name of slimnets.preprocessing.
      classes: of the published checkpoint; 1001 has class 0 as background.
      paper: where its table stands.
      parameters: trainable ones, with `classes` classes.
      multiply_adds: in millions, one image of image_size.
      top1: published top-1 accuracy in percent.
      top5: published top-5 accuracy in percent.
      channels: of the images.
    """

    name: str
    builder: Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]
    arg_scope: Callable[..., dict]
    image_size: int
    preprocessing: str
    classes: int
    paper: str
    parameters: int
    multiply_adds: float
    top1: float | None = None
    top5: float | None = None
    channels: int = 3


_ROWS: tuple[Network, ...] = (
    Network(
        "lenet",
        lenet.lenet,
        lenet.lenet_arg_scope,
        image_size=28,
        preprocessing="lenet",
        classes=10,
        paper="LeCun et al., Proceedings of the IEEE 86(11), 1998",
        parameters=3_274_634,
        multiply_adds=13.9,
        channels=1,
    ),
    Network(
        "cifarnet",
        cifarnet.cifarnet,
        cifarnet.cifarnet_arg_scope,
        image_size=32,
        preprocessing="cifarnet",
        classes=10,
        paper="Krizhevsky, cuda-convnet, 2012",
        parameters=1_756_426,
        multiply_adds=32.8,
    ),
    Network(
        "alexnet_v2",
        alexnet.alexnet_v2,
        alexnet.alexnet_v2_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1000,
        paper="arXiv:1404.5997",
        parameters=50_303_912,
        multiply_adds=736.6,
    ),
    Network(
        "inception_v1",
        inception_v1.inception_v1,
        inception_v1.inception_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1409.4842, table 1",
        parameters=6_618_649,
        multiply_adds=1498.4,
        top1=69.8,
        top5=89.6,
    ),
    Network(
        "inception_v2",
        inception_v2.inception_v2,
        inception_v2.inception_v2_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1502.03167, figure 5",
        parameters=11_179_361,
        multiply_adds=1934.9,
        top1=73.9,
        top5=91.8,
    ),
    Network(
        "inception_v3",
        inception_v3.inception_v3,
        inception_v3.inception_v3_arg_scope,
        image_size=299,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1512.00567, table 1",
        parameters=27_145_970,
        multiply_adds=5718.9,
        top1=78.0,
        top5=93.9,
    ),
    Network(
        "inception_v4",
        inception_v4.inception_v4,
        inception_v4.inception_v4_arg_scope,
        image_size=299,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1602.07261, figure 9",
        parameters=46_009_106,
        multiply_adds=12260.5,
        top1=80.2,
        top5=95.2,
    ),
    Network(
        "inception_resnet_v2",
        inception_resnet_v2.inception_resnet_v2,
        inception_resnet_v2.inception_resnet_v2_arg_scope,
        image_size=299,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1602.07261, figure 15",
        parameters=59_182_258,
        multiply_adds=13162.5,
        top1=80.4,
        top5=95.3,
    ),
    Network(
        "overfeat",
        overfeat.overfeat,
        overfeat.overfeat_arg_scope,
        image_size=231,
        preprocessing="inception",
        classes=1000,
        paper="arXiv:1312.6229, table 1",
        parameters=145_704_424,
        multiply_adds=2647.0,
    ),
    Network(
        "vgg_a",
        vgg.vgg_a,
        vgg.vgg_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1409.1556, table 1, column A",
        parameters=132_863_336,
        multiply_adds=7609.1,
    ),
    Network(
        "vgg_16",
        vgg.vgg_16,
        vgg.vgg_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1409.1556, table 1, column D",
        parameters=138_357_544,
        multiply_adds=15470.3,
        top1=71.5,
        top5=89.8,
    ),
    Network(
        "vgg_19",
        vgg.vgg_19,
        vgg.vgg_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1409.1556, table 1, column E",
        parameters=143_667_240,
        multiply_adds=19632.1,
        top1=71.1,
        top5=89.8,
    ),
    Network(
        "mobilenet_v1",
        mobilenet_v1.mobilenet_v1,
        mobilenet_v1.mobilenet_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1704.04861, table 1",
        parameters=4_233_001,
        multiply_adds=568.7,
        top1=70.9,
        top5=89.9,
    ),
    Network(
        "mobilenet_v1_075",
        mobilenet_v1.mobilenet_v1_075,
        mobilenet_v1.mobilenet_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1704.04861, table 1",
        parameters=2_586_329,
        multiply_adds=325.4,
        top1=68.4,
        top5=88.2,
    ),
    Network(
        "mobilenet_v1_050",
        mobilenet_v1.mobilenet_v1_050,
        mobilenet_v1.mobilenet_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1704.04861, table 1",
        parameters=1_332_105,
        multiply_adds=149.5,
        top1=63.3,
        top5=84.9,
    ),
    Network(
        "mobilenet_v1_025",
        mobilenet_v1.mobilenet_v1_025,
        mobilenet_v1.mobilenet_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1704.04861, table 1",
        parameters=470_329,
        multiply_adds=41.0,
        top1=49.8,
        top5=74.2,
    ),
    Network(
        "mobilenet_v2",
        mobilenet_v2.mobilenet,
        mobilenet_v2.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1801.04381, table 2",
        parameters=3_506_153,
        multiply_adds=300.8,
        top1=71.8,
        top5=91.0,
    ),
    Network(
        "mobilenet_v2_140",
        mobilenet_v2.mobilenet_v2_140,
        mobilenet_v2.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1801.04381, table 2",
        parameters=6_110_569,
        multiply_adds=582.2,
        top1=75.0,
        top5=92.5,
    ),
    Network(
        "mobilenet_v2_035",
        mobilenet_v2.mobilenet_v2_035,
        mobilenet_v2.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1801.04381, table 2",
        parameters=1_678_409,
        multiply_adds=59.3,
        top1=60.3,
        top5=82.9,
    ),
    Network(
        "mobilenet_v3_large",
        mobilenet_v3.large,
        mobilenet_v3.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1905.02244, table 1",
        parameters=5_484_313,
        multiply_adds=216.6,
        top1=75.2,
    ),
    Network(
        "mobilenet_v3_small",
        mobilenet_v3.small,
        mobilenet_v3.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1905.02244, table 2",
        parameters=2_543_881,
        multiply_adds=56.5,
        top1=67.5,
    ),
    Network(
        "mobilenet_v3_large_minimalistic",
        mobilenet_v3.large_minimalistic,
        mobilenet_v3.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1905.02244, table 1",
        parameters=3_925_569,
        multiply_adds=209.1,
        top1=72.3,
    ),
    Network(
        "mobilenet_v3_small_minimalistic",
        mobilenet_v3.small_minimalistic,
        mobilenet_v3.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1905.02244, table 2",
        parameters=2_045_761,
        multiply_adds=52.3,
        top1=61.9,
    ),
    Network(
        "mobilenet_edgetpu",
        mobilenet_v3.edge_tpu,
        mobilenet_v3.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="Howard and Gupta, Google AI Blog, 2019",
        parameters=4_092_713,
        multiply_adds=990.7,
        # accuracy was published of 8-bit weights alone: 75.6 top-1
    ),
    Network(
        "mobilenet_edgetpu_075",
        mobilenet_v3.edge_tpu_075,
        mobilenet_v3.training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="Howard and Gupta, Google AI Blog, 2019",
        parameters=2_989_441,
        multiply_adds=624.5,
        # accuracy was published of 8-bit weights alone: 73.5 top-1
    ),
    Network(
        "nasnet_cifar",
        nasnet.build_nasnet_cifar,
        nasnet.nasnet_cifar_arg_scope,
        image_size=32,
        preprocessing="cifarnet",
        classes=10,
        paper="arXiv:1707.07012, figure 4 and table 1",
        parameters=3_346_538,
        multiply_adds=544.3,
    ),
    Network(
        "nasnet_mobile",
        nasnet.build_nasnet_mobile,
        nasnet.nasnet_mobile_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1707.07012, figure 4 and table 3",
        parameters=5_291_035,
        multiply_adds=563.6,
        top1=74.0,
        top5=91.6,
    ),
    Network(
        "nasnet_large",
        nasnet.build_nasnet_large,
        nasnet.nasnet_large_arg_scope,
        image_size=331,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1707.07012, figure 4 and table 2",
        parameters=88_757_183,
        multiply_adds=23783.4,
        top1=82.7,
        top5=96.2,
    ),
    Network(
        "pnasnet_mobile",
        pnasnet.build_pnasnet_mobile,
        pnasnet.pnasnet_mobile_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1712.00559, figure 1",
        parameters=5_065_568,
        multiply_adds=587.3,
        top1=74.2,
        top5=91.9,
    ),
    Network(
        "pnasnet_large",
        pnasnet.build_pnasnet_large,
        pnasnet.pnasnet_large_arg_scope,
        image_size=331,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1712.00559, figure 1",
        parameters=86_061_989,
        multiply_adds=24937.4,
        top1=82.9,
        top5=96.2,
    ),
    Network(
        "resnet_v1_50",
        resnet_v1.resnet_v1_50,
        resnet_v1.resnet_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1512.03385, table 1",
        parameters=25_557_032,
        multiply_adds=3482.3,
        top1=75.2,
        top5=92.2,
    ),
    Network(
        "resnet_v1_101",
        resnet_v1.resnet_v1_101,
        resnet_v1.resnet_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1512.03385, table 1",
        parameters=44_549_160,
        multiply_adds=7194.5,
        top1=76.4,
        top5=92.9,
    ),
    Network(
        "resnet_v1_152",
        resnet_v1.resnet_v1_152,
        resnet_v1.resnet_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1512.03385, table 1",
        parameters=60_192_808,
        multiply_adds=10906.7,
        top1=76.8,
        top5=93.2,
    ),
    Network(
        "resnet_v1_200",
        resnet_v1.resnet_v1_200,
        resnet_v1.resnet_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1603.05027",
        parameters=64_673_832,
        multiply_adds=14400.6,
    ),
    Network(
        "resnet_v2_50",
        resnet_v2.resnet_v2_50,
        resnet_v2.resnet_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1603.05027",
        parameters=25_570_409,
        multiply_adds=3482.3,
        # research/slim's recipe for it is vgg, but the published checkpoints of the
        # three were trained with inception's, and these are their numbers at 299x299
        top1=75.6,
        top5=92.8,
    ),
    Network(
        "resnet_v2_101",
        resnet_v2.resnet_v2_101,
        resnet_v2.resnet_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1603.05027",
        parameters=44_579_945,
        multiply_adds=7194.5,
        top1=77.0,
        top5=93.7,
    ),
    Network(
        "resnet_v2_152",
        resnet_v2.resnet_v2_152,
        resnet_v2.resnet_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1603.05027",
        parameters=60_238_953,
        multiply_adds=10906.7,
        top1=77.8,
        top5=94.1,
    ),
    Network(
        "resnet_v2_200",
        resnet_v2.resnet_v2_200,
        resnet_v2.resnet_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1603.05027",
        parameters=64_728_169,
        multiply_adds=14400.6,
        # the paper's, at 320x320; no checkpoint was published
        top1=79.9,
        top5=95.2,
    ),
    Network(
        "resnet50",
        resnet50.resnet50,
        resnet50.resnet50_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1512.03385, table 1",
        parameters=25_557_032,
        multiply_adds=3858.0,
        # of keras.applications' weights
        top1=74.9,
        top5=92.1,
    ),
)

NETWORKS: dict[str, Network] = {row.name: row for row in _ROWS}


def get_row(name: str) -> Network:
    """Returns the row of network `name`; InputError with the nearest names if none."""
    if name not in NETWORKS:
        raise errors.unknown("network", name, NETWORKS)
    return NETWORKS[name]


def list_networks(pattern: str = "*") -> list[str]:
    """Returns the names that match a shell wildcard, such as 'mobilenet*'."""
    return fnmatch.filter(NETWORKS, pattern)


def get_network_fn(
    name: str,
    num_classes: int | None,
    weight_decay: float = 0.0,
    is_training: bool = False,
) -> Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]:
    """Returns a network with its classes, weight decay and mode filled in.

    Args:
      name: one of list_networks().
      num_classes: number of logits; None or 0 gives features instead.
      weight_decay: of the L2 regularizers, >= 0.
      is_training: whether dropout and batch norm train.

    Returns:
      `network_fn(images, **kwargs) -> (net, end_points)`, which passes kwargs to the
      builder and opens the network's arg scope at each call; and its
      `default_image_size`.

    Raises:
      ValueError: there is no such network; the message has the nearest names.
    """
    row = get_row(name)

    @functools.wraps(row.builder)
    def network_fn(
        images: tf.Tensor, **kwargs: Any
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        with tf_slim.arg_scope(row.arg_scope(weight_decay=weight_decay)):
            return row.builder(images, num_classes, is_training=is_training, **kwargs)

    network_fn.default_image_size = row.image_size
    return network_fn
