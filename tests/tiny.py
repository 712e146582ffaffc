"""Small forms of the networks, for properties that need no more than one of each kind.

`NETWORKS` is what a property runs over, and says by which rule: a network with the same
builder as another, but more or wider layers (`LIKE`), is left out; where a table
repeats a layer or a block, `SHORT_TABLES` and `BUILDERS` keep as few as still give each
of its lines work; images are the smallest. The fixture `short_networks` puts these in
the registry. The goldens (tests/conformance/test_goldens.py) check every network whole.
"""

import dataclasses
import functools
import itertools
import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets.nets import (
    alexnet,
    convnext,
    densenet,
    efficientnet,
    inception_resnet_v2,
    inception_v1,
    inception_v2,
    inception_v3,
    inception_v4,
    mbconv,
    mnasnet,
    overfeat,
    registry,
    regnet,
    resnet50,
    resnet_v1,
    resnet_v2,
    vgg,
    xception,
)
from slimnets.nets.mobilenet import mobilenet_v2, mobilenet_v3, mobilenet_v4
from slimnets.nets.nasnet import nasnet, pnasnet
from slimnets.nets.row import Network

OF_STRIDE_32 = 32  # one pixel of features
SMALLEST = {
    "alexnet_v2": 195,
    "inception_resnet_v2": 75,
    "inception_v3": 75,
    "inception_v4": 75,
    "overfeat": 231,
    "vgg_a": 224,
}

# The shape of a fully connected layer follows from the image's.
OF_ONE_SIZE = ("lenet", "cifarnet")

# The strides of networks that pad as 'SAME' does meet pixel 0 where the size is odd
# after each; those that begin unpadded say where theirs do.
ALIGNED = 65
ALIGNED_OTHERWISE = {"convnext_tiny": 64, "densenet_121": 64, "xception": 71}

# Built by the same lines as another network, with more, other or thinner layers: what
# holds of the one holds of the other.
LIKE = {
    "convnext_small": "convnext_tiny",
    "densenet_169": "densenet_121",
    "densenet_201": "densenet_121",
    "efficientnet_b1": "efficientnet_b0",
    "efficientnet_b2": "efficientnet_b0",
    "efficientnet_b3": "efficientnet_b0",
    "efficientnet_b4": "efficientnet_b0",
    "efficientnet_b5": "efficientnet_b0",
    "efficientnet_b6": "efficientnet_b0",
    "efficientnet_b7": "efficientnet_b0",
    "efficientnet_lite0": "efficientnet_b0",
    "efficientnet_lite1": "efficientnet_b0",
    "efficientnet_lite2": "efficientnet_b0",
    "efficientnet_lite3": "efficientnet_b0",
    "efficientnet_lite4": "efficientnet_b0",
    "mnasnet_b1": "mnasnet_a1",
    "mobilenet_v1": "mobilenet_v1_025",
    "mobilenet_v1_050": "mobilenet_v1_025",
    "mobilenet_v1_075": "mobilenet_v1_025",
    "mobilenet_v2": "mobilenet_v2_035",
    "mobilenet_v2_140": "mobilenet_v2_035",
    "mobilenet_edgetpu": "mobilenet_edgetpu_075",
    "mobilenet_v3_large": "mobilenet_v3_small",
    "mobilenet_v3_large_minimalistic": "mobilenet_v3_small",
    "mobilenet_v3_small_minimalistic": "mobilenet_v3_small",
    "mobilenet_v4_conv_small": "mobilenet_v4_conv_medium",
    "mobilenet_v4_conv_large": "mobilenet_v4_conv_medium",
    "nasnet_large": "nasnet_mobile",
    "pnasnet_large": "pnasnet_mobile",
    "regnet_y_1_6gf": "regnet_y_400mf",
    "regnet_y_8gf": "regnet_y_400mf",
    "resnet_v1_101": "resnet_v1_50",
    "resnet_v1_152": "resnet_v1_50",
    "resnet_v1_200": "resnet_v1_50",
    "resnet_v2_101": "resnet_v2_50",
    "resnet_v2_152": "resnet_v2_50",
    "resnet_v2_200": "resnet_v2_50",
    "vgg_16": "vgg_a",
    "vgg_19": "vgg_a",
}


def _without(rows: tuple, *names: str) -> tuple:
    """Leaves out Inception modules."""
    assert {row.name for row in rows} >= set(names)
    return tuple(row for row in rows if row.name not in names)


def _inception_resnet_v2(*arguments: Any) -> tuple:
    """Leaves two of each of its 10, 20 and 9 repeated blocks."""
    return tuple(
        row
        for row in WHOLE_INCEPTION_RESNET_V2(*arguments)
        if not re.fullmatch(r"Repeat.*_([3-9]|\d\d)", getattr(row, "scope", ""))
    )


def _regnet_widths(table: regnet.Table) -> list[int]:
    """Leaves one unit of each width, and two of the second."""
    first, second, *rest = sorted(set(WHOLE_REGNET_WIDTHS(table)))
    return [first, second, second, *rest]


