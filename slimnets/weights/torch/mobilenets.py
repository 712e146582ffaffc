"""MobileNet v1, v2 and v3 of torchvision and timm under our names."""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from slimnets.nets import mobilenet_v1
from slimnets.nets.mobilenet import mobilenet_v2, mobilenet_v3, v3_blocks
from slimnets.weights.rules import Layer
from slimnets.weights.torch import inverted
from slimnets.weights.torch.kinds import (
    CONV,
    CONV_BIAS,
    DEPTHWISE,
    LINEAR,
    PADS_BOTH_SIDES,
    TIMM,
    TIMM_TF,
    TORCHVISION,
    Table,
    conv_and_norm,
)

# PyTorch's gates divide by six, ours multiply by a rounded sixth: the convolution
# behind a gate makes up for it.
_GATED_CONV = CONV._replace(
    weights=tuple(
        weight._replace(scale=1 / (6 * v3_blocks.ROUNDED_SIXTH))
        for weight in CONV.weights
    )
)


def timm_v1() -> Iterator[Layer]:
    """Yields MobileNet v1's layers under timm's names, of every width."""
    scope = "MobilenetV1"
    yield from conv_and_norm(CONV, "conv_stem", "bn1", f"{scope}/Conv2d_0")
    places = _place(row.depth for row in mobilenet_v1.MOBILENETV1_CONV_DEFS[1:])
    for number, theirs in enumerate(places, 1):
        for i, (kind, name, part) in enumerate(
            [(DEPTHWISE, "conv_dw", "depthwise"), (CONV, "conv_pw", "pointwise")], 1
        ):
            ours = f"{scope}/Conv2d_{number}_{part}"
            yield from conv_and_norm(kind, f"{theirs}.{name}", f"{theirs}.bn{i}", ours)
    yield Layer(LINEAR, "classifier", f"{scope}/Logits/Conv2d_1c_1x1")


def torchvision_v2() -> Iterator[Layer]:
    """Yields MobileNet v2's layers under torchvision's names, of every width."""
    scope = "MobilenetV2"
    last = sum(stage.repeats for stage in mobilenet_v2.STAGES) + 1
    yield from conv_and_norm(CONV, "features.0.0", "features.0.1", f"{scope}/Conv")
    for number in range(last - 1):
        theirs, ours = f"features.{number + 1}.conv", _scope(scope, number)
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
        CONV, f"features.{last}.0", f"features.{last}.1", f"{scope}/Conv_1"
    )
    yield Layer(LINEAR, "classifier.1", f"{scope}/Logits/Conv2d_1c_1x1")


def timm_v2() -> Iterator[Layer]:
    """Yields MobileNet v2's layers under timm's names, of every width."""
    scope = "MobilenetV2"
    yield from conv_and_norm(CONV, "conv_stem", "bn1", f"{scope}/Conv")
    stages = mobilenet_v2.STAGES
    places = _place(stage.depth for stage in stages for _ in range(stage.repeats))
    for number, theirs in enumerate(places):
        ours = _scope(scope, number)
        yield from inverted.timm(theirs, ours, expands=number > 0, squeezes=False)
    yield from conv_and_norm(CONV, "conv_head", "bn2", f"{scope}/Conv_1")
    yield Layer(LINEAR, "classifier", f"{scope}/Logits/Conv2d_1c_1x1")


def torchvision_v3(blocks: Sequence[mobilenet_v3.Block]) -> Iterator[Layer]:
    """Yields MobileNet v3's layers under torchvision's names.

    Args:
      blocks: the table of its blocks.
    """
    scope = "MobilenetV3"
    yield from conv_and_norm(CONV, "features.0.0", "features.0.1", f"{scope}/Conv")
    for number, block in enumerate(blocks):
        yield from inverted.torchvision(
            f"features.{number + 1}.block",
            _scope(scope, number),
            expands=number > 0,
            squeezes=block.squeeze_excite is not None,
            project=_GATED_CONV if block.squeeze_excite else CONV,
        )
    last = f"features.{len(blocks) + 1}"
    yield from conv_and_norm(CONV, f"{last}.0", f"{last}.1", f"{scope}/Conv_1")
    yield Layer(LINEAR, "classifier.0", f"{scope}/Conv_2")
    yield Layer(LINEAR, "classifier.3", f"{scope}/Logits/Conv2d_1c_1x1")


