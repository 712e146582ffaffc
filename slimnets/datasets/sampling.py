"""How often each image is drawn in an epoch, where classes are not to count alike.

An epoch has as many draws as there are images. Those of a class are as many as its
weight says, to the nearest whole number; they are spread evenly over its images, and
which of these get one draw more follows from a seed and the epoch's number alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors

_AT_ONCE = 64  # records that are repeated at a time


class Sampling(NamedTuple):
    """How often each image is drawn.

    Attributes:
      classes: int64 [images], the class of each, -1 where it cannot be read.
      draws: int64 [classes + 1], draws of each class in an epoch; of unknown ones last.
    """

    classes: np.ndarray
    draws: np.ndarray

    def count_draws(self, seed: tf.Tensor) -> tf.Tensor:
        """Returns how often each image is drawn in an epoch, int64 [images].

        Args:
          seed: int64 [2], another one for each epoch.
        """
        sizes = _count_classes(self.classes, len(self.draws))
        at_least, left = np.divmod(self.draws, np.maximum(sizes, 1))
        begins = np.cumsum(sizes) - sizes
        places = tf.constant(self.classes % len(self.draws))
        noise = tf.random.stateless_uniform(
            [len(self.classes)], seed, dtype=tf.float64, alg="philox"
        )
        # Class by class, the images of each in random order.
        order = tf.argsort(tf.cast(places, tf.float64) + noise, stable=True)
        sorted_places = tf.gather(places, order)
        rank = tf.range(len(self.classes), dtype=tf.int64)
        rank -= tf.gather(tf.constant(begins), sorted_places)
        more = tf.cast(rank < tf.gather(tf.constant(left), sorted_places), tf.int64)
        counts = tf.gather(tf.constant(at_least), sorted_places) + more
        shape = tf.constant([len(self.classes)])
        return tf.scatter_nd(order[:, tf.newaxis], counts, shape)


def make_sampling(classes: np.ndarray, weights: Sequence[float]) -> Sampling:
    """Decides how many draws each class has.

    Args:
      classes: int64 [images], -1 where unknown: such images are drawn once.
      weights: [classes], how often an image of each is drawn beside those of others.

    Raises:
      InputError: every class that has images has the weight 0.
    """
    sizes = _count_classes(classes, len(weights) + 1)
    known = int(sizes[:-1].sum())
    shares = np.asarray(weights) * sizes[:-1]
    if not shares.sum():
        raise errors.InputError("--sample draws no image: every class has the weight 0")
    draws = _round_to_sum(shares / shares.sum() * known, known)
    return Sampling(classes, np.append(draws, sizes[-1]))


def repeat_drawn(records: tf.data.Dataset, counts: tf.Tensor) -> tf.data.Dataset:
    """Repeats (number, record) pairs as often as they are drawn.

    Args:
      records: of an epoch.
      counts: int64 [images], by number.
    """

    @tf.autograph.experimental.do_not_convert
    def draw(numbers: tf.Tensor, held: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        places = tf.range(tf.size(numbers))
        drawn = tf.repeat(places, tf.gather(counts, numbers))
        return tf.gather(numbers, drawn), tf.gather(held, drawn)

    # Many at once: a dataset for each record would take 0.1 ms of it.
    return records.batch(_AT_ONCE).map(draw).unbatch()


def _count_classes(classes: np.ndarray, size: int) -> np.ndarray:
    """Returns how many images each class has; of -1 in the last place."""
    return np.bincount(classes % size, minlength=size).astype(np.int64)


def _round_to_sum(shares: np.ndarray, total: int) -> np.ndarray:
    """Rounds numbers so that their sum is whole: those of largest remainder go up."""
    floors = np.floor(shares).astype(np.int64)
    missing = total - int(floors.sum())
    most_cut = np.argsort(floors - shares, kind="stable")[:missing]
    floors[most_cut] += 1
    return floors
