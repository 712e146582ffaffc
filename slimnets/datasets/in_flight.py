"""Which records of a shuffled pipeline are being prepared: a failure is one of these.

TensorFlow's errors do not say at which record they arose. So a record is noted before
it is decoded, and struck off afterwards; those that failed stay.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets.datasets import record_faults
from slimnets.datasets.framing import SingleRecords
from slimnets.datasets.registry import Dataset

# Records that are being prepared at one time, at most: they have not failed.
_AT_WORK = 256

_KEY, _NONE = np.zeros([1], np.int64), np.zeros([1], np.int64)


class InFlight:
    """The records that are being prepared, and those that failed."""

    def __init__(self, dataset: Dataset, labels: Sequence[int], max_pixels: int):
        """Starts with none.

        Args:
          dataset: whose records they are.
          labels: those that are right, ascending.
          max_pixels: that an image may have.
        """
        self._dataset, self._labels, self._max_pixels = dataset, labels, max_pixels
        self._faults: dict[int, str] = {}
        self._singles = SingleRecords()
        self._table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, -1)
        # Under key 0, how many were begun since one was last prepared.
        self._in_vain = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, 0)

    def begin(self, number: tf.Tensor) -> tf.Operation:
        """Notes a record; returns the op to run before it is looked into."""
        begun = self._in_vain.lookup(_KEY) + 1
        return tf.group(
            self._table.insert(number[tf.newaxis], number[tf.newaxis]),
            self._in_vain.insert(_KEY, begun),
        )

    def end(self, number: tf.Tensor) -> tf.Operation:
        """Strikes a record off; returns the op to run when it is prepared."""
        return tf.group(
            self._table.remove(number[tf.newaxis]), self._in_vain.insert(_KEY, _NONE)
        )

    def are_few(self, most: int) -> tf.Tensor:
        """Whether no more than `most` records have failed for certain, and not all."""
        in_vain = self._in_vain.lookup(_KEY)[0]
        none_is_left = in_vain > self._dataset.num_examples + _AT_WORK
        return (self._table.size() <= most + _AT_WORK) & ~none_is_left

    def find_faults(self) -> list[str]:
        """Returns a line for each record that failed, by looking into it alone."""
        numbers, _ = self._table.export()
        for number in map(int, numbers.numpy()):
            if number not in self._faults:
                self._faults[number] = self._find_fault(number) or ""
        return [fault for _, fault in sorted(self._faults.items()) if fault]

    def _find_fault(self, number: int) -> str | None:
        if self._dataset.elements is not None:  # which cannot be looked at alone
            return None
        return record_faults.find_record_fault(
            *self._dataset.locate(number),
            self._labels,
            compression=self._dataset.compression,
            max_pixels=self._max_pixels,
            multi_label=self._dataset.multi_label,
            singles=self._singles,
        )


@dataclasses.dataclass(frozen=True)
class BadRecords:
    """What training does about records that cannot be used.

    Attributes:
      in_flight: notes the records that are being prepared, to tell one that fails.
      most: leave out what is bad, up to this many records, after which the dataset
        ends; needs `in_flight`. None raises an error at the first.
    """

    in_flight: InFlight | None = None
    most: int | None = None

    @property
    def are_left_out(self) -> bool:
        """Whether training goes on without them."""
        return self.most is not None

    def begin(self, number: tf.Tensor, record: Any) -> Any:
        """Returns a record, or element, that is noted before it is looked into."""
        begun = [self.in_flight.begin(number)] if self.in_flight else []
        with tf.control_dependencies(begun):
            return tf.nest.map_structure(tf.identity, record)

    def end(
        self, number: tf.Tensor, image: tf.Tensor, label: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what was made of a record, which is struck off then."""
        with tf.control_dependencies([image, label]):
            done = [self.in_flight.end(number)] if self.in_flight else []
        with tf.control_dependencies(done):
            return tf.identity(image), label

    def end_at_too_many(self, records: tf.data.Dataset) -> tf.data.Dataset:
        """Ends a dataset when more records have failed than may."""
        in_flight, most = self.in_flight, self.most
        if in_flight is None or most is None:
            return records
        return records.take_while(lambda *_: in_flight.are_few(most))
