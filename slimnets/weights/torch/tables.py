"""The networks whose PyTorch weights are known, and their layers under our names.

Names are those of torchvision's and timm's state dicts.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from slimnets.nets import resnet_utils
from slimnets.nets.mobilenet import mobilenet_v2
from slimnets.weights.rules import Kind, Layer, Weight

_OIHW, _OI = (2, 3, 1, 0), (1, 0)  # the axes of ours in theirs
_BIAS = Weight("bias", "biases")

CONV = Kind((Weight("weight", "weights", _OIHW),))
DEPTHWISE = Kind((Weight("weight", "depthwise_weights", (2, 3, 0, 1)),))
LINEAR = Kind((Weight("weight", "weights", _OI, matrix=True), _BIAS))
NORM = Kind(
    (
        Weight("weight", "gamma"),
        Weight("bias", "beta"),
        Weight("running_mean", "moving_mean"),
        Weight("running_var", "moving_variance"),
    )
)


class Table(NamedTuple):
    """A library's state dict of a network.

    Attributes:
      layers: yields them.
      epsilons: of batch norm, theirs and ours.
      note: what the user should know; '' for nothing.
    """

    layers: Callable[[], Iterator[Layer]]
    epsilons: tuple[float, float] = (1e-5, 1e-5)
    note: str = ""


def _conv_and_norm(kind: Kind, theirs: str, norm: str, ours: str) -> Iterator[Layer]:
    yield Layer(kind, theirs, ours)
    yield Layer(NORM, norm, f"{ours}/BatchNorm")


def resnet50() -> Iterator[Layer]:
    """Yields ResNet-50's layers, which torchvision and timm name alike."""
    scope = "resnet50_v1_5"
    yield from _conv_and_norm(CONV, "conv1", "bn1", f"{scope}/conv1")
    for block, stage in enumerate(resnet_utils.RESNET_50, 1):
        for unit in range(stage.units):
            theirs = f"layer{block}.{unit}"
            ours = f"{scope}/block{block}/unit_{unit + 1}/bottleneck_v1"
            if unit == 0:
                shortcut = f"{theirs}.downsample"
                yield from _conv_and_norm(
                    CONV, f"{shortcut}.0", f"{shortcut}.1", f"{ours}/shortcut"
                )
            for i in (1, 2, 3):
                yield from _conv_and_norm(
                    CONV, f"{theirs}.conv{i}", f"{theirs}.bn{i}", f"{ours}/conv{i}"
                )
    yield Layer(LINEAR, "fc", f"{scope}/logits")


def torchvision_mobilenet_v2() -> Iterator[Layer]:
    """Yields MobileNet v2's layers under torchvision's names."""
    last = sum(stage.repeats for stage in mobilenet_v2.STAGES) + 1
    yield from _conv_and_norm(CONV, "features.0.0", "features.0.1", "MobilenetV2/Conv")
    for number in range(last - 1):
        theirs, ours = f"features.{number + 1}.conv", _scope(number)
        parts = [(CONV, "expand"), (DEPTHWISE, "depthwise")][number == 0 :]
        for i, (kind, part) in enumerate(parts):
            yield from _conv_and_norm(
                kind, f"{theirs}.{i}.0", f"{theirs}.{i}.1", f"{ours}/{part}"
            )
        i = len(parts)
        yield from _conv_and_norm(
            CONV, f"{theirs}.{i}", f"{theirs}.{i + 1}", f"{ours}/project"
        )
    yield from _conv_and_norm(
        CONV, f"features.{last}.0", f"features.{last}.1", "MobilenetV2/Conv_1"
    )
    yield Layer(LINEAR, "classifier.1", _LOGITS)


def timm_mobilenet_v2() -> Iterator[Layer]:
    """Yields MobileNet v2's layers under timm's names."""
    yield from _conv_and_norm(CONV, "conv_stem", "bn1", "MobilenetV2/Conv")
    places = [
        f"blocks.{stage}.{repeat}"
        for stage, row in enumerate(mobilenet_v2.STAGES)
        for repeat in range(row.repeats)
    ]
    for number, theirs in enumerate(places):
        parts = [
            (CONV, "conv_pw", "expand"),
            (DEPTHWISE, "conv_dw", "depthwise"),
            (CONV, "conv_pwl", "project"),
        ]
        if number == 0:
            parts = [(DEPTHWISE, "conv_dw", "depthwise"), (CONV, "conv_pw", "project")]
        for i, (kind, conv, part) in enumerate(parts, 1):
            yield from _conv_and_norm(
                kind, f"{theirs}.{conv}", f"{theirs}.bn{i}", f"{_scope(number)}/{part}"
            )
    yield from _conv_and_norm(CONV, "conv_head", "bn2", "MobilenetV2/Conv_1")
    yield Layer(LINEAR, "classifier", _LOGITS)


_LOGITS = "MobilenetV2/Logits/Conv2d_1c_1x1"


def _scope(block: int) -> str:
    return (
        f"MobilenetV2/expanded_conv_{block}" if block else "MobilenetV2/expanded_conv"
    )


_MOBILENET_V2 = tuple(
    Table(
        layers,
        epsilons=(1e-5, 1e-3),
        note="PyTorch pads strided convolutions on both sides: for its logits build"
        " with use_explicit_padding=True, or give images of 32 k + 1 pixels, as 225",
    )
    for layers in (torchvision_mobilenet_v2, timm_mobilenet_v2)
)

TABLES: dict[str, tuple[Table, ...]] = {
    "resnet50_v1_5": (Table(resnet50),),
    "mobilenet_v2": _MOBILENET_V2,
    "mobilenet_v2_140": _MOBILENET_V2,
    "mobilenet_v2_035": _MOBILENET_V2,
}
