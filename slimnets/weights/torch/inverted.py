"""Inverted residuals under torchvision's and timm's names, which many networks have."""

from collections.abc import Iterator

from slimnets.weights.rules import Kind, Layer
from slimnets.weights.torch.kinds import (
    CONV,
    DEPTHWISE,
    conv_and_norm,
    squeeze_excite,
)


def torchvision(
    theirs: str, ours: str, expands: bool, squeezes: bool, project: Kind = CONV
) -> Iterator[Layer]:
    """Yields a block's layers, which torchvision numbers as far as there are some.

    Args:
      theirs: the block's name.
      ours: its scope.
      expands: whether it begins with a 1x1 convolution.
      squeezes: whether it has squeeze-and-excitation.
      project: the kind of the last convolution.
    """
    kinds: dict[str, Kind | None] = {
        **({"expand": CONV} if expands else {}),
        "depthwise": DEPTHWISE,
        **({"squeeze_excite": None} if squeezes else {}),
        "project": project,
    }
    for number, (part, kind) in enumerate(kinds.items()):
        name = f"{theirs}.{number}"
        if kind is None:
            yield from squeeze_excite(name, ("fc1", "fc2"), ours)
        else:
            yield from conv_and_norm(kind, f"{name}.0", f"{name}.1", f"{ours}/{part}")


def timm(
    theirs: str, ours: str, expands: bool, squeezes: bool, project: Kind = CONV
) -> Iterator[Layer]:
    """Yields a block's layers under timm's names; the arguments are torchvision's."""
    parts = (
        [
            (CONV, "conv_pw", "expand"),
            (DEPTHWISE, "conv_dw", "depthwise"),
            (project, "conv_pwl", "project"),
        ]
        if expands
        else [(DEPTHWISE, "conv_dw", "depthwise"), (project, "conv_pw", "project")]
    )
    for number, (kind, name, part) in enumerate(parts, 1):
        if part == "project" and squeezes:
            names = ("conv_reduce", "conv_expand")
            yield from squeeze_excite(f"{theirs}.se", names, ours)
        yield from conv_and_norm(
            kind, f"{theirs}.{name}", f"{theirs}.bn{number}", f"{ours}/{part}"
        )
