"""Receptive fields: which pixels of the image a feature depends on.

Followed op by op from the image on, as in Araujo, Norris and Sim, "Computing Receptive
Fields of Convolutional Neural Networks", Distill 2019. A field is not cut at the
image's border, so it may be larger than the image. Where branches meet it is the
smallest that holds them all. A gate that is broadcast over height and width, as squeeze
and excite's, sees the whole image but only scales channels: as in that article, it does
not count.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf


class Span(NamedTuple):
    """What features see along one axis, in pixels of the image.

    Attributes:
      stride: from one feature to the next.
      first: the first pixel that feature 0 sees; negative in the padding.
      last: the last pixel that feature 0 sees.
    """

    stride: float = 1
    first: float = 0
    last: float = 0

    def pixels(self) -> int:
        """Returns how many pixels a feature sees."""
        return round(self.last - self.first + 1)

    def shift(self, features: float) -> "Span":
        """Returns the span of features counted from another one on."""
        by = features * self.stride
        return self._replace(first=self.first + by, last=self.last + by)

    def slide_windows(self, size: int, stride: int) -> "Span":
        """Returns the span of windows of so many features, `stride` apart."""
        last = self.last + (size - 1) * self.stride
        return Span(self.stride * stride, self.first, last)


class Field(NamedTuple):
    """What a map of features sees.

    Attributes:
      height: along the image's height.
      width: along its width.
      everywhere: whether each feature was pooled over the whole image, or multiplied
        with all of it; height and width then mean nothing.
    """

    height: Span = Span()
    width: Span = Span()
    everywhere: bool = False

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width in pixels; None for the whole image."""
        if self.everywhere:
            return None
        return self.height.pixels(), self.width.pixels()

    @property
    def stride(self) -> tuple[float, float] | None:
        """Pixels from one feature to the next; None for the whole image."""
        return None if self.everywhere else (self.height.stride, self.width.stride)


WHOLE_IMAGE = Field(everywhere=True)

_Windows = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def compute_fields(graph: tf.Graph, images: tf.Tensor) -> dict[tf.Operation, Field]:
    """Returns the field of each op whose output depends on the images.

    Args:
      graph: of ops on [batch, height, width, ...], of a known height and width.
      images: its input.
    """
    found = {images.op: Field()}
    for op in graph.get_operations():  # in the order of creation: inputs come first
        if op in found or not op.outputs or not op.outputs[0].dtype.is_floating:
            continue
        seen = [
            (tensor, found[tensor.op]) for tensor in op.inputs if tensor.op in found
        ]
        if seen:
            follow = _FOLLOW.get(op.type, _follow_pointwise)
            found[op] = follow(op, seen)
    return found


def _follow_pointwise(op: tf.Operation, seen: list[tuple[tf.Tensor, Field]]) -> Field:
    """Follows an op that maps each place to itself; others are taken to mix all."""
    extent = _get_extent(op.outputs[0])
    kept = [field for tensor, field in seen if _get_extent(tensor) == extent]
    if not kept:
        return (
            seen[0][1]
            if all(_get_extent(t) == (1, 1) for t, _ in seen)
            else WHOLE_IMAGE
        )
    local = [field for field in kept if not field.everywhere]
    if not local:
        return WHOLE_IMAGE
    return Field(
        _unite([field.height for field in local]),
        _unite([field.width for field in local]),
    )


def _unite(spans: list[Span]) -> Span:
    return Span(
        max(span.stride for span in spans),
        min(span.first for span in spans),
        max(span.last for span in spans),
    )


def _get_extent(tensor: tf.Tensor) -> tuple[int, int]:
    """Returns height and width; of a vector, one place."""
    shape = tensor.shape.as_list()
    return tuple(shape[1:3]) if len(shape) > 3 else (*shape[1:-1], 1, 1)[:2]


def _apply_by_axis(
    field: Field, follow: Callable[..., Span], *values: Sequence[int] | np.ndarray
) -> Field:
    """Applies `follow(span, ...)` to height and width, each with its own values."""
    if field.everywhere:
        return field
    height, width = zip((field.height, field.width), *values, strict=True)
    return Field(follow(*height), follow(*width))


