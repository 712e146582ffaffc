"""Inception v3 and Inception-ResNet v2 of keras.applications under our names.

Most of Keras' layers are named by number, in the order in which they are made; that is
the order of our tables. Files have them by the distance from the output.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from slimnets.nets import inception_resnet_v2, inception_v3
from slimnets.nets.inception_blocks import Conv, Fork, Mixed, Residual
from slimnets.nets.table import Row
from slimnets.weights.keras.kinds import (
    CONV,
    CONV_BIAS,
    DENSE,
    NORM_UNSCALED,
    conv_and_norm,
    make_automatic_name,
)
from slimnets.weights.rules import Layer

_TO_SUM = "Conv2d_1x1"  # what brings a residual's branches to the depth of their sum
_LAST = "Conv2d_7b_1x1"


class _Place(NamedTuple):
    """A convolution of a module.

    Attributes:
      ours: scope.
      steps: layers from there to the module's end; a concatenation is one of them.
    """

    ours: str
    steps: int


def v3() -> Iterator[Layer]:
    """Yields Inception v3's layers."""
    scope = "InceptionV3"
    numbers = itertools.count()
    for row in inception_v3.TABLE:
        yield from _row(f"{scope}/{row.name}", row, numbers)
    yield Layer(DENSE, "predictions", f"{scope}/Logits/{inception_v3.HEAD.logits}")


def resnet_v2() -> Iterator[Layer]:
    """Yields Inception-ResNet v2's layers."""
    scope = "InceptionResnetV2"
    numbers = itertools.count()
    blocks: dict[str, int] = {}
    for row in inception_resnet_v2.TABLE:
        if row.name == _LAST:
            yield from _conv_and_norm("conv_7b", "conv_7b_bn", f"{scope}/{_LAST}")
        elif isinstance(row, Residual):
            ours = f"{scope}/{row.scope}"
            yield from _module(ours, row.branches, numbers)
            kind = row.scope.split("/")[-1].split("_")[0].lower()
            blocks[kind] = blocks.get(kind, 0) + 1
            yield Layer(CONV_BIAS, f"{kind}_{blocks[kind]}_conv", f"{ours}/{_TO_SUM}")
        else:
            yield from _row(f"{scope}/{row.name}", row, numbers)
    yield Layer(DENSE, "predictions", f"{scope}/Logits/Logits")


def _row(ours: str, row: Row, numbers: Iterator[int]) -> Iterator[Layer]:
    """Yields the layers of a convolution or a module; a pooling has none."""
    if isinstance(row, Conv):
        yield from _number_conv_and_norm(next(numbers), ours)
    elif isinstance(row, Mixed):
        yield from _module(ours, row.branches, numbers)


def _module(
    ours: str, branches: Sequence[Sequence[Row]], numbers: Iterator[int]
) -> Iterator[Layer]:
    """Yields a module's layers, those farthest from its end first."""
    places = [
        (next(numbers), place)
        for number, branch in enumerate(branches)
        for place in _places(f"{ours}/Branch_{number}", branch)
    ]
    for number, place in sorted(places, key=lambda item: -item[1].steps):
        yield from _number_conv_and_norm(number, place.ours)


def _places(ours: str, branch: Sequence[Row]) -> Iterator[_Place]:
    """Yields a branch's convolutions in order; each is followed by norm and relu."""
    forked = isinstance(branch[-1], Fork)
    for index, row in enumerate(branch):
        steps = 3 * (len(branch) - index) + forked
        for conv in row.rows if isinstance(row, Fork) else [row]:
            if isinstance(conv, Conv):
                yield _Place(f"{ours}/{conv.name}", steps)


def _number_conv_and_norm(number: int, ours: str) -> Iterator[Layer]:
    """Yields a convolution and its batch norm, which Keras named by their number."""
    return _conv_and_norm(
        make_automatic_name("conv2d", number),
        make_automatic_name("batch_normalization", number),
        ours,
    )


def _conv_and_norm(theirs: str, theirs_norm: str, ours: str) -> Iterator[Layer]:
    return conv_and_norm(CONV, theirs, theirs_norm, ours, NORM_UNSCALED)
