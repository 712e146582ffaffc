"""VGG-16 and VGG-19 of keras.applications under our names."""

from collections.abc import Iterator

from slimnets.nets.convolutional_head import Table
from slimnets.nets.rows import Conv
from slimnets.weights.keras.kinds import CONV_BIAS, DENSE
from slimnets.weights.rules import Layer


def vgg(scope: str, table: Table) -> Iterator[Layer]:
    """Yields the layers of a table."""
    for row in table:
        if isinstance(row, Conv):  # such as 'conv1/conv1_2', Keras' 'block1_conv2'
            stage, number = row.name.rpartition("conv")[2].split("_")
            theirs = f"block{stage}_conv{number}"
            yield Layer(CONV_BIAS, theirs, f"{scope}/{row.name}")
    for theirs, ours in (("fc1", "fc6"), ("fc2", "fc7"), ("predictions", "fc8")):
        yield Layer(DENSE, theirs, f"{scope}/{ours}")
