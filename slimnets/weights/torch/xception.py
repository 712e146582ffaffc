"""Xception of timm under our names."""

from collections.abc import Iterator

from slimnets.nets import xception as nets
from slimnets.weights.rules import Layer
from slimnets.weights.torch.kinds import (
    CONV,
    LINEAR,
    TIMM,
    Table,
    conv_and_norm,
    make_separable_kind,
)

_SEPARABLE = make_separable_kind("conv1", "pointwise")
# Its layers without a shortcut, by the number that timm gives them.
_NUMBERS = {
    "block1/conv1": 1,
    "block1/conv2": 2,
    "block14/sepconv1": 3,
    "block14/sepconv2": 4,
}


def xception() -> Iterator[Layer]:
    """Yields Xception's layers."""
    blocks = 0
    for row in nets.XCEPTION:
        ours = f"xception/{row.name}"
        if isinstance(row, nets.Residual):
            blocks += 1
            yield from _block(f"block{blocks}", ours, row)
        else:
            kind = CONV if isinstance(row, nets.Conv) else _SEPARABLE
            number = _NUMBERS[row.name]
            yield from conv_and_norm(kind, f"conv{number}", f"bn{number}", ours)
    yield Layer(LINEAR, "fc", "xception/Logits")


def _block(theirs: str, ours: str, row: nets.Residual) -> Iterator[Layer]:
    place = int(row.starts_with_relu)  # among relus, convolutions and norms
    for number in range(1, len(row.depths) + 1):
        yield from conv_and_norm(
            _SEPARABLE,
            f"{theirs}.rep.{place}",
            f"{theirs}.rep.{place + 1}",
            f"{ours}/sepconv{number}",
        )
        place += 3
    if row.stride > 1:
        yield from conv_and_norm(
            CONV, f"{theirs}.skip", f"{theirs}.skipbn", f"{ours}/shortcut"
        )


NETWORKS = {
    "xception": (
        Table(
            xception,
            TIMM,
            epsilons=(1e-5, 1e-3),
            arguments={"use_explicit_padding": True},
            note="PyTorch pads pools on both sides, which changes nothing for images of"
            " 32 k + 7 pixels, as 295",
        ),
    )
}
