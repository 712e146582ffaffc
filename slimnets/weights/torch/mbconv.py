"""EfficientNet and MnasNet of torchvision and timm under our names."""

import string
from collections.abc import Iterator
from functools import partial
from typing import Any

from slimnets.nets import efficientnet, mnasnet
from slimnets.nets import mbconv as nets
from slimnets.weights.rules import Layer
from slimnets.weights.torch import inverted
from slimnets.weights.torch.kinds import (
    CONV,
    DEPTHWISE,
    LINEAR,
    PADS_BOTH_SIDES,
    TIMM,
    TIMM_TF,
    TORCHVISION,
    Table,
    conv_and_norm,
)


def timm(table: nets.Table, scope: str) -> Iterator[Layer]:
    """Yields a network's layers under timm's names.

    Args:
      table: of the network.
      scope: of its variables.
    """
    yield from conv_and_norm(CONV, "conv_stem", "bn1", f"{scope}/stem")
    for number, layer, ours, stage in _list_blocks(table, scope):
        theirs = f"blocks.{number}.{layer}"
        expands = stage.expansion > 1
        yield from inverted.timm(theirs, ours, expands, stage.squeeze_excite)
    yield from conv_and_norm(CONV, "conv_head", "bn2", f"{scope}/head")
    yield Layer(LINEAR, "classifier", f"{scope}/Logits")


def torchvision_efficientnet(table: nets.Table, scope: str) -> Iterator[Layer]:
    """Yields an EfficientNet's layers under torchvision's names.

    Args:
      table: of the network.
      scope: of its variables.
    """
    yield from conv_and_norm(CONV, "features.0.0", "features.0.1", f"{scope}/stem")
    for number, layer, ours, stage in _list_blocks(table, scope):
        theirs = f"features.{number + 1}.{layer}.block"
        expands = stage.expansion > 1
        yield from inverted.torchvision(theirs, ours, expands, stage.squeeze_excite)
    last = f"features.{len(table.stages) + 1}"
    yield from conv_and_norm(CONV, f"{last}.0", f"{last}.1", f"{scope}/head")
    yield Layer(LINEAR, "classifier.1", f"{scope}/Logits")


def torchvision_mnasnet(table: nets.Table, scope: str) -> Iterator[Layer]:
    """Yields an MnasNet's layers under torchvision's names.

    They number convolutions, batch norms and activations; those of the first stage are
    the network's own.

    Args:
      table: of the network.
      scope: of its variables.
    """
    yield from _numbered("layers", 0, CONV, f"{scope}/stem")
    for number, layer, ours, stage in _list_blocks(table, scope):
        if stage.expansion > 1:
            block = f"layers.{7 + number}.{layer}.layers"
            yield from _numbered(block, 0, CONV, f"{ours}/expand")
        else:
            block = "layers"
        yield from _numbered(block, 3, DEPTHWISE, f"{ours}/depthwise")
        yield from _numbered(block, 6, CONV, f"{ours}/project")
    yield from _numbered("layers", 7 + len(table.stages), CONV, f"{scope}/head")
    yield Layer(LINEAR, "classifier.1", f"{scope}/Logits")


def _numbered(theirs: str, number: int, kind: Any, ours: str) -> Iterator[Layer]:
    return conv_and_norm(kind, f"{theirs}.{number}", f"{theirs}.{number + 1}", ours)


def _list_blocks(
    table: nets.Table, scope: str
) -> Iterator[tuple[int, int, str, nets.Stage]]:
    """Yields each block's stage and place in it, from 0, its scope, and the stage."""
    for number, stage in enumerate(table.stages):
        for layer in range(stage.layers):
            letter = string.ascii_lowercase[layer]
            yield number, layer, f"{scope}/block{number + 1}{letter}", stage


_OURS = 1e-3  # epsilon of TensorFlow's networks
_PADDED: dict[str, Any] = {
    "arguments": {"use_explicit_padding": True},
    "note": PADS_BOTH_SIDES,
}
# torchvision's, by network: from b5 on its weights came from TensorFlow's.
_EPSILONS = {f"efficientnet_b{n}": 1e-5 if n < 5 else 1e-3 for n in range(8)}


def _list_tables(name: str, table: nets.Table) -> Iterator[Table]:
    if name in _EPSILONS:
        yield Table(
            partial(torchvision_efficientnet, table, name),
            TORCHVISION,
            epsilons=(_EPSILONS[name], _OURS),
            **_PADDED,
        )
    layers = partial(timm, table, name)
    yield Table(layers, TIMM, epsilons=(1e-5, _OURS), **_PADDED)
    yield Table(layers, TIMM_TF, epsilons=(1e-3, _OURS))


NETWORKS = {
    **{name: tuple(_list_tables(name, it)) for name, it in efficientnet.TABLES.items()},
    "mnasnet_a1": (
        Table(
            partial(timm, mnasnet.A1, "mnasnet_a1"),
            TIMM,
            epsilons=(1e-5, _OURS),
            **_PADDED,
        ),
    ),
    "mnasnet_b1": tuple(
        Table(
            partial(layers, mnasnet.B1, "mnasnet_b1"),
            name,
            epsilons=(1e-5, _OURS),
            **_PADDED,
        )
        for layers, name in ((torchvision_mnasnet, TORCHVISION), (timm, TIMM))
    ),
}
