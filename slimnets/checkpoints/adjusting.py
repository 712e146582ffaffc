"""Weights for a network of other classes, or of images with other channels.

Both are told by a variable's role, not by its name: the head is what depends on the
number of classes; the first kernel is what takes the image.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from slimnets.checkpoints import classes
from slimnets.checkpoints.names import get_scope
from slimnets.checkpoints.reading import Reader
from slimnets.nets.row import Network

_INPUTS = 2  # the axis of a kernel [height, width, inputs, outputs]


class Adjustment(NamedTuple):
    """How a checkpoint's weights are fitted to a network that differs at its ends.

    Attributes:
      head: names of the variables to start anew: the head of other classes.
      channels: the first kernel's name, with the channels that it is to take.
      notes: what the user should know.
    """

    head: tuple[str, ...] = ()
    channels: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()


def find_adjustment(
    variables: Mapping[str, Sequence[int]],
    path: str,
    network: str | Network,
    num_classes: int | None,
) -> Adjustment:
    """Finds what has to be adjusted so that a checkpoint fits a network.

    Args:
      variables: shapes of the network's variables by name, in the builder's order.
      path: of the checkpoint.
      network: the network that both are of.
      num_classes: of the network's logits; None for features.
    """
    held = Reader(path).shapes
    differing = {
        name: list(held[name])
        for name, shape in variables.items()
        if name in held and list(held[name]) != list(shape)
    }
    if not differing:
        return Adjustment()
    channels = _find_channels(variables, differing)
    head, there = _find_head(variables, differing, path, network, num_classes)
    notes = [
        *([_describe_head(head, there, num_classes)] if head else []),
        *(_describe_channels(name, count) for name, count in channels.items()),
    ]
    return Adjustment(head, channels, tuple(notes))


def find_other_channels(
    variables: Mapping[str, Sequence[int]], path: str
) -> tuple[int, int] | None:
    """Returns the image channels of a checkpoint and of a network, where they differ.

    Args:
      variables: as `find_adjustment`'s.
      path: of the checkpoint.

    Returns:
      None where they are the same, or the first kernels differ in more than these.
    """
    first = next(iter(variables))
    shape, there = list(variables[first]), Reader(path).shapes.get(first)
    if there is None or len(shape) != 4 or there == shape:
        return None
    channels = there[_INPUTS], shape[_INPUTS]
    there = [*there[:_INPUTS], shape[_INPUTS], *there[_INPUTS + 1 :]]
    return channels if there == shape else None


def _find_head(
    variables: Mapping[str, Sequence[int]],
    differing: Mapping[str, list[int]],
    path: str,
    network: str | Network,
    num_classes: int | None,
) -> tuple[tuple[str, ...], int | None]:
    """Returns the variables that differ by the number of classes alone, and that."""
    if not num_classes:
        return (), None
    there = classes.read_num_classes(path, network)
    if there is None or there == num_classes:
        return (), there
    head = [
        name
        for name, shape in differing.items()
        if [num_classes if size == there else size for size in shape]
        == list(variables[name])
    ]
    return tuple(head), there


def _find_channels(
    variables: Mapping[str, Sequence[int]], differing: Mapping[str, list[int]]
) -> dict[str, int]:
    """Returns the first kernel with its channels, where it differs by these alone."""
    first = next(iter(variables))
    shape, there = list(variables[first]), differing.get(first)
    if there is None or len(shape) != 4 or there[_INPUTS] != 3:
        return {}
    rest = [axis for axis in range(4) if axis != _INPUTS]
    same = all(shape[axis] == there[axis] for axis in rest)
    return {first: shape[_INPUTS]} if same else {}


def change_channels(kernel: np.ndarray, channels: int) -> np.ndarray:
    """Returns a kernel for images with other channels, scaled to sums of equal size.

    Args:
      kernel: [height, width, 3, outputs].
      channels: of the images. 1 sums the three kernels, which is exact for gray images
        seen as colour; others repeat them in turn.

    Returns:
      [height, width, channels, outputs].
    """
    if channels == 1:
        return kernel.sum(axis=_INPUTS, keepdims=True)
    order = [channel % 3 for channel in range(channels)]
    return kernel[:, :, order] * np.asarray(3 / channels, kernel.dtype)


def _describe_head(
    head: Sequence[str], there: int | None, num_classes: int | None
) -> str:
    scopes = ", ".join(dict.fromkeys(get_scope(name) for name in head))
    return (
        f"the weights are for {there} classes and the network has {num_classes}: its"
        f" head, {scopes}, starts anew"
    )


def _describe_channels(name: str, channels: int) -> str:
    how = "summed to one" if channels == 1 else f"repeated to {channels}"
    return f"the three input channels of {name} are {how}"
