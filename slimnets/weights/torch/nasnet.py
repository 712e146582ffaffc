"""NASNet-A and PNASNet-5 of timm under our names."""

import re
from collections.abc import Iterator

from slimnets.nets.nasnet import nasnet as nasnets
from slimnets.nets.nasnet import pnasnet as pnasnets
from slimnets.nets.nasnet.cells import CellTable
from slimnets.nets.nasnet.network import list_reductions
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    LINEAR,
    NORM,
    TIMM,
    Table,
    make_separable_kind,
)

_SEPARABLE = make_separable_kind("depthwise_conv2d", "pointwise_conv2d")
_NORMALIZED = re.compile(r"separable_(\dx\d)_2")


def nasnet_large() -> Iterator[Layer]:
    """Yields NASNet-A's layers."""
    config = nasnets.large_imagenet_config()
    reductions = list_reductions(config)
    yield from _convolve("conv0", "conv0", "conv0_bn")
    yield from _cell("cell_stem_0", nasnets.REDUCTION)
    yield from _halve("cell_stem_1", "")
    yield from _cell("cell_stem_1", nasnets.REDUCTION)
    for number in range(config.num_cells):
        if number in reductions:
            reduction = f"reduction_cell_{reductions.index(number)}"
            yield from _project(reduction)
            yield from _cell(reduction, nasnets.REDUCTION)
        cell = f"cell_{number}"
        if number in (0, *reductions):
            yield from _halve(cell, "")
        else:
            yield from _project(cell)
        yield from _cell(cell, nasnets.NORMAL)
    yield Layer(LINEAR, "last_linear", "final_layer/FC")


def pnasnet_large() -> Iterator[Layer]:
    """Yields PNASNet-5's layers."""
    config = pnasnets.large_imagenet_config()
    reductions = list_reductions(config)
    yield from _convolve("conv_0", "conv0", "conv0_bn")
    # The first cell's second input has channels of its own.
    yield from _match("cell_stem_0", "comb_iter_0")
    cells = ["cell_stem_0", "cell_stem_1"]
    cells += [f"cell_{number}" for number in range(config.num_cells)]
    striding = cells[:2] + [f"cell_{number}" for number in reductions]
    for before, cell in zip(["", *cells], cells, strict=False):
        if before in striding:
            yield from _halve(cell, "conv_prev_1x1.")
        elif before:
            yield from _project(cell)
        if cell in striding:
            yield from _match(cell, "comb_iter_4")
        yield from _cell(cell, pnasnets.CELL)
    yield Layer(LINEAR, "last_linear", "final_layer/FC")


def _cell(name: str, table: CellTable) -> Iterator[Layer]:
    """Yields what each cell has: a convolution of its input, and its operations."""
    yield from _convolve(f"{name}.conv_1x1", f"{name}/1x1", f"{name}/beginning_bn")
    for number, row in enumerate(table.sums):
        for side, (_, operation) in zip(("left", "right"), row, strict=True):
            if match := _NORMALIZED.fullmatch(operation):
                yield from _separable(
                    f"{name}.comb_iter_{number}_{side}",
                    f"{name}/comb_iter_{number}/{side}",
                    match[1],
                )


def _separable(theirs: str, ours: str, kernel: str) -> Iterator[Layer]:
    for time in (1, 2):
        yield Layer(
            _SEPARABLE,
            f"{theirs}.separable_{time}",
            f"{ours}/separable_{kernel}_{time}",
        )
        yield Layer(NORM, f"{theirs}.bn_sep_{time}", f"{ours}/bn_sep_{kernel}_{time}")


def _match(name: str, iteration: str) -> Iterator[Layer]:
    """Yields what brings an operation's result to the cell's channels."""
    theirs, ours = f"{name}.{iteration}_right", f"{name}/{iteration}/right"
    yield from _convolve(theirs, f"{ours}/1x1", f"{ours}/bn_1")


def _project(name: str) -> Iterator[Layer]:
    """Yields what brings the output of the cell before the last to these channels."""
    return _convolve(f"{name}.conv_prev_1x1", f"{name}/prev_1x1", f"{name}/prev_bn")


def _halve(name: str, prefix: str) -> Iterator[Layer]:
    """Yields what halves the output of the cell before the last."""
    theirs = f"{name}.{prefix}"
    yield Layer(CONV, f"{theirs}path_1.conv", f"{name}/path1_conv")
    yield Layer(CONV, f"{theirs}path_2.conv", f"{name}/path2_conv")
    yield Layer(NORM, f"{theirs}final_path_bn", f"{name}/final_path_bn")


def _convolve(theirs: str, ours: str, ours_norm: str) -> Iterator[Layer]:
    yield Layer(CONV, f"{theirs}.conv", ours)
    yield Layer(NORM, f"{theirs}.bn", ours_norm)


NETWORKS = {
    "nasnet_large": (
        Table(
            nasnet_large,
            TIMM,
            epsilons=(1e-3, 1e-3),
            arguments={"pools_see_padding": "average"},
            note="the average pools of timm's reductions see zeros around images, those"
            " of TF-Slim, of whose checkpoint its weights were made, pixels alone",
        ),
    ),
    "pnasnet_large": (Table(pnasnet_large, TIMM, epsilons=(1e-3, 1e-3)),),
}
