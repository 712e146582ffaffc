"""Inception v3, v4 and Inception-ResNet v2 of torchvision and timm under our names."""

from collections.abc import Iterator, Sequence

from slimnets.nets import inception_resnet_v2, inception_v3, inception_v4
from slimnets.nets.inception_blocks import Branches, Conv, Fork, Mixed, Residual
from slimnets.nets.table import Row
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    CONV_BIAS,
    LINEAR,
    NORM_UNSCALED,
    TIMM,
    TORCHVISION,
    Table,
)

# What v3's modules call their branches, those of a single convolution and others.
_FIGURE_5 = ("branch1x1", "branch5x5", "branch3x3dbl", "branch_pool")
_FIGURE_6 = ("branch1x1", "branch7x7", "branch7x7dbl", "branch_pool")
_FIGURE_7 = ("branch1x1", "branch3x3", "branch3x3dbl", "branch_pool")
_V3_BRANCHES = {
    "Mixed_5": _FIGURE_5,
    "Mixed_6": _FIGURE_6,
    "Mixed_7": _FIGURE_7,
    "Mixed_6a": ("branch3x3", "branch3x3dbl", ""),
    "Mixed_7a": ("branch3x3", "branch7x7x3", ""),
}
# v4's modules of a convolution beside a pool.
_POOL_AND_CONV = ("Mixed_3a", "Mixed_5a")


def v3() -> Iterator[Layer]:
    """Yields Inception v3's layers, which torchvision and timm name alike."""
    scope = "InceptionV3"
    for row in inception_v3.TABLE:
        if isinstance(row, Conv):
            yield from _convolve(row.name, f"{scope}/{row.name}")
        elif isinstance(row, Mixed):
            stems = _V3_BRANCHES.get(row.name, _V3_BRANCHES[row.name[:-1]])
            for number, (stem, branch) in enumerate(
                zip(stems, row.branches, strict=True)
            ):
                ours = f"{scope}/{row.name}/Branch_{number}"
                yield from _name_by_order(f"{row.name}.{stem}", ours, branch)
    yield Layer(LINEAR, "fc", f"{scope}/Logits/{inception_v3.HEAD.logits}")
    yield from _convolve("AuxLogits.conv0", f"{scope}/AuxLogits/Conv2d_1b_1x1")
    yield from _convolve("AuxLogits.conv1", f"{scope}/AuxLogits/Conv2d_2a_5x5")
    yield Layer(LINEAR, "AuxLogits.fc", f"{scope}/AuxLogits/Conv2d_2b_1x1")


def v4() -> Iterator[Layer]:
    """Yields Inception v4's layers under timm's names."""
    scope = "InceptionV4"
    for place, row in enumerate(inception_v4.TABLE):
        theirs, ours = f"features.{place}", f"{scope}/{row.name}"
        if isinstance(row, Conv):
            yield from _convolve(theirs, ours)
        elif isinstance(row, Mixed) and row.name in _POOL_AND_CONV:
            for number, [beside] in enumerate(row.branches):
                yield from _step(f"{theirs}.conv", f"{ours}/Branch_{number}", beside)
        elif isinstance(row, Mixed):
            yield from _module(theirs, ours, row.branches)
    yield Layer(LINEAR, "last_linear", f"{scope}/Logits/Logits")


def resnet_v2() -> Iterator[Layer]:
    """Yields Inception-ResNet v2's layers under timm's names."""
    scope = "InceptionResnetV2"
    for row in inception_resnet_v2.TABLE:
        if isinstance(row, Conv):
            name = row.name.rpartition("_")[0].lower()  # without the kernel's size
            yield from _convolve(name, f"{scope}/{row.name}")
        elif isinstance(row, Mixed):
            yield from _module(row.name.lower(), f"{scope}/{row.name}", row.branches)
        elif isinstance(row, Residual):
            theirs, ours = _name_block(row.scope), f"{scope}/{row.scope}"
            yield from _module(theirs, ours, row.branches)
            yield Layer(CONV_BIAS, f"{theirs}.conv2d", f"{ours}/Conv2d_1x1")
    yield Layer(LINEAR, "classif", f"{scope}/Logits/Logits")


def _name_block(scope: str) -> str:
    """Returns timm's name, which counts from 0, of a block of ours, such as
    'Repeat/block35_1'.
    """
    repeat, _, block = scope.lower().rpartition("/")
    number = block.rpartition("_")[2]
    return f"{repeat}.{int(number) - 1}" if repeat else block


def _module(theirs: str, ours: str, branches: Branches) -> Iterator[Layer]:
    """Yields the layers of a module whose branches have numbers."""
    for number, branch in enumerate(branches):
        stem, scope = f"{theirs}.branch{number}", f"{ours}/Branch_{number}"
        if isinstance(branch[-1], Fork):
            for step, row in enumerate(branch):
                yield from _step(f"{stem}_{step}", scope, row)
        elif len(branch) == 1:
            yield from _step(stem, scope, branch[0])
        else:
            for step, row in enumerate(branch):
                yield from _step(f"{stem}.{step}", scope, row)


def _name_by_order(stem: str, ours: str, branch: Sequence[Row]) -> Iterator[Layer]:
    """Yields a branch's layers: numbered from 1 unless there is but one."""
    rows = [row for row in branch if isinstance(row, Conv | Fork)]
    for number, row in enumerate(rows, 1):
        name = stem if len(rows) == 1 else f"{stem}_{number}"
        yield from _step(name, ours, row)


def _step(theirs: str, ours: str, row: Row) -> Iterator[Layer]:
    """Yields a row's layers; of a fork, a and b. A pool has none."""
    if isinstance(row, Fork):
        for letter, conv in zip("ab", row.rows, strict=True):
            yield from _convolve(f"{theirs}{letter}", f"{ours}/{conv.name}")
    elif isinstance(row, Conv):
        yield from _convolve(theirs, f"{ours}/{row.name}")


def _convolve(theirs: str, ours: str) -> Iterator[Layer]:
    yield Layer(CONV, f"{theirs}.conv", ours)
    yield Layer(NORM_UNSCALED, f"{theirs}.bn", f"{ours}/BatchNorm")


_SAME = (1e-3, 1e-3)  # the epsilons of theirs and ours
NETWORKS = {
    "inception_v3": tuple(
        # The images of torchvision's own weights are in [-1, 1], as ours are, once its
        # transform_input has seen them.
        Table(
            v3,
            name,
            _SAME,
            arguments={"pools_see_padding": True},
            note="its average pools of 3x3 pixels count the zeros around images",
        )
        for name in (TORCHVISION, TIMM)
    ),
    "inception_v4": (Table(v4, TIMM, _SAME),),
    "inception_resnet_v2": (Table(resnet_v2, TIMM, _SAME),),
}
