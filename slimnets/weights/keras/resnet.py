"""ResNet-50 of keras.applications under our names."""

from collections.abc import Iterator

from slimnets.nets import resnet_utils
from slimnets.weights.keras.kinds import CONV_BIAS_NORM, DENSE, conv_and_norm
from slimnets.weights.rules import Layer


def resnet50() -> Iterator[Layer]:
    """Yields ResNet-50's layers. Keras gives its convolutions biases besides."""
    yield from conv_and_norm(CONV_BIAS_NORM, "conv1_conv", "conv1_bn", "resnet50/conv1")
    for block, stage in enumerate(resnet_utils.RESNET_50, 1):
        for unit in range(1, stage.units + 1):
            theirs = f"conv{block + 1}_block{unit}"
            ours = f"resnet50/block{block}/unit_{unit}/bottleneck_v1"
            # The shortcut is as far from the output as the convolution beside it.
            for number in (1, 2, 0, 3) if unit == 1 else (1, 2, 3):
                yield from conv_and_norm(
                    CONV_BIAS_NORM,
                    f"{theirs}_{number}_conv",
                    f"{theirs}_{number}_bn",
                    f"{ours}/conv{number}" if number else f"{ours}/shortcut",
                )
    yield Layer(DENSE, "predictions", "resnet50/logits")
