"""MobileNet v2 of torchvision and timm under our names."""

from collections.abc import Iterator

from slimnets.nets.mobilenet import mobilenet_v2
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    DEPTHWISE,
    LINEAR,
    PADS_BOTH_SIDES,
    TIMM,
    TORCHVISION,
    Table,
    conv_and_norm,
)


def torchvision_v2() -> Iterator[Layer]:
    """Yields MobileNet v2's layers under torchvision's names."""
    last = sum(stage.repeats for stage in mobilenet_v2.STAGES) + 1
    yield from conv_and_norm(CONV, "features.0.0", "features.0.1", "MobilenetV2/Conv")
    for number in range(last - 1):
        theirs, ours = f"features.{number + 1}.conv", _scope(number)
        parts = [(CONV, "expand"), (DEPTHWISE, "depthwise")][number == 0 :]
        for i, (kind, part) in enumerate(parts):
            yield from conv_and_norm(
                kind, f"{theirs}.{i}.0", f"{theirs}.{i}.1", f"{ours}/{part}"
            )
        i = len(parts)
        yield from conv_and_norm(
            CONV, f"{theirs}.{i}", f"{theirs}.{i + 1}", f"{ours}/project"
        )
    yield from conv_and_norm(
        CONV, f"features.{last}.0", f"features.{last}.1", "MobilenetV2/Conv_1"
    )
    yield Layer(LINEAR, "classifier.1", _LOGITS)


def timm_v2() -> Iterator[Layer]:
    """Yields MobileNet v2's layers under timm's names."""
    yield from conv_and_norm(CONV, "conv_stem", "bn1", "MobilenetV2/Conv")
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
            yield from conv_and_norm(
                kind, f"{theirs}.{conv}", f"{theirs}.bn{i}", f"{_scope(number)}/{part}"
            )
    yield from conv_and_norm(CONV, "conv_head", "bn2", "MobilenetV2/Conv_1")
    yield Layer(LINEAR, "classifier", _LOGITS)


_LOGITS = "MobilenetV2/Logits/Conv2d_1c_1x1"


def _scope(block: int) -> str:
    return (
        f"MobilenetV2/expanded_conv_{block}" if block else "MobilenetV2/expanded_conv"
    )


V2 = tuple(
    Table(
        layers,
        name,
        epsilons=(1e-5, 1e-3),
        arguments={"use_explicit_padding": True},
        note=PADS_BOTH_SIDES,
    )
    for layers, name in ((torchvision_v2, TORCHVISION), (timm_v2, TIMM))
)
