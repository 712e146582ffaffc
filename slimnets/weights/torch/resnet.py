"""ResNet of torchvision and timm under our names."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from slimnets.nets import resnet_utils
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    CONV_BIAS,
    LINEAR,
    NORM,
    TIMM,
    TORCHVISION,
    Table,
    conv_and_norm,
)

_CONV_ZERO_BIAS = CONV._replace(zeros=("biases",))


def v1(scope: str, table: Sequence[resnet_utils.Stage]) -> Iterator[Layer]:
    """Yields a ResNet's layers, which torchvision and timm name alike.

    Args:
      scope: of our network.
      table: its stages.
    """
    yield from conv_and_norm(CONV, "conv1", "bn1", f"{scope}/conv1")
    for block, stage in enumerate(table, 1):
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


def v2(scope: str, table: Sequence[resnet_utils.Stage]) -> Iterator[Layer]:
    """Yields the layers of a ResNet v2 under timm's names.

    Convolutions that batch norm does not follow have biases here, and none there.

    Args:
      scope: of our network.
      table: its stages.
    """
    yield Layer(_CONV_ZERO_BIAS, "stem.conv", f"{scope}/conv1")
    for block, stage in enumerate(table):
        for unit in range(stage.units):
            theirs = f"stages.{block}.blocks.{unit}"
            ours = f"{scope}/block{block + 1}/unit_{unit + 1}/bottleneck_v2"
            yield Layer(NORM, f"{theirs}.norm1", f"{ours}/preact")
            if unit == 0:
                yield Layer(
                    _CONV_ZERO_BIAS, f"{theirs}.downsample.conv", f"{ours}/shortcut"
                )
            for i in (1, 2):
                yield from conv_and_norm(
                    CONV,
                    f"{theirs}.conv{i}",
                    f"{theirs}.norm{i + 1}",
                    f"{ours}/conv{i}",
                )
            yield Layer(_CONV_ZERO_BIAS, f"{theirs}.conv3", f"{ours}/conv3")
    yield Layer(NORM, "norm", f"{scope}/postnorm")
    yield Layer(CONV_BIAS, "head.fc", f"{scope}/logits")


_STRIDES = "PyTorch's blocks stride in their first 3x3 convolution"
_STRIDES_AND_PADS = f"{_STRIDES}, and its pool is padded on both sides"
_AS_TORCH: dict[str, Any] = {"stride_in": "first_3x3", "use_explicit_padding": True}
_STAGES = {
    "50": resnet_utils.RESNET_50,
    "101": resnet_utils.RESNET_101,
    "152": resnet_utils.RESNET_152,
}
NETWORKS = {
    "resnet50_v1_5": tuple(
        Table(partial(v1, "resnet50_v1_5", _STAGES["50"]), name)
        for name in (TORCHVISION, TIMM)
    ),
    "resnet50": tuple(
        Table(
            partial(v1, "resnet50", _STAGES["50"]),
            name,
            epsilons=(1e-5, 1.001e-5),
            arguments={"stride_in": "first_3x3"},
            note=f"{_STRIDES}, as resnet50_v1_5's do",
            recipe="imagenet",
        )
        for name in (TORCHVISION, TIMM)
    ),
    **{
        f"resnet_v1_{depth}": tuple(
            Table(
                partial(v1, f"resnet_v1_{depth}", stages),
                name,
                arguments=_AS_TORCH,
                note=_STRIDES_AND_PADS,
                recipe="imagenet",
            )
            for name in (TORCHVISION, TIMM)
        )
        for depth, stages in _STAGES.items()
    },
    **{
        f"resnet_v2_{depth}": (
            Table(
                partial(v2, f"resnet_v2_{depth}", stages),
                TIMM,
                arguments=_AS_TORCH,
                note=_STRIDES_AND_PADS,
            ),
        )
        for depth, stages in _STAGES.items()
    },
}
