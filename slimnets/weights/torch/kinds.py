"""The kinds of layers that PyTorch's networks have, and what their tables share."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

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
      name: of the library.
      epsilons: of batch norm, theirs and ours.
      arguments: of our builder, under which its logits are the library's.
      note: what the user should know; '' for nothing.
    """

    layers: Callable[[], Iterator[Layer]]
    name: str
    epsilons: tuple[float, float] = (1e-5, 1e-5)
    arguments: Mapping[str, Any] = MappingProxyType({})
    note: str = ""


def conv_and_norm(kind: Kind, theirs: str, norm: str, ours: str) -> Iterator[Layer]:
    """Yields a convolution and its batch norm."""
    yield Layer(kind, theirs, ours)
    yield Layer(NORM, norm, f"{ours}/BatchNorm")
