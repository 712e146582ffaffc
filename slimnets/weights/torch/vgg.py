"""VGG of torchvision and timm under our names."""

from collections.abc import Iterator
from functools import partial

from slimnets.nets import convolutional_head
from slimnets.nets.rows import Conv
from slimnets.nets.vgg import VGG_A, VGG_D, VGG_E
from slimnets.weights.rules import Kind, Layer
from slimnets.weights.torch.kinds import (
    CONV,
    CONV_BIAS,
    LINEAR,
    TIMM,
    TORCHVISION,
    Table,
)

# fc6 is a matrix over features flattened by channels, rows, columns; ours is a
# convolution over as many rows and columns.
_OVER_MAP = Kind(
    (
        CONV.weights[0]._replace(unfolded=(0, -1, 7, 7), folded=(0, -1)),
        LINEAR.weights[1],
    )
)


def torchvision(scope: str, table: convolutional_head.Table) -> Iterator[Layer]:
    """Yields the layers of a table under torchvision's names."""
    yield from _list_convolutions(scope, table)
    yield Layer(_OVER_MAP, "classifier.0", f"{scope}/fc6")
    yield Layer(LINEAR, "classifier.3", f"{scope}/fc7")
    yield Layer(LINEAR, "classifier.6", f"{scope}/fc8")


def timm(scope: str, table: convolutional_head.Table) -> Iterator[Layer]:
    """Yields the layers of a table under timm's names."""
    yield from _list_convolutions(scope, table)
    yield Layer(CONV_BIAS, "pre_logits.fc1", f"{scope}/fc6")
    yield Layer(CONV_BIAS, "pre_logits.fc2", f"{scope}/fc7")
    yield Layer(LINEAR, "head.fc", f"{scope}/fc8")


def _list_convolutions(scope: str, table: convolutional_head.Table) -> Iterator[Layer]:
    """Yields what both name by its place among convolutions, relus and pools."""
    place = 0
    for row in table[:-2]:
        if isinstance(row, Conv):
            yield Layer(CONV_BIAS, f"features.{place}", f"{scope}/{row.name}")
            place += 1  # the relu
        place += 1


def _list_tables(scope: str, table: convolutional_head.Table) -> tuple[Table, ...]:
    return (
        Table(partial(torchvision, scope, table), TORCHVISION, recipe="imagenet"),
        Table(partial(timm, scope, table), TIMM, recipe="imagenet"),
    )


NETWORKS = {
    "vgg_a": _list_tables("vgg_a", VGG_A),
    "vgg_16": _list_tables("vgg_16", VGG_D),
    "vgg_19": _list_tables("vgg_19", VGG_E),
}
