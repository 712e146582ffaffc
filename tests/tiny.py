"""Short tables, which make every network cheap, and the smallest images for each.

The fixture `short_networks` puts them in the registry. Each network is still built by
its own row, from its own table: of what repeats in it one or two of a kind are
left, and channels are divided where they are many. The goldens check every network
whole (tests/conformance/test_goldens.py).
"""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from slimnets.nets import (
    convnext,
    convolutional_head,
    densenet,
    inception_blocks,
    inception_v2,
    mbconv,
    registry,
    regnet,
    resnet_utils,
    rows,
    xception,
)
from slimnets.nets.nasnet import network
from slimnets.nets.row import Network

# In pixels, of networks whose names begin so.
SMALLEST = {
    "alexnet_v2": 195,
    "inception_resnet_v2": 75,
    "inception_v3": 75,
    "inception_v4": 75,
    "overfeat": 231,
    "vgg": 224,
}
OF_STRIDE_32 = 32  # one pixel of features

# The shape of a fully connected layer follows from the image's.
OF_ONE_SIZE = ("lenet", "cifarnet")

# The strides of networks that pad as 'SAME' does meet pixel 0 where the size is odd
# after each; those that begin unpadded say where theirs do.
ALIGNED = 65
ALIGNED_OTHERWISE = {"convnext": 64, "densenet": 64, "xception": 71}

THINNER = 4  # what channels are divided by


def _few(counts: Sequence[int]) -> tuple[int, ...]:
    """Leaves one layer or block of each stage, and two of the second."""
    return tuple(min(n, 2 if stage == 1 else 1) for stage, n in enumerate(counts))


def _inception(table: tuple) -> tuple:
    """Leaves the first and the last of modules that follow each other on one grid."""
    groups = [list(rows) for _, rows in itertools.groupby(table, _grid_of_module)]
    return tuple(row for rows in groups for row in [rows[0], *rows[1:][-1:]])


def _grid_of_module(row: Any) -> Any:
    """Returns 'Mixed_5' of Mixed_5b, 'Repeat/block35' of Repeat/block35_1."""
    if isinstance(row, inception_blocks.Residual):
        return row.scope.rpartition("_")[0]
    return row.name[:-1] if row.stride == 1 and "Mixed" in row.name else row


def _mbconv(table: mbconv.Table) -> mbconv.Table:
    layers = _few([stage.layers for stage in table.stages])
    return table._replace(
        stem=table.stem // THINNER,
        stages=tuple(
            stage._replace(depth=stage.depth // THINNER, layers=few)
            for stage, few in zip(table.stages, layers, strict=True)
        ),
        head=table.head // THINNER,
    )


def _convnext(stages: tuple[convnext.Stage, ...]) -> tuple[convnext.Stage, ...]:
    blocks = _few([stage.blocks for stage in stages])
    return tuple(
        stage._replace(depth=stage.depth // THINNER, blocks=few)
        for stage, few in zip(stages, blocks, strict=True)
    )


def _densenet(table: densenet.Table) -> densenet.Table:
    return densenet.Table(_few(table.layers), growth_rate=8, stem=16)


def _regnet(table: regnet.Table) -> regnet.Table:
    """Leaves four widths of one or two units each, which grow more slowly."""
    return table._replace(d=6, w_a=0.4 * table.w_0, w_m=1.5)


def _xception(rows: tuple) -> tuple:
    """Leaves one of its eight repeated blocks."""
    return rows[:6] + rows[-3:]


def _nasnet(config: network.Config) -> network.Config:
    """Leaves a cell between reductions."""
    return dataclasses.replace(config, num_cells=3, num_conv_filters=12)


def _conv_defs(conv_defs: dict[str, Any]) -> dict[str, Any]:
    """Leaves layers that stride and, of one depth in a row, one more of each kind."""
    short = []
    for _, layers in itertools.groupby(
        conv_defs["spec"], lambda x: x.params.get("num_outputs")
    ):
        kinds = set()
        for layer in layers:
            kind = (layer.op, *(bool(value) for value in layer.params.values()))
            if layer.params["stride"] > 1:
                short.append(layer)
            elif kind not in kinds:
                short.append(layer)
                kinds.add(kind)
    return conv_defs | {"spec": short}


def _resnet(stages: tuple[resnet_utils.Stage, ...]) -> tuple[resnet_utils.Stage, ...]:
    """Leaves half the channels: of fewer, the first unit would need no projection."""
    units = _few([stage.units for stage in stages])
    return tuple(
        resnet_utils.Stage(stage.depth // 2, few)
        for stage, few in zip(stages, units, strict=True)
    )


def _convolutional(table: tuple[Any, ...]) -> tuple[Any, ...]:
    """Leaves a few channels of each layer, and of fc6 and fc7."""
    kinds = (rows.Conv, convolutional_head.FullyConnected)
    return tuple(
        row._replace(depth=min(64, row.depth // THINNER))
        if isinstance(row, kinds)
        else row
        for row in table
    )


# How to shorten a table: by its type or, of a tuple, by the type of its first row.
SHORTEN: dict[type, Callable[[Any], Any]] = {
    inception_blocks.Conv: _inception,
    inception_v2.SeparableConv: _inception,
    convnext.Stage: _convnext,
    densenet.Table: _densenet,
    dict: _conv_defs,
    network.Config: _nasnet,
    mbconv.Table: _mbconv,
    regnet.Table: _regnet,
    resnet_utils.Stage: _resnet,
    rows.Conv: _convolutional,
    xception.Conv: _xception,
}
WHOLE = dict(registry.NETWORKS)


def short_row(name: str) -> Network:
    """Returns network `name` with short tables; as it is where its row holds none."""
    row = WHOLE[name]
    short = {key: _shortened(value) for key, value in row.arguments.items()}
    return dataclasses.replace(row, arguments=short)


def _shortened(argument: Any) -> Any:
    first = argument[0] if type(argument) is tuple else argument
    return SHORTEN.get(type(first), lambda whole: whole)(argument)


def image_size(name: str) -> int:
    """Returns height and width in pixels of network `name`'s smallest image."""
    return _of_its_family(name, SMALLEST, OF_STRIDE_32)


def aligned_size(name: str) -> int:
    """Returns a height and width at which dilation can take the place of strides."""
    return _of_its_family(name, ALIGNED_OTHERWISE, ALIGNED)


def _of_its_family(name: str, sizes: dict[str, int], otherwise: int) -> int:
    found = [size for family, size in sizes.items() if name.startswith(family)]
    return found[0] if found else otherwise


def odd_size(name: str) -> list[int]:
    """Returns a height and width just above the smallest that no stride divides."""
    return [image_size(name) + 2, image_size(name) + 7]


def other_size(name: str) -> list[int | None]:
    """Returns a height and width that weights for `image_size` take too: any."""
    return [image_size(name)] * 2 if name in OF_ONE_SIZE else [None, None]
