"""VGG-16 and VGG-19 of keras.applications under our names."""

from collections.abc import Iterator

from slimnets.nets import vgg as nets
from slimnets.weights.keras.kinds import CONV_BIAS, DENSE
from slimnets.weights.rules import Layer


def vgg(scope: str, column: str) -> Iterator[Layer]:
    """Yields the layers of the network in a column of the paper's table."""
    for stage, repetitions in enumerate(nets.CONVOLUTIONS[column], 1):
        for number in range(1, repetitions + 1):
            yield Layer(
                CONV_BIAS,
                f"block{stage}_conv{number}",
                f"{scope}/conv{stage}/conv{stage}_{number}",
            )
    for theirs, ours in (("fc1", "fc6"), ("fc2", "fc7"), ("predictions", "fc8")):
        yield Layer(DENSE, theirs, f"{scope}/{ours}")