def timm_v3(blocks: Sequence[mobilenet_v3.Block]) -> Iterator[Layer]:
    """Yields MobileNet v3's layers under timm's names.

    Args:
      blocks: the table of its blocks.
    """
    scope = "MobilenetV3"
    yield from conv_and_norm(CONV, "conv_stem", "bn1", f"{scope}/Conv")
    places = list(_place(block.depth for block in blocks))
    for number, (theirs, block) in enumerate(zip(places, blocks, strict=True)):
        yield from inverted.timm(
            theirs,
            _scope(scope, number),
            expands=number > 0,
            squeezes=block.squeeze_excite is not None,
            project=_GATED_CONV if block.squeeze_excite else CONV,
        )
    last = f"blocks.{len({block.depth for block in blocks})}.0"
    yield from conv_and_norm(CONV, f"{last}.conv", f"{last}.bn1", f"{scope}/Conv_1")
    yield Layer(CONV_BIAS, "conv_head", f"{scope}/Conv_2")
    yield Layer(LINEAR, "classifier", f"{scope}/Logits/Conv2d_1c_1x1")


def _place(depths: Iterator[int]) -> Iterator[str]:
    """Yields timm's names of blocks, of which those of one depth are a stage."""
    for stage, (_, blocks) in enumerate(itertools.groupby(depths)):
        for number, _ in enumerate(blocks):
            yield f"blocks.{stage}.{number}"


def _scope(scope: str, block: int) -> str:
    return f"{scope}/expanded_conv_{block}" if block else f"{scope}/expanded_conv"


_AS_TORCH: dict[str, Any] = {
    "arguments": {"use_explicit_padding": True},
    "note": PADS_BOTH_SIDES,
    "recipe": "imagenet",
}
_OURS = 1e-3  # epsilon of TensorFlow's networks

_V1 = (
    Table(
        timm_v1,
        TIMM,
        epsilons=(1e-5, _OURS),
        # Ours averages 7x7 windows of features, timm's all of an image of any size.
        arguments={"use_explicit_padding": True, "global_pool": True},
        note=PADS_BOTH_SIDES,
    ),
)
_V2 = (
    Table(torchvision_v2, TORCHVISION, epsilons=(1e-5, _OURS), **_AS_TORCH),
    Table(timm_v2, TIMM, epsilons=(1e-5, _OURS), **_AS_TORCH),
)


def _list_v3(blocks: Sequence[mobilenet_v3.Block]) -> tuple[Table, ...]:
    theirs, timms = partial(torchvision_v3, blocks), partial(timm_v3, blocks)
    return (
        Table(theirs, TORCHVISION, epsilons=(1e-3, _OURS), **_AS_TORCH),
        Table(timms, TIMM, epsilons=(1e-5, _OURS), **_AS_TORCH),
        Table(timms, TIMM_TF, epsilons=(1e-3, _OURS)),
    )


def _list_minimalistic(blocks: Sequence[mobilenet_v3.Block]) -> tuple[Table, ...]:
    layers = partial(timm_v3, mobilenet_v3.simplify(blocks))
    return (Table(layers, TIMM_TF, epsilons=(1e-3, _OURS)),)


NETWORKS = {
    "mobilenet_v1": _V1,
    "mobilenet_v1_075": _V1,
    "mobilenet_v1_050": _V1,
    "mobilenet_v1_025": _V1,
    "mobilenet_v2": _V2,
    "mobilenet_v2_140": _V2,
    "mobilenet_v2_035": _V2,
    "mobilenet_v3_large": _list_v3(mobilenet_v3.LARGE),
    "mobilenet_v3_small": _list_v3(mobilenet_v3.SMALL),
    "mobilenet_v3_large_minimalistic": _list_minimalistic(mobilenet_v3.LARGE),
    "mobilenet_v3_small_minimalistic": _list_minimalistic(mobilenet_v3.SMALL),
}
