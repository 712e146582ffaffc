"""DenseNet of torchvision and timm, which name its layers alike, under our names."""

from collections.abc import Iterator
from functools import partial

from slimnets.nets import densenet as nets
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    LINEAR,
    NORM,
    TIMM,
    TORCHVISION,
    Table,
    conv_and_norm,
)


def densenet(scope: str, table: nets.Table) -> Iterator[Layer]:
    """Yields a DenseNet's layers.

    Args:
      scope: of our network.
      table: its table.
    """
    yield from conv_and_norm(CONV, "features.conv0", "features.norm0", f"{scope}/conv1")
    for block, layers in enumerate(table.layers, 1):
        for number in range(1, layers + 1):
            theirs = f"features.denseblock{block}.denselayer{number}"
            ours = f"{scope}/block{block}/layer_{number}"
            yield Layer(NORM, f"{theirs}.norm1", f"{ours}/BatchNorm")
            yield from conv_and_norm(
                CONV, f"{theirs}.conv1", f"{theirs}.norm2", f"{ours}/conv1"
            )
            yield Layer(CONV, f"{theirs}.conv2", f"{ours}/conv2")
        if block < len(table.layers):
            theirs, ours = f"features.transition{block}", f"{scope}/transition{block}"
            yield Layer(NORM, f"{theirs}.norm", f"{ours}/BatchNorm")
            yield Layer(CONV, f"{theirs}.conv", f"{ours}/conv")
    yield Layer(NORM, "features.norm5", f"{scope}/BatchNorm")
    yield Layer(LINEAR, "classifier", f"{scope}/Logits")


# The published files have a point in what has been norm1, conv1, norm2, conv2 since.
_POINTED = (r"(\.denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2")


def _list_tables(scope: str, table: nets.Table) -> tuple[Table, ...]:
    return tuple(
        Table(
            partial(densenet, scope, table),
            name,
            epsilons=(1e-5, 1.001e-5),
            renamed=(_POINTED,),
        )
        for name in (TORCHVISION, TIMM)
    )


NETWORKS = {
    "densenet_121": _list_tables("densenet_121", nets.DENSENET_121),
    "densenet_169": _list_tables("densenet_169", nets.DENSENET_169),
    "densenet_201": _list_tables("densenet_201", nets.DENSENET_201),
}