def _follow_windows(op: tf.Operation, seen: list[tuple[tf.Tensor, Field]]) -> Field:
    """Follows a convolution or a pool."""
    tensor, field = seen[0]
    sizes, strides = get_kernel_size(op), op.get_attr("strides")[1:3]
    padding = zip(_get_extent(tensor), sizes, strides, strict=True)
    before = [_get_padding(op, axis, *facts) for axis, facts in enumerate(padding)]
    return _apply_by_axis(
        field,
        lambda span, size, stride, pad: span.shift(-pad).slide_windows(size, stride),
        sizes,
        strides,
        before,
    )


def get_kernel_size(op: tf.Operation) -> tuple[int, int]:
    """Returns how far a convolution's or a pool's window reaches, dilation included."""
    if "ksize" in op.node_def.attr:
        return tuple(op.get_attr("ksize")[1:3])
    sizes = op.inputs[1].shape.as_list()[:2]
    dilations = op.get_attr("dilations")[1:3]
    return tuple((n - 1) * d + 1 for n, d in zip(sizes, dilations, strict=True))


def _get_padding(
    op: tf.Operation, axis: int, extent: int, size: int, stride: int
) -> int:
    """Returns how many zeros an op puts before its input."""
    kind = op.get_attr("padding")
    if kind == b"EXPLICIT":
        return op.get_attr("explicit_paddings")[2 + 2 * axis]
    if kind == b"VALID":
        return 0
    steps = -(-extent // stride)
    return max((steps - 1) * stride + size - extent, 0) // 2


def _follow_pad(op: tf.Operation, seen: list[tuple[tf.Tensor, Field]]) -> Field:
    before = _get_constant(op, 1)[1:3, 0]
    return _apply_by_axis(seen[0][1], lambda span, pad: span.shift(-pad), before)


def _follow_slice(op: tf.Operation, seen: list[tuple[tf.Tensor, Field]]) -> Field:
    """Follows a slice with strides, such as net[:, 1:, ::2]."""
    if _get_extent(op.outputs[0]) == _get_extent(seen[0][0]):
        return seen[0][1]
    if op.outputs[0].shape.rank != seen[0][0].shape.rank:
        return _follow_pointwise(op, seen)
    # net[:, 1:] says nothing of the last axes: they begin at 0, in steps of 1.
    begin = np.array([*_get_constant(op, 1), 0, 0][1:3])
    strides = [*_get_constant(op, 3), 1, 1][1:3]
    from_start = [op.get_attr("begin_mask") >> axis & 1 for axis in (1, 2)]
    begin = np.where(from_start, 0, begin) % _get_extent(seen[0][0])
    return _apply_by_axis(
        seen[0][1],
        lambda span, start, stride: span.shift(start).slide_windows(1, stride),
        begin,
        strides,
    )


def _follow_space_to_batch(
    op: tf.Operation, seen: list[tuple[tf.Tensor, Field]]
) -> Field:
    """Follows the half before a dilated convolution: every n-th place is a batch."""
    return _apply_by_axis(
        seen[0][1],
        lambda span, block, pad: span.shift(-pad).slide_windows(1, block),
        _get_constant(op, 1),
        _get_constant(op, 2)[:, 0],
    )


def _follow_batch_to_space(
    op: tf.Operation, seen: list[tuple[tf.Tensor, Field]]
) -> Field:
    """Follows the half after a dilated convolution."""
    return _apply_by_axis(
        seen[0][1],
        lambda span, block, crop: span._replace(stride=span.stride / block).shift(crop),
        _get_constant(op, 1),
        _get_constant(op, 2)[:, 0],
    )


def _get_constant(op: tf.Operation, index: int) -> np.ndarray:
    return tf.get_static_value(op.inputs[index])


_FOLLOW = {
    "Conv2D": _follow_windows,
    "DepthwiseConv2dNative": _follow_windows,
    "MaxPool": _follow_windows,
    "AvgPool": _follow_windows,
    "Pad": _follow_pad,
    "PadV2": _follow_pad,
    "MirrorPad": _follow_pad,
    "StridedSlice": _follow_slice,
    "SpaceToBatchND": _follow_space_to_batch,
    "BatchToSpaceND": _follow_batch_to_space,
}