WHOLE_INCEPTION_RESNET_V2 = inception_resnet_v2.table
WHOLE_REGNET_WIDTHS = regnet.widths
UNITS = (1, 2, 1, 1)  # of a ResNet's blocks
DENSENET = densenet.Table((1, 3, 2, 1), growth_rate=8, stem=16)
CONVNEXT = tuple(
    stage._replace(depth=stage.depth // 4, blocks=blocks)
    for stage, blocks in zip(convnext.TINY, UNITS, strict=True)
)
RESNET_V2 = [
    resnet_v2.resnet_v2_block(f"block{k}", 32 * 2**k, units, stride=2 if k < 4 else 1)
    for k, units in enumerate(UNITS, 1)
]

# What modules read as they build, in place of their own.
SHORT_TABLES = (
    (alexnet, "UNITS", (64, 64)),
    (inception_resnet_v2, "table", _inception_resnet_v2),
    (
        inception_v1,
        "MODULES",
        _without(inception_v1.MODULES, "Mixed_4c", "Mixed_4d", "Mixed_4e"),
    ),
    (
        inception_v2,
        "MODULES",
        _without(inception_v2.MODULES, "Mixed_4c", "Mixed_4d"),
    ),
    (
        inception_v3,
        "TABLE",
        _without(inception_v3.TABLE, "Mixed_5c", "Mixed_6c", "Mixed_6d"),
    ),
    (
        inception_v4,
        "TABLE",
        _without(
            inception_v4.TABLE,
            *("Mixed_5d", "Mixed_5e", "Mixed_7c"),
            *("Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_6f", "Mixed_6g"),
        ),
    ),
    (overfeat, "UNITS", (64, 64)),
    (regnet, "widths", _regnet_widths),
    (resnet50, "BLOCKS", resnet_v1.resnet_v1_blocks(UNITS)),
    (vgg, "UNITS", (64, 64)),
    (xception, "XCEPTION", xception.XCEPTION[:6] + xception.XCEPTION[-3:]),
)


def _of(
    builder: Callable[..., tuple], table: Any, name: str
) -> Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]:
    """Returns network `name`, of another table; `builder` takes it second."""

    @functools.wraps(registry.get_row(name).builder)
    def network(
        images: tf.Tensor, num_classes: int | None, scope: Any = name, **arguments: Any
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        return builder(images, table, num_classes, scope=scope, **arguments)

    return network


def _of_3_cells(name: str, config: Any) -> Callable[..., tuple]:
    """Returns NASNet or PNASNet `name`, with a cell between reductions."""
    config = dataclasses.replace(config, num_cells=3, num_conv_filters=12)
    return functools.partial(registry.get_row(name).builder, config=config)


def _of_one_block_a_stage(name: str, table: mbconv.Table) -> Callable[..., tuple]:
    """Returns a network of MBConv blocks: two in the second stage."""
    stages = tuple(
        stage._replace(layers=min(stage.layers, 2 if number == 1 else 1))
        for number, stage in enumerate(table.stages)
    )
    short = table._replace(stages=stages)
    return mbconv.network(name, short, OF_STRIDE_32, "", 0.8, drop_connect=0.2)


def _with_two_of_a_depth(
    name: str, conv_defs: dict[str, Any], and_last: bool = False
) -> Callable[..., tuple]:
    """Returns a MobileNet with the first two layers of those of one depth in a row."""

    def depth(layer: Any) -> int | None:
        return layer.params.get("num_outputs")

    spec = []
    for _, group in itertools.groupby(conv_defs["spec"], depth):
        layers = list(group)
        spec += layers[:2] + (layers[2:][-1:] if and_last else [])
    return functools.partial(
        registry.get_row(name).builder, conv_defs={**conv_defs, "spec": spec}
    )


# Builders that take a table, with a short one.
BUILDERS = {
    "convnext_tiny": functools.partial(
        convnext.convnext, stages=CONVNEXT, scope="convnext_tiny"
    ),
    "densenet_121": _of(densenet.densenet, DENSENET, "densenet_121"),
    "efficientnet_b0": _of_one_block_a_stage("efficientnet_b0", efficientnet.B0),
    "mnasnet_a1": _of_one_block_a_stage("mnasnet_a1", mnasnet.A1),
    "mobilenet_edgetpu_075": _with_two_of_a_depth(
        "mobilenet_edgetpu_075", mobilenet_v3.V3_EDGETPU
    ),
    "mobilenet_v2_035": _with_two_of_a_depth("mobilenet_v2_035", mobilenet_v2.V2_DEF),
    "mobilenet_v3_small": _with_two_of_a_depth(
        "mobilenet_v3_small", mobilenet_v3.V3_SMALL
    ),
    "mobilenet_v4_conv_medium": _with_two_of_a_depth(
        "mobilenet_v4_conv_medium", mobilenet_v4.V4_CONV_MEDIUM, and_last=True
    ),
    "nasnet_cifar": _of_3_cells("nasnet_cifar", nasnet.cifar_config()),
    "nasnet_mobile": _of_3_cells("nasnet_mobile", nasnet.mobile_imagenet_config()),
    "pnasnet_mobile": _of_3_cells("pnasnet_mobile", pnasnet.mobile_imagenet_config()),
    "resnet_v1_50": _of(
        resnet_v1.resnet_v1, resnet_v1.resnet_v1_blocks(UNITS), "resnet_v1_50"
    ),
    "resnet_v2_50": _of(resnet_v2.resnet_v2, RESNET_V2, "resnet_v2_50"),
}

NETWORKS: dict[str, Network] = {
    name: dataclasses.replace(row, builder=BUILDERS.get(name, row.builder))
    for name, row in registry.NETWORKS.items()
    if name not in LIKE
}


def image_size(name: str) -> int:
    """Returns height and width in pixels of network `name`'s smallest image."""
    return SMALLEST.get(LIKE.get(name, name), OF_STRIDE_32)


def aligned_size(name: str) -> int:
    """Returns a height and width at which dilation can take the place of strides."""
    return ALIGNED_OTHERWISE.get(LIKE.get(name, name), ALIGNED)


def odd_size(name: str) -> list[int]:
    """Returns a height and width just above the smallest that no stride divides."""
    return [image_size(name) + 2, image_size(name) + 7]


def other_size(name: str) -> list[int | None]:
    """Returns a height and width that weights for `image_size` take too: any."""
    return [image_size(name)] * 2 if name in OF_ONE_SIZE else [None, None]
