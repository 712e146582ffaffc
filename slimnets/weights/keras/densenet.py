"""DenseNet of keras.applications under our names."""

from collections.abc import Iterator

from slimnets.nets.densenet import Table
from slimnets.weights.keras.kinds import CONV, DENSE, NORM, conv_and_norm
from slimnets.weights.rules import Layer


def densenet(scope: str, table: Table) -> Iterator[Layer]:
    """Yields a DenseNet's layers.

    Args:
      scope: of our network.
      table: its table.
    """
    yield from conv_and_norm(CONV, "conv1_conv", "conv1_bn", f"{scope}/conv1")
    for block, layers in enumerate(table.layers, 1):
        for number in range(1, layers + 1):
            theirs = f"conv{block + 1}_block{number}"
            ours = f"{scope}/block{block}/layer_{number}"
            yield Layer(NORM, f"{theirs}_0_bn", f"{ours}/BatchNorm")
            yield from conv_and_norm(
                CONV, f"{theirs}_1_conv", f"{theirs}_1_bn", f"{ours}/conv1"
            )
            yield Layer(CONV, f"{theirs}_2_conv", f"{ours}/conv2")
        if block < len(table.layers):
            theirs, ours = f"pool{block + 1}", f"{scope}/transition{block}"
            yield Layer(NORM, f"{theirs}_bn", f"{ours}/BatchNorm")
            yield Layer(CONV, f"{theirs}_conv", f"{ours}/conv")
    yield Layer(NORM, "bn", f"{scope}/BatchNorm")
    yield Layer(DENSE, "predictions", f"{scope}/Logits")
