"""Mixup and CutMix: images of a batch are mixed with each other, and labels with them.

mixup (arXiv:1710.09412) takes a weighted mean of two images, CutMix (arXiv:1905.04899)
puts a rectangle of one into the other. As in timm, one draw decides for the whole batch
which of them it is, and the share.
"""

import tensorflow as tf

from slimnets import errors, random_numbers
from slimnets.config.augmentation import AugmentationConfig


class Mixing:
    """Mixes batches."""

    def __init__(self, config: AugmentationConfig, num_classes: int):
        """Keeps the settings.

        Args:
          config: of its alphas one at least is above 0.
          num_classes: of the labels.
        """
        self._num_classes = num_classes
        self._mixup = float(config.mixup_alpha)
        self._cutmix = float(config.cutmix_alpha)
        self._probability = config.mixup_prob
        if self._mixup and self._cutmix:
            self._cutmix_share = config.mixup_switch_prob
        else:
            self._cutmix_share = 1.0 if self._cutmix else 0.0

    def __call__(
        self, images: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Mixes each image with the one behind it, the last one with the first.

        Args:
          images: float32 [batch, height, width, channels], of static sizes.
          labels: int64 [batch], or targets, float32 [batch, classes].

        Returns:
          images, and targets, float32 [batch, classes]: the shares of the labels.

        Raises:
          InputError: there is no other image in the batch.
        """
        if images.shape[0] < 2:
            raise errors.InputError(
                "--mixup_alpha and --cutmix_alpha mix the images of a replica's batch"
                " with each other, and it has one image; raise --batch_size"
            )
        if not labels.dtype.is_floating:
            labels = tf.one_hot(labels, self._num_classes, dtype=tf.float32)
        mixes, switches = tf.unstack(random_numbers.uniform([2]))
        is_cutmix = switches < self._cutmix_share
        share = _draw_beta(tf.where(is_cutmix, self._cutmix, self._mixup))
        corner = random_numbers.uniform([2])

        def mix() -> tuple[tf.Tensor, tf.Tensor]:
            return tf.cond(
                is_cutmix,
                lambda: _paste(images, labels, share, corner),
                lambda: _average(images, labels, share),
            )

        is_mixed = mixes < self._probability
        mixed, targets = tf.cond(is_mixed, mix, lambda: (images, labels))
        return tf.ensure_shape(mixed, images.shape), targets


def _draw_beta(alpha: tf.Tensor) -> tf.Tensor:
    """Draws a number in [0, 1] from Beta(alpha, alpha).

    Of two numbers x from Gamma(alpha) it is x1 / (x1 + x2). They may be too small for a
    float, so their logarithms are drawn: x = y u^(1 / alpha) with y from
    Gamma(alpha + 1) and u from (0, 1].
    """
    powers = tf.math.log(1.0 - random_numbers.uniform([2])) / alpha
    seed = random_numbers.draw_seed()
    logs = tf.math.log(tf.random.stateless_gamma([2], seed, alpha + 1.0)) + powers
    return tf.sigmoid(logs[0] - logs[1])


def _average(
    images: tf.Tensor, labels: tf.Tensor, share: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the means of images and of labels, of `share` of their own."""
    return _blend(images, share), _blend(labels, share)


def _paste(
    images: tf.Tensor, labels: tf.Tensor, share: tf.Tensor, middle: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Puts a rectangle of about 1 - `share` of the other image into each.

    Args:
      images: float32 [batch, height, width, channels].
      labels: float32 [batch, classes].
      share: that is to be left of each image.
      middle: float32 [2], where the rectangle's middle is: parts of height and width.
        What lies outside of the image is cut off, and counts in no label.
    """
    _, height, width, _ = images.shape
    sides = tf.constant([height, width], tf.float32)
    half = tf.sqrt(1.0 - share) * sides / 2.0
    first = tf.cast(tf.maximum(middle * sides - half, 0.0), tf.int32)
    last = tf.cast(tf.minimum(middle * sides + half, sides), tf.int32)
    rows, columns = tf.range(height)[:, tf.newaxis], tf.range(width)
    is_other = (
        (rows >= first[0])
        & (rows < last[0])
        & (columns >= first[1])
        & (columns < last[1])
    )
    pasted = tf.where(is_other[:, :, tf.newaxis], _next(images), images)
    area = tf.cast(tf.reduce_prod(last - first), tf.float32)
    return pasted, _blend(labels, 1.0 - area / float(height * width))


def _blend(values: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    return values * share + _next(values) * (1.0 - share)


def _next(values: tf.Tensor) -> tf.Tensor:
    """Returns, for each example, the one behind it."""
    return tf.concat([values[1:], values[:1]], axis=0)
