"""Exact metrics where any number of classes may be true of an image.

Average precision needs all scores of a class at once, so these are kept on the host:
four bytes for each image and class.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.inference import tables

SCALARS = ("map", "f1_micro", "f1_macro", "loss")  # the totals of a Summary


class Scores(NamedTuple):
    """What is kept of each example of a batch.

    Attributes:
      logits: float32 [batch, classes]; minus infinity in all classes of an example that
        has a logit which is NaN or infinite: it counts as wrong.
      loss: float32 [batch], sigmoid cross entropy in nats, the mean over the classes.
    """

    logits: tf.Tensor
    loss: tf.Tensor


def score(logits: tf.Tensor, labels: tf.Tensor) -> Scores:
    """Scores a batch.

    Args:
      logits: float [batch, classes].
      labels: float32 [batch, classes], 1 for the classes that are true, else 0.
    """
    logits = tf.cast(logits, tf.float32)
    finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1, keepdims=True)
    loss = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    return Scores(
        logits=tf.where(finite, logits, -np.inf), loss=tf.reduce_mean(loss, axis=-1)
    )


@dataclass(frozen=True)
class Summary:
    """The result of an evaluation; all but the loss is in [0, 1].

    A class is predicted where its probability is above 0.5. Means over the classes are
    over those that are true of any example.

    Attributes:
      num_examples: that were scored.
      map: mean average precision: the mean over the classes.
      f1_micro: of all decisions, one for each example and class, together.
      f1_macro: mean over the classes.
      loss: mean sigmoid cross entropy of a decision, in nats.
      num_undefined: examples with a logit that is NaN or infinite: nothing is predicted
        for them, and they rank last.
      count: int64 [classes], examples of which the class is true.
      average_precision: float64 [classes]; NaN where it is true of none.
      precision: float64 [classes], share of right ones among the predicted; 0 where
        there are none.
      recall: float64 [classes], share of the predicted among those of which it is true;
        0 where it is true of none.
      f1: float64 [classes], harmonic mean of the two; 0 where both are 0.
    """

    num_examples: int
    map: float
    f1_micro: float
    f1_macro: float
    loss: float
    num_undefined: int
    count: np.ndarray
    average_precision: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray

    def format_table(self, class_names: Mapping[int, str] | None = None) -> str:
        """Returns aligned text: a line of totals, then a line for each class.

        Of more than 50 classes that are true of any example, the 10 of best and the 10
        of worst average precision are listed.

        Args:
          class_names: class -> name; a class without one is shown by its number.
        """
        names = class_names or {}
        rows: list[tuple[str, ...]] = [
            ("class", "examples", "AP", "F1", "precision", "recall")
        ]
        rows += [
            self._format_class(k, names.get(k, str(k)))
            for k in tables.choose_classes(self.count, self.average_precision)
        ]
        return f"{self.format_totals()}\n{tables.align(rows)}"

    def format_totals(self) -> str:
        """Returns the totals in one line."""
        totals = (
            f"{self.num_examples} examples: mAP {self.map:.4f},"
            f" F1 micro {self.f1_micro:.4f}, macro {self.f1_macro:.4f},"
            f" loss {self.loss:.4f}"
        )
        if self.num_undefined:
            totals += f"; {self.num_undefined} had logits that are NaN or infinite"
        return totals

    def list_scalars(self) -> dict[str, float]:
        """Returns the totals by name."""
        return {name: getattr(self, name) for name in SCALARS}

    def to_json(self, class_names: Mapping[int, str] | None = None) -> dict[str, Any]:
        """Returns what `json.dump` takes: nothing rounded, None for what is not finite.

        Args:
          class_names: class -> name; a class without one is named by its number.
        """
        names = class_names or {}
        return {
            "num_examples": self.num_examples,
            **{name: _finite(value) for name, value in self.list_scalars().items()},
            "num_undefined": self.num_undefined,
            "classes": [
                {
                    "name": names.get(k, str(k)),
                    "count": int(self.count[k]),
                    "average_precision": _finite(self.average_precision[k]),
                    "f1": float(self.f1[k]),
                    "precision": float(self.precision[k]),
                    "recall": float(self.recall[k]),
                }
                for k in range(len(self.count))
            ],
        }

    def _format_class(self, k: int, name: str) -> tuple[str, ...]:
        measures = (self.average_precision, self.f1, self.precision, self.recall)
        cells = [f"{values[k]:.4f}" if self.count[k] else "-" for values in measures]
        return (name, str(self.count[k]), *cells)


class Counts:
    """The scores of the examples seen so far."""

    def __init__(self, num_classes: int, share: tuple[int, int] = (0, 1)) -> None:
        """Starts without any.

        Args:
          num_classes: of the labels.
          share: (index, count): whose counts of how many these are.
        """
        self._share = share
        self._logits = [np.zeros([0, num_classes], np.float32)]
        self._labels = [np.zeros([0, num_classes], bool)]
        self._loss = 0.0

    def add(self, labels: np.ndarray, scores: Scores, mask: np.ndarray) -> None:
        """Counts a batch.

        Args:
          labels: [batch, classes] of 0 and 1.
          scores: of the same examples.
          mask: bool [batch], False for padding.
        """
        mask = np.asarray(mask, bool)
        self._labels.append(np.asarray(labels)[mask] > 0)
        self._logits.append(np.asarray(scores.logits)[mask])
        self._loss += float(np.asarray(scores.loss)[mask].sum(dtype=np.float64))

    def merge(self, sum_over: Callable[..., Sequence[np.ndarray]]) -> None:
        """Adds what others counted.

        Args:
          sum_over: returns each of the arrays it is given, summed over all counts.
        """
        index, count = self._share
        if count == 1:
            return
        logits, labels = np.concatenate(self._logits), np.concatenate(self._labels)
        sizes = np.zeros([count], np.int64)
        sizes[index] = len(logits)
        [sizes] = sum_over(sizes)
        begin = int(sizes[:index].sum())
        # Each in its own rows: what is summed there is added to zeros.
        rows = np.zeros([2, int(sizes.sum()), logits.shape[1]], np.float32)
        rows[0, begin : begin + len(logits)] = logits
        rows[1, begin : begin + len(logits)] = labels
        rows, loss = sum_over(rows, np.array(self._loss))
        self._logits, self._labels = [rows[0]], [rows[1] > 0]
        self._loss = float(loss)

    def summarize(self, expected_num_examples: int) -> Summary:
        """Returns the result.

        Args:
          expected_num_examples: in the dataset; every one has to have been counted.

        Raises:
          RuntimeError: more or fewer examples were counted.
          InputError: there are no examples, or no class is true of any.
        """
        logits, labels = np.concatenate(self._logits), np.concatenate(self._labels)
        if len(logits) != expected_num_examples:
            raise RuntimeError(
                f"scored {len(logits)} of {expected_num_examples} examples"
            )
        if not len(logits):
            raise errors.InputError("there is nothing to evaluate: no examples")
        count = labels.sum(axis=0)
        if not count.any():
            raise errors.InputError("there is nothing to evaluate: no labels")
        return _summarize(logits, labels, count, self._loss / len(logits))


def compute_average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """Returns the sum of precision times the gain of recall, over falling thresholds.

    Examples of one score pass a threshold together, as scikit-learn has it.

    Args:
      scores: float [examples].
      labels: bool [examples].

    Returns:
      In [0, 1]; NaN where no label is true.
    """
    if not labels.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], np.cumsum(labels[order])
    last_of_score = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    right = right[last_of_score]
    gains = np.diff(right, prepend=0)
    return float((gains * right / (last_of_score + 1)).sum() / right[-1])


def _summarize(
    logits: np.ndarray, labels: np.ndarray, count: np.ndarray, loss: float
) -> Summary:
    predicted = logits > 0  # a probability above 0.5
    right = (predicted & labels).sum(axis=0)
    positive = predicted.sum(axis=0)
    f1 = 2 * right / np.maximum(positive + count, 1)
    of_classes = zip(logits.T, labels.T, strict=True)
    average_precision = np.array([compute_average_precision(*k) for k in of_classes])
    return Summary(
        num_examples=len(logits),
        map=float(average_precision[count > 0].mean()),
        f1_micro=float(2 * right.sum() / (positive.sum() + count.sum())),
        f1_macro=float(f1[count > 0].mean()),
        loss=loss,
        num_undefined=int(np.isneginf(logits).any(axis=1).sum()),
        count=count,
        average_precision=average_precision,
        precision=right / np.maximum(positive, 1),
        recall=right / np.maximum(count, 1),
        f1=f1,
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
