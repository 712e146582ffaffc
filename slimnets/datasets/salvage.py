"""Reading on behind damaged records, where bad ones are left out.

TensorFlow ends a file at the first record whose checksum is wrong. So that no sound one
is lost with it, empty records come in the place of all that follow, and each is read
alone when its turn to be decoded comes. Files without damage are read as ever.
"""

import tensorflow as tf

from slimnets.datasets.framing import DamagedRecord, SingleRecords
from slimnets.datasets.registry import Dataset

_without_autograph = tf.autograph.experimental.do_not_convert


def fill_up(records: tf.data.Dataset, count: int | tf.Tensor) -> tf.data.Dataset:
    """Puts empty records in the place of those that a file should still have.

    Args:
      records: strings, of a file.
      count: how many it should have.
    """
    empty = tf.data.Dataset.from_tensors(b"").repeat()
    return records.ignore_errors().concatenate(empty).take(count)


class Salvage:
    """Reads the records in whose places empty ones came."""

    def __init__(self, dataset: Dataset):
        """Takes the dataset whose records they are."""
        self._dataset, self._singles = dataset, SingleRecords()

    @_without_autograph
    def find(self, number: tf.Tensor, serialized: tf.Tensor) -> tf.Tensor:
        """Returns a record: empty still where it is damaged.

        Args:
          number: int64 scalar, its place in the dataset.
          serialized: string scalar, as it came.
        """

        def read_alone() -> tf.Tensor:
            read = tf.numpy_function(self._read, [number], tf.string, stateful=False)
            return tf.ensure_shape(read, [])

        if self._dataset.compression:  # which was unpacked whole when it was counted
            return serialized
        is_there = tf.strings.length(serialized) > 0
        return tf.cond(is_there, lambda: serialized, read_alone)

    def _read(self, number: int) -> bytes:
        try:
            return self._singles.read(*self._dataset.locate(int(number)))
        except DamagedRecord:
            return b""
