"""ResNet of torchvision and timm under our names."""

from collections.abc import Iterator

from slimnets.nets import resnet_utils
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    LINEAR,
    TIMM,
    TORCHVISION,
    Table,
    conv_and_norm,
)


def resnet50() -> Iterator[Layer]:
    """Yields ResNet-50's layers, which torchvision and timm name alike."""
    scope = "resnet50_v1_5"
    yield from conv_and_norm(CONV, "conv1", "bn1", f"{scope}/conv1")
    for block, stage in enumerate(resnet_utils.RESNET_50, 1):
        for unit in range(stage.units):
            theirs = f"layer{block}.{unit}"
            ours = f"{scope}/block{block}/unit_{unit + 1}/bottleneck_v1"
            if unit == 0:
                shortcut = f"{theirs}.downsample"
                yield from conv_and_norm(
                    CONV, f"{shortcut}.0", f"{shortcut}.1", f"{ours}/shortcut"
                )
            for i in (1, 2, 3):
                yield from conv_and_norm(
                    CONV, f"{theirs}.conv{i}", f"{theirs}.bn{i}", f"{ours}/conv{i}"
                )
    yield Layer(LINEAR, "fc", f"{scope}/logits")


RESNET50_V1_5 = (Table(resnet50, TORCHVISION), Table(resnet50, TIMM))
