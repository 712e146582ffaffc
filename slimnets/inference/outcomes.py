"""What a network says of each single example of a split: a few numbers an example.

With k classes kept, an example takes 8 k + 20 bytes and its file name: 50,000 images
of 1,000 classes with k = 5 are 3 MB and their names. With several labels an image all
classes are kept, 5 bytes a class more for the labels.
"""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets.inference.predictor import to_numpy

UNDEFINED = -1  # in the place of classes where a logit is not finite


class Ranking(NamedTuple):
    """The most probable classes of a batch.

    Attributes:
      classes: int32 [batch, k], the most probable first, of equal ones the first; -1
        where any logit is NaN or infinite.
      probabilities: float32 [batch, k], of these; NaN there.
      of_label: float32 [batch], of the label; of several the least, 1 without any.
    """

    classes: tf.Tensor
    probabilities: tf.Tensor
    of_label: tf.Tensor


def rank(
    logits: tf.Tensor,
    labels: tf.Tensor,
    *,
    k: int,
    activation: Callable[[tf.Tensor], tf.Tensor],
) -> Ranking:
    """Finds the k most probable classes of each example of a batch.

    Args:
      logits: float [batch, classes].
      labels: integer [batch], or [batch, classes] of 0 and 1.
      k: how many; of fewer classes all.
      activation: what makes probabilities of logits.
    """
    logits = tf.cast(logits, tf.float32)
    finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1)
    # In float32 the last bit would depend on where in a batch an example lies.
    probabilities = tf.cast(activation(tf.cast(logits, tf.float64)), tf.float32)
    # Probabilities may be equal where logits are not: 1 - 1e-9 is 1 in float32.
    _, classes = tf.math.top_k(logits, min(k, logits.shape[-1]))
    found = tf.gather(probabilities, classes, batch_dims=1)
    if labels.shape.rank == 1:
        of_label = tf.gather(probabilities, labels, batch_dims=1)
    else:
        of_label = tf.reduce_min(tf.where(labels > 0, probabilities, 1.0), axis=-1)
    return Ranking(
        classes=tf.where(finite[:, None], classes, UNDEFINED),
        probabilities=tf.where(finite[:, None], found, np.nan),
        of_label=tf.where(finite, of_label, np.nan),
    )


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """What came of the examples of a split, in the order of its files.

    Attributes:
      numbers: int64 [examples], of those that were scored, from 0.
      files: the name of each one's image file as its record has it, '' without one.
      labels: int64 [examples], or bool [examples, classes].
      classes: int32 [examples, k], as of `Ranking`.
      probabilities: float32 [examples, k].
      of_label: float32 [examples].
      left_out: the line of each example that was skipped, by its number.
    """

    numbers: np.ndarray
    files: tuple[str, ...]
    labels: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray
    of_label: np.ndarray
    left_out: Mapping[int, str]


class Collector:
    """Collects outcomes batch by batch."""

    def __init__(self, k: int, activation: Callable[[tf.Tensor], tf.Tensor]) -> None:
        """Starts without any.

        Args:
          k: most probable classes to keep of each example.
          activation: what makes probabilities of logits.
        """
        self._rank = tf.function(
            functools.partial(rank, k=k, activation=activation), autograph=False
        )
        self._files: list[str] = []
        self._parts: list[tuple[np.ndarray, ...]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added."""
        return not self._files

    def add(self, batch: Mapping[str, tf.Tensor], logits: Any) -> None:
        """Adds a batch.

        Args:
          batch: as of `pipeline.eval_batches`.
          logits: float [batch, classes], of its examples.
        """
        real = batch["mask"].numpy() > 0
        labels = batch["label"].numpy()
        if labels.ndim == 2:
            labels = labels > 0
        ranking = to_numpy(self._rank(logits, batch["label"]))
        parts = (batch["number"].numpy(), labels, *ranking)
        self._parts.append(tuple(part[real] for part in parts))
        self._files += map(os.fsdecode, batch["filename"].numpy()[real])

    def finish(self, left_out: Mapping[int, str]) -> Outcomes:
        """Returns all that was added.

        Args:
          left_out: the line of each example that never came, by its number.
        """
        columns = [np.concatenate(parts) for parts in zip(*self._parts, strict=True)]
        numbers, labels, classes, probabilities, of_label = columns
        files = tuple(self._files)
        return Outcomes(
            numbers, files, labels, classes, probabilities, of_label, left_out
        )
