"""In which order training reads its records: a new one each epoch, or a seed's."""

import os

import numpy as np
import tensorflow as tf

from slimnets import random_numbers
from slimnets.datasets import elements, salvage, sampling
from slimnets.datasets.registry import Dataset

# Encoded records, so 4,096 photos of 110 kB are 450 MB. The shards are mixed over the
# classes and the files shuffled, so this need not hold an epoch.
_SHUFFLE_BUFFER = 4096

_without_autograph = tf.autograph.experimental.do_not_convert


def read_shuffled(
    dataset: Dataset,
    shard: tuple[int, int],
    num_readers: int,
    cache: bool,
    skips: bool = False,
) -> tf.data.Dataset:
    """Returns this worker's records without end, each epoch in a new order.

    Args:
      dataset: the split to read.
      shard: (index, count): the worker's share, see `pipeline.train_batches`.
      num_readers: files read at once.
      cache: keep the records in memory after the first epoch.
      skips: as of `read_file`.

    Returns:
      (number, serialized record), int64 [] and string []; of a dataset of elements
      these in the place of records, in their own order.
    """
    if dataset.elements is not None:
        return elements.read(dataset, repeats=True).shard(shard[1], shard[0])
    records = _read_files(dataset, shard, num_readers, skips)
    if cache:
        records = records.cache()
    # Shuffle, then repeat: each epoch sees every example once. The other way round,
    # examples of neighbouring epochs mix and some are seen twice before others once.
    return _shuffle(records, dataset).repeat()


def read_in_order_of(
    seed: int,
    dataset: Dataset,
    num_readers: int,
    cache: bool,
    taken: int,
    skips: bool = False,
    drawn: sampling.Sampling | None = None,
) -> tf.data.Dataset:
    """Returns all records without end, in an order that can be taken up again.

    That of an epoch follows from the seed and the number of the epoch alone, so that
    workers, each of which reads them all, agree on it.

    Args:
      seed: any.
      dataset: the split to read.
      num_readers: files read at once.
      cache: keep the records in memory after the first epoch.
      taken: records, of any number of epochs, behind which to begin.
      skips: as of `read_file`.
      drawn: how often each is drawn in an epoch; None: once.

    Returns:
      (number, serialized record), int64 [] and string []; of a dataset of elements
      these in the place of records, in their own order.
    """
    if dataset.elements is not None:
        return elements.read(dataset, repeats=True).skip(taken)
    stream = random_numbers.hash_seed("order", seed)
    first, taken_of_it = divmod(taken, dataset.num_examples)
    whole, of_draws = (0, 1), random_numbers.hash_seed("draws", seed)
    # In memory, files have one order for all epochs.
    cached = (
        _read_files(dataset, whole, num_readers, skips, tf.constant(stream)).cache()
        if cache
        else None
    )

    @_without_autograph
    def read_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        # Of this function's graph: else the seed of the process would count, too.
        tf.compat.v1.set_random_seed(1)
        order = tf.random.stateless_uniform(
            [], tf.stack([stream, epoch]), maxval=tf.int64.max, dtype=tf.int64
        )
        records = cached
        if records is None:
            records = _read_files(dataset, whole, num_readers, skips, order)
        if drawn is not None:
            draws = drawn.count_draws(tf.stack([of_draws, epoch]))
            records = sampling.repeat_drawn(records, draws)
        taken_of_this = tf.where(epoch == first, tf.constant(taken_of_it, tf.int64), 0)
        return _shuffle(records, dataset, order).skip(taken_of_this)

    return tf.data.Dataset.range(first, tf.int64.max).flat_map(read_epoch)


def read_once(dataset: Dataset, skips: bool = False) -> tf.data.Dataset:
    """Returns (number, record), or (number, element), each once, in order.

    Args:
      dataset: the split to read.
      skips: as of `read_file`.
    """
    if dataset.elements is not None:
        return elements.read(dataset, repeats=False)
    return list_files(dataset).flat_map(
        lambda file, first, count: read_file(
            file, first, count, dataset.compression, skips
        )
    )


def list_files(dataset: Dataset) -> tf.data.Dataset:
    """Returns (path, number of its first record, how many it has) of each file."""
    files = [*map(os.fsencode, dataset.files)]
    return tf.data.Dataset.from_tensor_slices(
        (files, np.array(dataset.first_numbers), np.array(dataset.counts))
    )


def read_file(
    file: tf.Tensor,
    first: tf.Tensor,
    count: tf.Tensor,
    compression: str,
    skips: bool = False,
) -> tf.data.Dataset:
    """Returns (number, record) of a file.

    Args:
      file: string scalar, its path.
      first: int64 scalar, the number of its first record.
      count: int64 scalar, how many it has.
      compression: of the file.
      skips: whether damage is no error; empty records come from there on, which
        `salvage.Salvage` reads.
    """
    records = tf.data.TFRecordDataset(file, compression)
    if skips:
        records = salvage.fill_up(records, count)
    return records.enumerate(first)


def _read_files(
    dataset: Dataset,
    shard: tuple[int, int],
    num_readers: int,
    skips: bool,
    order: tf.Tensor | None = None,
) -> tf.data.Dataset:
    """Returns one epoch of this worker's records, files in the order of a seed."""
    index, count = shard
    files = list_files(dataset)
    # Whole files are cheaper to share out, but only equal shares are fair; else every
    # worker reads all files, in one order, and keeps each count-th record.
    by_files = len(dataset.files) % count == 0
    if by_files:
        files = files.shard(count, index).shuffle(
            len(dataset.files), order, reshuffle_each_iteration=order is None
        )
    records = files.interleave(
        lambda file, first, count: read_file(
            file, first, count, dataset.compression, skips
        ),
        cycle_length=num_readers,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=order is not None or not by_files,
    )
    return records if by_files else records.shard(count, index)


def _shuffle(
    records: tf.data.Dataset, dataset: Dataset, order: tf.Tensor | None = None
) -> tf.data.Dataset:
    """Shuffles an epoch, anew each time or in the order of a seed."""
    return records.shuffle(
        min(_SHUFFLE_BUFFER, dataset.num_examples),
        order,
        reshuffle_each_iteration=order is None,
    )
