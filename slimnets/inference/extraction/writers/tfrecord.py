"""Features as TFRecord: one tf.Example an image."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets.checkpoints import atomic_files
from slimnets.inference.extraction.batches import Batch, list_true


@contextlib.contextmanager
def open_file(path: Path, is_pooled: bool) -> Iterator[Callable[[Batch], None]]:
    """Yields the function that adds batches to the file.

    Args:
      path: of the file.
      is_pooled: write `Batch.pooled`, not `Batch.whole`.
    """
    with (
        atomic_files.replace_file(path) as unfinished,
        tf.io.TFRecordWriter(os.fsencode(unfinished)) as writer,
    ):

        def add(batch: Batch) -> None:
            values = batch.pooled if is_pooled else batch.whole
            for i in range(len(batch.numbers)):
                row = {name: rows[i] for name, rows in values.items()}
                writer.write(_make_example(batch, i, row))

        yield add


def _make_example(batch: Batch, i: int, row: Mapping[str, np.ndarray]) -> bytes:
    def integers(values: Sequence[int]) -> tf.train.Feature:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    def texts(*values: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    features = {
        "image/class/label": integers(list_true(batch.labels[i])),
        "image/class/text": texts(*map(os.fsencode, batch.class_names[i])),
        "image/filename": texts(batch.filenames[i]),
    }
    for name, value in row.items():
        features[name] = tf.train.Feature(
            float_list=tf.train.FloatList(value=value.ravel())
        )
        features[f"{name}/shape"] = integers(value.shape)
    return tf.train.Example(
        features=tf.train.Features(feature=features)
    ).SerializeToString()
