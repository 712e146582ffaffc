"""MobileNet v1, v2 and v3 of keras.applications under our names."""

from collections.abc import Iterator, Sequence

from slimnets.nets import mobilenet_v1
from slimnets.nets.mobilenet import mobilenet_v2, mobilenet_v3, v3_blocks
from slimnets.weights.keras.kinds import (
    CONV,
    CONV_BIAS,
    DENSE,
    DEPTHWISE,
    conv_and_norm,
)
from slimnets.weights.rules import Layer

# Keras' gates divide by six, ours multiply by a rounded sixth. Over all the blocks that
# would be 2e-4 of the logits; the convolution behind a gate makes up for it.
_GATED_CONV = CONV._replace(
    weights=tuple(
        weight._replace(scale=1 / (6 * v3_blocks.ROUNDED_SIXTH))
        for weight in CONV.weights
    )
)


def v1() -> Iterator[Layer]:
    """Yields MobileNet v1's layers; they have these names at every width."""
    scope = "MobilenetV1"
    yield from conv_and_norm(CONV, "conv1", "conv1_bn", f"{scope}/Conv2d_0")
    for i in range(1, len(mobilenet_v1.MOBILENETV1_CONV_DEFS)):
        for kind, theirs, ours in (
            (DEPTHWISE, f"conv_dw_{i}", f"Conv2d_{i}_depthwise"),
            (CONV, f"conv_pw_{i}", f"Conv2d_{i}_pointwise"),
        ):
            yield from conv_and_norm(kind, theirs, f"{theirs}_bn", f"{scope}/{ours}")
    yield Layer(CONV_BIAS, "conv_preds", f"{scope}/Logits/Conv2d_1c_1x1")


def v2() -> Iterator[Layer]:
    """Yields MobileNet v2's layers; they have these names at every width."""
    scope = "MobilenetV2"
    yield from conv_and_norm(CONV, "Conv1", "bn_Conv1", f"{scope}/Conv")
    for i in range(sum(stage.repeats for stage in mobilenet_v2.STAGES)):
        theirs = f"block_{i}" if i else "expanded_conv"
        ours = f"{scope}/expanded_conv_{i}" if i else f"{scope}/expanded_conv"
        for kind, part in _parts(expands=i > 0):
            yield from conv_and_norm(
                kind, f"{theirs}_{part}", f"{theirs}_{part}_BN", f"{ours}/{part}"
            )
    yield from conv_and_norm(CONV, "Conv_1", "Conv_1_bn", f"{scope}/Conv_1")
    yield Layer(DENSE, "predictions", f"{scope}/Logits/Conv2d_1c_1x1")


def v3(blocks: Sequence[mobilenet_v3.Block], minimalistic: bool) -> Iterator[Layer]:
    """Yields MobileNet v3's layers.

    Args:
      blocks: the table of its blocks.
      minimalistic: whether squeeze-and-excitation is left out.
    """
    scope = "MobilenetV3"
    yield from conv_and_norm(CONV, "conv", "conv_bn", f"{scope}/Conv")
    for i, block in enumerate(blocks):
        theirs = f"expanded_conv_{i}" if i else "expanded_conv"
        ours = f"{scope}/{theirs}"
        for kind, part in _parts(expands=i > 0):
            if part == "project" and block.squeeze_excite and not minimalistic:
                for layer in ("conv", "conv_1"):
                    yield Layer(
                        CONV_BIAS,
                        f"{theirs}_squeeze_excite_{layer}",
                        f"{ours}/squeeze_excite/{layer.capitalize()}",
                    )
                kind = _GATED_CONV
            yield from conv_and_norm(
                kind, f"{theirs}_{part}", f"{theirs}_{part}_bn", f"{ours}/{part}"
            )
    yield from conv_and_norm(CONV, "conv_1", "conv_1_bn", f"{scope}/Conv_1")
    yield Layer(CONV_BIAS, "conv_2", f"{scope}/Conv_2")
    yield Layer(CONV_BIAS, "logits", f"{scope}/Logits/Conv2d_1c_1x1")


def _parts(expands: bool) -> list[tuple]:
    """Returns an inverted residual's convolutions; the first one does not expand."""
    parts = [(CONV, "expand"), (DEPTHWISE, "depthwise"), (CONV, "project")]
    return parts if expands else parts[1:]
