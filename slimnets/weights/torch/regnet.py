"""RegNetY of torchvision and timm under our names; they pad as ours do."""

import itertools
from collections.abc import Callable, Iterator
from functools import partial

from slimnets.nets import regnet as nets
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    LINEAR,
    TIMM,
    TORCHVISION,
    Table,
    conv_and_norm,
    squeeze_excite,
)


def torchvision(table: nets.Table, scope: str) -> Iterator[Layer]:
    """Yields a network's layers under torchvision's names.

    Args:
      table: of the network.
      scope: of its variables.
    """
    yield from conv_and_norm(CONV, "stem.0", "stem.1", f"{scope}/stem")
    for block, unit, ours in _list_units(table, scope):
        theirs = f"trunk_output.block{block}.block{block}-{unit}"
        convolutions = {"f.a": "conv1", "f.b": "conv2", "f.c": "conv3"}
        if unit == 0:
            convolutions["proj"] = "shortcut"
        for name, part in convolutions.items():
            name = f"{theirs}.{name}"
            yield from conv_and_norm(CONV, f"{name}.0", f"{name}.1", f"{ours}/{part}")
        yield from squeeze_excite(f"{theirs}.f.se", ("fc1", "fc2"), ours)
    yield Layer(LINEAR, "fc", f"{scope}/Logits")


def timm(table: nets.Table, scope: str) -> Iterator[Layer]:
    """Yields a network's layers under timm's names.

    Args:
      table: of the network.
      scope: of its variables.
    """
    yield from conv_and_norm(CONV, "stem.conv", "stem.bn", f"{scope}/stem")
    for block, unit, ours in _list_units(table, scope):
        theirs = f"s{block}.b{unit + 1}"
        convolutions = {part: part for part in ("conv1", "conv2", "conv3")}
        if unit == 0:
            convolutions["downsample"] = "shortcut"
        for name, part in convolutions.items():
            name = f"{theirs}.{name}"
            yield from conv_and_norm(
                CONV, f"{name}.conv", f"{name}.bn", f"{ours}/{part}"
            )
        yield from squeeze_excite(f"{theirs}.se", ("fc1", "fc2"), ours)
    yield Layer(LINEAR, "head.fc", f"{scope}/Logits")


def _list_units(table: nets.Table, scope: str) -> Iterator[tuple[int, int, str]]:
    """Yields each unit's block, from 1, its place in it, from 0, and its scope."""
    for block, (_, units) in enumerate(itertools.groupby(nets.list_widths(table)), 1):
        for unit, _ in enumerate(units):
            yield block, unit, f"{scope}/block{block}/unit_{unit + 1}"


_LIBRARIES: tuple[tuple[Callable[[nets.Table, str], Iterator[Layer]], str], ...] = (
    (torchvision, TORCHVISION),
    (timm, TIMM),
)
NETWORKS = {
    row.name: tuple(
        Table(partial(layers, row.arguments["table"], row.name), name)
        for layers, name in _LIBRARIES
    )
    for row in nets.NETWORKS
}
