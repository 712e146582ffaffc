"""MobileNet v4 of timm under our names."""

from collections.abc import Iterator, Sequence
from functools import partial

from slimnets.nets.mobilenet import mobilenet_v4
from slimnets.nets.mobilenet.mobilenet_v4 import UIB, Block, Conv, FusedIB
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    DEPTHWISE,
    LINEAR,
    PADS_BOTH_SIDES,
    TIMM,
    Table,
    conv_and_norm,
)

_SCOPE = "MobilenetV4"


def v4(blocks: Sequence[Block]) -> Iterator[Layer]:
    """Yields the layers of a network under timm's names.

    Args:
      blocks: its table.
    """
    yield from conv_and_norm(CONV, "conv_stem", "bn1", f"{_SCOPE}/Conv")
    built = {Conv: 1, FusedIB: 0, UIB: 0}  # of each kind: the stem is a convolution
    for theirs, block in zip(_place(blocks), blocks[1:], strict=True):
        number = built[type(block)]
        built[type(block)] += 1
        yield from _block(block, theirs, number)
    yield from conv_and_norm(
        CONV, "conv_head", "norm_head", f"{_SCOPE}/Conv_{built[Conv]}"
    )
    yield Layer(LINEAR, "classifier", f"{_SCOPE}/Logits/Conv2d_1c_1x1")


def _place(blocks: Sequence[Block]) -> Iterator[str]:
    """Yields timm's names of the blocks behind the stem.

    A stage begins where features shrink; the last convolution is one.
    """
    stage, number = -1, 0
    for block in blocks[1:]:
        begins = block.stride > 1 or block is blocks[-1]
        stage, number = (stage + 1, 0) if begins else (stage, number + 1)
        yield f"blocks.{stage}.{number}"


def _block(block: Block, theirs: str, number: int) -> Iterator[Layer]:
    suffix = f"_{number}" if number else ""
    if isinstance(block, Conv):
        ours = f"{_SCOPE}/Conv{suffix}"
        yield from conv_and_norm(CONV, f"{theirs}.conv", f"{theirs}.bn1", ours)
    elif isinstance(block, FusedIB):
        ours = f"{_SCOPE}/expanded_conv{suffix}"
        for i, (name, part) in enumerate(
            [("conv_exp", "expand"), ("conv_pwl", "project")], 1
        ):
            yield from conv_and_norm(
                CONV, f"{theirs}.{name}", f"{theirs}.bn{i}", f"{ours}/{part}"
            )
    else:
        yield from _universal(block, theirs, f"{_SCOPE}/uib{suffix}")


def _universal(block: UIB, theirs: str, ours: str) -> Iterator[Layer]:
    for exists, kind, name, part in (
        (block.start, DEPTHWISE, "dw_start", "start_depthwise"),
        (True, CONV, "pw_exp", "expand"),
        (block.middle, DEPTHWISE, "dw_mid", "depthwise"),
        (True, CONV, "pw_proj", "project"),
    ):
        if exists:
            layer = f"{theirs}.{name}"
            yield from conv_and_norm(
                kind, f"{layer}.conv", f"{layer}.bn", f"{ours}/{part}"
            )


NETWORKS = {
    f"mobilenet_v4_conv_{size}": (
        Table(
            partial(v4, blocks),
            TIMM,
            epsilons=(1e-5, 1e-3),
            arguments={"use_explicit_padding": True},
            note=PADS_BOTH_SIDES,
        ),
    )
    for size, blocks in (
        ("small", mobilenet_v4.CONV_SMALL),
        ("medium", mobilenet_v4.CONV_MEDIUM),
        ("large", mobilenet_v4.CONV_LARGE),
    )
}
