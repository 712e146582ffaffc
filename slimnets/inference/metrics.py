"""Exact metrics: every example is scored on the device and counted on the host."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.inference import tables

SCALARS = ("top1", "top5", "loss")  # the totals of a Summary
TOP_K = 5
_UNDEFINED = -1  # the prediction where a logit is not finite


class Scores(NamedTuple):
    """What is counted of each example of a batch.

    Attributes:
      prediction: int64 [batch], the class with the largest logit, the first of several;
        -1 where any logit is NaN or infinite: such an example counts as wrong.
      in_top5: bool [batch], whether fewer than 5 classes have a larger logit than the
        label's, as in tf.math.in_top_k; never with a logit that is not finite.
      loss: float32 [batch], cross entropy in nats.
    """

    prediction: tf.Tensor
    in_top5: tf.Tensor
    loss: tf.Tensor


def score(logits: tf.Tensor, labels: tf.Tensor) -> Scores:
    """Scores a batch; the function to call in `strategy.run`.

    Args:
      logits: float [batch, classes]; with fewer than 5 classes, top 5 is all of them.
      labels: integer [batch], in [0, classes), also where the batch is only padding.
    """
    logits = tf.cast(logits, tf.float32)
    finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1)
    prediction = tf.argmax(logits, axis=-1)
    return Scores(
        prediction=tf.where(finite, prediction, tf.cast(_UNDEFINED, tf.int64)),
        in_top5=tf.math.in_top_k(labels, logits, min(TOP_K, logits.shape[-1])) & finite,
        loss=tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits),
    )


@dataclass(frozen=True)
class Summary:
    """The result of an evaluation; fractions are in [0, 1].

    Attributes:
      num_examples: that were scored.
      top1: fraction whose label has the largest logit.
      top5: fraction whose label is among the 5 largest; of fewer classes, all are.
      loss: mean cross entropy, in nats.
      num_undefined: examples with a logit that is NaN or infinite; they count as wrong.
      confusion_matrix: int64 [classes, classes], rows the truth, columns the
        prediction; without the undefined ones.
      count: int64 [classes], examples of each class.
      precision: float64 [classes], the share of right ones among those predicted as
        the class; 0 where none was.
      recall: float64 [classes], the share of right ones among those of the class; 0
        where there is none.
    """

    num_examples: int
    top1: float
    top5: float
    loss: float
    num_undefined: int
    confusion_matrix: np.ndarray
    count: np.ndarray
    precision: np.ndarray
    recall: np.ndarray

    def format_table(self, class_names: Mapping[int, str] | None = None) -> str:
        """Returns aligned text: a line of totals, then a line for each class.

        With more than 50 classes only those with examples are listed; if more than 50
        have some, the 10 of best and the 10 of worst recall.

        Args:
          class_names: class -> name; a class without one is shown by its number.
        """
        names = class_names or {}
        rows = [("class", "examples", "precision", "recall")]
        rows += [
            self._format_class(k, names.get(k, str(k)))
            for k in tables.choose_classes(self.count, self.recall)
        ]
        return f"{self.format_totals()}\n{tables.align(rows)}"

    def format_totals(self) -> str:
        """Returns the totals in one line."""
        right, in_top5 = (
            f"{round(share * self.num_examples)} ({share:.2%})"
            for share in (self.top1, self.top5)
        )
        totals = (
            f"{self.num_examples} examples: top-1 {right}, top-5 {in_top5},"
            f" loss {self.loss:.4f}"
        )
        if self.num_undefined:
            totals += f"; {self.num_undefined} had logits that are NaN or infinite"
        return totals

    def list_scalars(self) -> dict[str, float]:
        """Returns the totals by name."""
        return {name: getattr(self, name) for name in SCALARS}

    def to_json(self, class_names: Mapping[int, str] | None = None) -> dict[str, Any]:
        """Returns what `json.dump` takes: nothing rounded, None for a loss not finite.

        The confusion matrix is a list of [truth, prediction, count], where count > 0.

        Args:
          class_names: class -> name; a class without one is named by its number.
        """
        names = class_names or {}
        truth, prediction = np.nonzero(self.confusion_matrix)
        counts = self.confusion_matrix[truth, prediction]
        return {
            "num_examples": self.num_examples,
            "top1": self.top1,
            "top5": self.top5,
            "loss": self.loss if np.isfinite(self.loss) else None,
            "num_undefined": self.num_undefined,
            "classes": [
                {
                    "name": names.get(k, str(k)),
                    "count": int(self.count[k]),
                    "precision": float(self.precision[k]),
                    "recall": float(self.recall[k]),
                }
                for k in range(len(self.count))
            ],
            "confusions": np.stack([truth, prediction, counts], axis=-1).tolist(),
        }

    def _format_class(self, k: int, name: str) -> tuple[str, str, str, str]:
        predicted = self.confusion_matrix[:, k].any()
        return (
            name,
            str(self.count[k]),
            f"{self.precision[k]:.4f}" if predicted else "-",
            f"{self.recall[k]:.4f}" if self.count[k] else "-",
        )


class Counts:
    """Sums over the examples seen so far."""

    def __init__(self, num_classes: int) -> None:
        """Starts at zero, for labels in [0, num_classes)."""
        self._confusion_matrix = np.zeros([num_classes, num_classes], np.int64)
        self._count = np.zeros([num_classes], np.int64)
        self._in_top5 = 0
        self._loss = 0.0

    def add(self, labels: np.ndarray, scores: Scores, mask: np.ndarray) -> None:
        """Counts a batch.

        Args:
          labels: integer [batch].
          scores: of the same examples.
          mask: bool [batch], False for padding.

        Raises:
          InputError: a label is not in [0, num_classes).
        """
        mask = np.asarray(mask, bool)
        labels = np.asarray(labels)[mask]
        prediction, in_top5, loss = (np.asarray(field)[mask] for field in scores)
        wrong = labels[(labels < 0) | (labels >= len(self._count))]
        if wrong.size:
            raise errors.InputError(
                f"label {wrong[0]} of an example is not in [0, {len(self._count)}); "
                "check the dataset's classes and --labels_offset"
            )
        defined = prediction != _UNDEFINED
        np.add.at(self._count, labels, 1)
        np.add.at(self._confusion_matrix, (labels[defined], prediction[defined]), 1)
        self._in_top5 += int(in_top5.sum())
        self._loss += float(loss.sum(dtype=np.float64))

    def merge(self, sum_over: Callable[..., Sequence[np.ndarray]]) -> None:
        """Adds what others counted.

        Args:
          sum_over: returns each of the arrays it is given, summed over all counts.
        """
        others = sum_over(
            self._confusion_matrix,
            self._count,
            np.array(self._in_top5),
            np.array(self._loss),
        )
        self._confusion_matrix, self._count, in_top5, loss = others
        self._in_top5, self._loss = int(in_top5), float(loss)

    def summarize(self, expected_num_examples: int) -> Summary:
        """Returns the result.

        Args:
          expected_num_examples: in the dataset; every one has to have been counted.

        Raises:
          RuntimeError: more or fewer examples were counted.
          InputError: there are no examples.
        """
        num_examples = int(self._count.sum())
        if num_examples != expected_num_examples:
            raise RuntimeError(
                f"scored {num_examples} of {expected_num_examples} examples"
            )
        if not num_examples:
            raise errors.InputError("there is nothing to evaluate: no examples")
        right = np.diag(self._confusion_matrix)
        predicted = self._confusion_matrix.sum(axis=0)
        return Summary(
            num_examples=num_examples,
            top1=float(right.sum() / num_examples),
            top5=self._in_top5 / num_examples,
            loss=self._loss / num_examples,
            num_undefined=num_examples - int(predicted.sum()),
            confusion_matrix=self._confusion_matrix.copy(),
            count=self._count.copy(),
            precision=right / np.maximum(predicted, 1),
            recall=right / np.maximum(self._count, 1),
        )
