"""Resizing as TensorFlow does it, also for runtimes that have no such kernel.

Antialiased, bicubic and area resizing are kernels of TensorFlow's own. Each is linear
in every row and column: inside `by_products` it is written as two matrix products,
which every runtime has. The values are the kernels', but for rounding.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

import tensorflow as tf

Method = str  # one of choices.INTERPOLATIONS

_products = contextvars.ContextVar("products", default=False)

_TABLE_SIZE = 1024  # TensorFlow's bicubic kernel rounds offsets to a table's entries


@contextlib.contextmanager
def by_products() -> Iterator[None]:
    """Inside, images are resized by ops that every runtime has."""
    token = _products.set(True)
    try:
        yield
    finally:
        _products.reset(token)


def resize_as_v1(
    images: tf.Tensor, height: int | tf.Tensor, width: int | tf.Tensor, method: Method
) -> tf.Tensor:
    """Resizes as TensorFlow 1 did: no half-pixel centres, no antialiasing.

    Args:
      images: float32 [..., h, w, c], one or a batch.
      height: of the result, in pixels.
      width: of the result, in pixels.
      method: how.
    """
    weigh = {"bicubic": _weigh_bicubic, "area": _weigh_area}.get(method)
    if weigh is None or not _products.get():
        return tf.compat.v1.image.resize(images, [height, width], method)
    return _multiply(images, height, width, weigh)


def resize_smoothly(images: tf.Tensor, size: tf.Tensor, method: Method) -> tf.Tensor:
    """Resizes with half-pixel centres and antialiasing, as Pillow does.

    Args:
      images: float32 [..., h, w, c], one or a batch.
      size: int32 [2], height and width of the result, in pixels.
      method: how; area and nearest have no antialiasing.
    """
    if method == "area":
        return resize_as_v1(images, size[0], size[1], method)
    kernel = {"bilinear": _triangle, "bicubic": _keys_cubic}.get(method)
    if kernel is None or not _products.get():
        return tf.image.resize(images, size, method, antialias=True)

    def weigh(before: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
        return _weigh_smoothly(before, after, kernel)

    return _multiply(images, size[0], size[1], weigh)


# From the length of a side before and after, float32, to what each pixel after has of
# each before: [after, before].
_Weigh = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _multiply(
    images: tf.Tensor, height: int | tf.Tensor, width: int | tf.Tensor, weigh: _Weigh
) -> tf.Tensor:
    batch = images if images.shape.rank == 4 else images[tf.newaxis]
    count, rows, columns, _ = tf.unstack(tf.shape(batch))
    channels = batch.shape[3]
    by_row = weigh(tf.cast(rows, tf.float32), tf.cast(height, tf.float32))
    by_column = weigh(tf.cast(columns, tf.float32), tf.cast(width, tf.float32))
    batch = tf.matmul(by_row, tf.reshape(batch, [count, rows, columns * channels]))
    batch = tf.reshape(batch, [count * height, columns, channels])
    batch = tf.matmul(by_column, batch)
    batch = tf.reshape(batch, [count, height, width, channels])
    return batch if images.shape.rank == 4 else batch[0]


def _weigh_smoothly(
    before: tf.Tensor, after: tf.Tensor, kernel: Callable[[tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    scale = before / after
    centres = (tf.range(after) + 0.5) * scale
    distances = tf.range(before) + 0.5 - centres[:, tf.newaxis]
    weights = kernel(tf.abs(distances) / tf.maximum(scale, 1.0))
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


def _triangle(distances: tf.Tensor) -> tf.Tensor:
    return tf.maximum(1.0 - distances, 0.0)


def _keys_cubic(distances: tf.Tensor, slope: float = -0.5) -> tf.Tensor:
    """The cubic convolution kernel (Keys, 1981)."""
    near = ((slope + 2) * distances - (slope + 3)) * distances * distances + 1
    far = ((slope * distances - 5 * slope) * distances + 8 * slope) * distances
    far -= 4 * slope
    within = [tf.cast(distances < reach, tf.float32) for reach in (1.0, 2.0)]
    return near * within[0] + far * (within[1] - within[0])


def _weigh_bicubic(before: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
    places = tf.range(after) * (before / after)
    first = tf.floor(places)
    offsets = tf.round((places - first) * _TABLE_SIZE) / _TABLE_SIZE
    weights = []
    for tap in (-1.0, 0.0, 1.0, 2.0):
        # Beyond the edge is the edge's pixel once more.
        at = tf.clip_by_value(first + tap, 0.0, before - 1)
        is_there = tf.cast(tf.range(before) == at[:, tf.newaxis], tf.float32)
        share = _keys_cubic(tf.abs(offsets - tap), slope=-0.75)
        weights.append(share[:, tf.newaxis] * is_there)
    return tf.add_n(weights)


def _weigh_area(before: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
    scale = before / after
    begin = (tf.range(after) * scale)[:, tf.newaxis]
    end = ((tf.range(after) + 1) * scale)[:, tf.newaxis]
    pixels = tf.range(before)
    covered = tf.minimum(end, pixels + 1) - tf.maximum(begin, pixels)
    return tf.maximum(covered, 0.0) / scale
