"""Grad-CAM: where in an image a network saw what it says (arXiv:1610.02391)."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.model import Model

_OPACITY = 0.5  # of the colours over the image, where it is hottest

# From cold to hot: black, blue, magenta, orange, yellow; red, green, blue in [0, 1].
_COLOURS = np.array(
    [
        [0.00, 0.00, 0.10],
        [0.20, 0.05, 0.55],
        [0.75, 0.15, 0.50],
        [0.98, 0.55, 0.15],
        [1.00, 0.95, 0.35],
    ]
)


def make_explainer(model: Model) -> Callable[[tf.Tensor, tf.Tensor], np.ndarray]:
    """Returns the function that finds where images speak for classes.

    The last map of features before the whole image is pooled is weighted, channel by
    channel, by how much its mean raises the logit of the class; what is above zero is
    the heat (equations 1 and 2 of the paper).

    Args:
      model: with its weights.

    Returns:
      A function of images [batch, size, size, channels], prepared, and of classes,
      integer [batch], that returns float32 [batch, size, size] in [0, 1]: 1 where it is
      hottest; 0 everywhere, where nothing speaks for the class.
    """

    @tf.function(autograph=False)
    def explain(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        logits, end_points = model(images, is_training=False)
        score = tf.reduce_sum(tf.gather(logits, classes, axis=1, batch_dims=1))
        features, slopes = _find_last_map(model, score, end_points)
        weights = tf.reduce_mean(slopes, axis=[1, 2], keepdims=True)
        heat = tf.nn.relu(tf.reduce_sum(weights * features, axis=-1, keepdims=True))
        hottest = tf.reduce_max(heat, axis=[1, 2, 3], keepdims=True)
        heat = tf.math.divide_no_nan(heat, hottest)
        size = tf.shape(images)[1:3]
        return tf.image.resize(heat, size)[..., 0]

    return lambda images, classes: explain(images, classes).numpy()


def _find_last_map(
    model: Model, score: tf.Tensor, end_points: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the last end point that is a map the score follows from; its gradient."""
    maps = [
        tensor
        for tensor in end_points.values()
        if tensor.shape.rank == 4 and tensor.shape[1:3] != (1, 1)
    ]
    order = {op: place for place, op in enumerate(score.graph.get_operations())}
    for tensor in sorted(maps, key=lambda tensor: order[tensor.op], reverse=True):
        [slopes] = tf.gradients(score, [tensor])
        if slopes is not None:
            return tf.cast(tensor, tf.float32), tf.cast(slopes, tf.float32)
    raise errors.InputError(
        f"{model.network.name} has no end point that is a map of features, by which a"
        " class could be explained"
    )


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Returns an image with the colours of a heat map over it.

    Args:
      image: uint8 [height, width, 3 or 1].
      heat: float [height, width] in [0, 1].

    Returns:
      uint8 [height, width, 3].
    """
    places = np.linspace(0, 1, len(_COLOURS))
    colours = [np.interp(heat, places, channel) for channel in _COLOURS.T]
    opacity = (_OPACITY * np.sqrt(heat))[..., np.newaxis]
    shown = np.broadcast_to(image, (*image.shape[:2], 3)) / 255
    mixed = shown * (1 - opacity) + np.stack(colours, axis=-1) * opacity
    return np.rint(mixed * 255).astype(np.uint8)
