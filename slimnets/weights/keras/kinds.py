"""The kinds of layers that Keras' networks have, and what is common to their tables.

A table is a function that yields its layers. Among layers of one class they come in
the order of Keras' `model.layers`, which is how its files number them: by the distance
from the network's output, the farthest first.
"""

from collections.abc import Iterator

from slimnets.weights.rules import Kind, Layer, Weight

_BIAS = Weight("bias", "biases")
_KERNEL = Weight("kernel", "weights")
_MOMENTS = tuple(
    Weight(name, name) for name in ("gamma", "beta", "moving_mean", "moving_variance")
)

CONV = Kind((_KERNEL,), "conv2d")
CONV_BIAS = Kind((_KERNEL, _BIAS), "conv2d")
CONV_BIAS_NORM = Kind(
    (_KERNEL, Weight("bias", "BatchNorm/moving_mean")), "conv2d", bias_before_norm=True
)
DEPTHWISE = Kind((Weight("kernel", "depthwise_weights"),), "depthwise_conv2d")
SEPARABLE = Kind(
    (
        Weight("depthwise_kernel", "depthwise_weights"),
        Weight("pointwise_kernel", "pointwise_weights"),
    ),
    "separable_conv2d",
)
DENSE = Kind((_KERNEL._replace(matrix=True), _BIAS), "dense")
NORM = Kind(_MOMENTS, "batch_normalization")
NORM_UNSCALED = Kind(_MOMENTS[1:], "batch_normalization")


def conv_and_norm(
    kind: Kind, theirs: str, theirs_norm: str, ours: str, norm: Kind = NORM
) -> Iterator[Layer]:
    """Yields a convolution and its batch norm."""
    yield Layer(kind, theirs, ours)
    yield Layer(norm, theirs_norm, f"{ours}/BatchNorm")


def make_automatic_name(type_name: str, number: int) -> str:
    """Returns the name that Keras gives to the number-th layer of a class, from 0."""
    return f"{type_name}_{number}" if number else type_name
