"""What the page of an evaluation shows, as plain data."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Photo(NamedTuple):
    """An image, and what the network says of it.

    Attributes:
      file: its name, '' where it has none.
      label: the name of its class, or of several.
      classes: (name, probability), the most probable first.
      jpeg: a small picture of it; None where it cannot be read.
    """

    file: str
    label: str
    classes: Sequence[tuple[str, float]]
    jpeg: bytes | None


@dataclasses.dataclass(frozen=True)
class Findings:
    """All that a page shows of one checkpoint on one split.

    Attributes:
      title: of the page.
      class_names: of the classes.
      totals: of the whole split by name, such as top1: shares are in [0, 1].
      class_columns: float or integer [classes] by name, as precision; NaN is shown as
        a dash.
      confusion_matrix: int64 [classes, classes], rows the truth, columns the
        prediction; None where an image may have several labels.
      labels: int64 [examples], or bool [examples, classes].
      classes: int32 [examples, k], the most probable first; -1 where a logit was not
        finite.
      probabilities: float32 [examples, k], of these.
      mistakes: the worst ones, the worst first.
      least_sure: the least sure of the images that are right, the least first.
      history: the evaluations inside training, in order: step, epoch, metrics by name,
        train_loss, learning_rate; a value may be None.
      tables: further facts by heading, each by name.
    """

    title: str
    class_names: Sequence[str]
    totals: Mapping[str, float]
    class_columns: Mapping[str, np.ndarray]
    confusion_matrix: np.ndarray | None
    labels: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray
    mistakes: Sequence[Photo]
    least_sure: Sequence[Photo]
    history: Sequence[Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, str]]

    @property
    def has_several_labels(self) -> bool:
        """Whether any number of classes may be true of an image."""
        return self.labels.ndim == 2

    @property
    def has_all_probabilities(self) -> bool:
        """Whether those of all classes are known of each image."""
        return self.classes.shape[1] == len(self.class_names)
