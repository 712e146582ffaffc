"""In which order training reads its records: a new one each epoch, or a seed's."""

import contextlib
import dataclasses
import os
import secrets

import numpy as np
import tensorflow as tf

from slimnets import errors, random_numbers
from slimnets.datasets import elements, salvage, sampling
from slimnets.datasets.registry import Dataset

# Encoded records, so 4,096 photos of 110 kB are 450 MB. The shards are mixed over the
# classes and the files shuffled, so this need not hold an epoch.
_SHUFFLE_BUFFER = 4096

_without_autograph = tf.autograph.experimental.do_not_convert


@dataclasses.dataclass(frozen=True)
class Order:
    """Which records a worker reads, and in which order.

    Attributes:
      seed: order, and what is drawn for an image or a batch, follow from it, the epoch
        and the place in the epoch alone. None: neither is repeatable.
      taken: examples that an earlier process and its partners have had, behind which a
        seed lets go on; their records are read, but not decoded.
      shard: (index, count): this worker's share of the examples. Together the `count`
        shards see each example once an epoch; with a seed, each step's batches are
        together what one worker's would be.
      drawn: how often each example is drawn in an epoch; None: once.
      num_readers: files read at once.
      cache: keep the encoded images in memory after the first epoch.
    """

    seed: int | None = None
    taken: int = 0
    shard: tuple[int, int] = (0, 1)
    drawn: sampling.Sampling | None = None
    num_readers: int = 4
    cache: bool = False

    def keyed(
        self, use: str, place: tf.Tensor
    ) -> contextlib.AbstractContextManager[None]:
        """Returns a context that draws by seed and place, at random without a seed.

        Args:
          use: what is drawn, such as "images".
          place: int64 [], of the image or batch, counted from the run's beginning.
        """
        if self.seed is None:
            return contextlib.nullcontext()
        stream = random_numbers.hash_seed(use, self.seed)
        return random_numbers.keyed(tf.stack([stream, place]))


def read(
    dataset: Dataset, order: Order, share: int, skips: bool = False
) -> tf.data.Dataset:
    """Returns this worker's records without end.

    Args:
      dataset: the split to read.
      order: of the records.
      share: examples that a worker has in a step.
      skips: as of `read_file`.

    Returns:
      (place, (number, serialized record)): int64 [], int64 [] and string []; of a
      dataset of elements these in the place of records, in their own order. With a
      seed, a place is counted over all workers.

    Raises:
      InputError: the shard is empty, or none.
    """
    index, count = order.shard
    if not 0 <= index < count <= dataset.num_examples:
        raise errors.InputError(
            f"shard {index} of {count} of {dataset.num_examples} examples is empty or"
            " does not exist"
        )
    if order.seed is None and order.drawn is None:
        return _read_shuffled(dataset, order, skips).enumerate()
    # What is drawn is drawn in the order of a seed; of any, where none is to repeat it.
    seed = secrets.randbits(62) if order.seed is None else order.seed
    numbered = _read_in_order_of(seed, dataset, order, skips).enumerate(order.taken)
    if count == 1:
        return numbered
    return numbered.filter(lambda place, _: place // share % count == index)


def _read_shuffled(dataset: Dataset, order: Order, skips: bool) -> tf.data.Dataset:
    """Returns this worker's records, each epoch in a new order; see `read`."""
    index, count = order.shard
    if dataset.elements is not None:
        return elements.read(dataset, repeats=True).shard(count, index)
    records = _read_files(dataset, order.shard, order.num_readers, skips)
    if order.cache:
        records = records.cache()
    # Shuffle, then repeat: each epoch sees every example once. The other way round,
    # examples of neighbouring epochs mix and some are seen twice before others once.
    return _shuffle(records, dataset).repeat()


def _read_in_order_of(
    seed: int, dataset: Dataset, order: Order, skips: bool
) -> tf.data.Dataset:
    """Returns all workers' records, in an order that can be taken up again.

    That of an epoch follows from the seed and the number of the epoch alone, so that
    workers, each of which reads them all, agree on it.
    """
    if dataset.elements is not None:
        return elements.read(dataset, repeats=True).skip(order.taken)
    stream = random_numbers.hash_seed("order", seed)
    of_draws = random_numbers.hash_seed("draws", seed)
    first, taken_of_it = divmod(order.taken, dataset.num_examples)

    def read_files(files_order: tf.Tensor) -> tf.data.Dataset:
        return _read_files(dataset, (0, 1), order.num_readers, skips, files_order)

    # In memory, files have one order for all epochs.
    cached = read_files(tf.constant(stream)).cache() if order.cache else None

    @_without_autograph
    def read_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        # Of this function's graph: else the seed of the process would count, too.
        tf.compat.v1.set_random_seed(1)
        of_epoch = tf.random.stateless_uniform(
            [], tf.stack([stream, epoch]), maxval=tf.int64.max, dtype=tf.int64
        )
        records = read_files(of_epoch) if cached is None else cached
        if order.drawn is not None:
            draws = order.drawn.count_draws(tf.stack([of_draws, epoch]))
            records = sampling.repeat_drawn(records, draws)
        taken_of_this = tf.where(epoch == first, tf.constant(taken_of_it, tf.int64), 0)
        return _shuffle(records, dataset, of_epoch).skip(taken_of_this)

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
