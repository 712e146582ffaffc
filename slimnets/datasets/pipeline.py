"""tf.data pipelines: records or image files in, batches of preprocessed images out.

Each goes one way: records (record_order.py), what they hold (decoding.py, labels.py),
images as a recipe prepares them, batches (batching.py), mixed ones (batch_mixing.py).
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import errors
from slimnets.datasets import batching, record_order
from slimnets.datasets.batch_mixing import Mix, mix_batches
from slimnets.datasets.batching import Division
from slimnets.datasets.decoding import Decoding, make_parser, read_image
from slimnets.datasets.in_flight import BadRecords
from slimnets.datasets.record_order import Order
from slimnets.datasets.registry import Dataset
from slimnets.datasets.salvage import Salvage
from slimnets.preprocessing.encoded import Encoded

# uint8 [height, width, channels], of records still encoded -> float32 [out_height,
# out_width, out_channels], the latter a static shape.
Preprocess = Callable[[tf.Tensor | Encoded], tf.Tensor]

_UNKNOWN_LABEL = -1

# Autograph would rewrite the recipes' Python, and wrap their errors in its own.
_without_autograph = tf.autograph.experimental.do_not_convert


def train_batches(
    dataset: Dataset,
    preprocess: Preprocess,
    batch_size: int,
    *,
    order: Order = Order(),
    decoding: Decoding = Decoding(),
    labels_offset: int = 0,
    bad_records: BadRecords = BadRecords(),
    mix: Mix | None = None,
    division: Division = Division(),
    service: str | None = None,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Returns an endless dataset of shuffled training batches.

    Args:
      dataset: the split to train on.
      preprocess: augments one image. Its random numbers are to come from
        slimnets.random_numbers where a seed is to repeat them.
      batch_size: examples a batch, of one replica; every batch is full.
      order: which records, in which order.
      decoding: of the images.
      labels_offset: subtracted from each label, see `eval_batches`.
      bad_records: what happens at those.
      mix: mixes each batch, of one replica and one step; its random numbers as those of
        `preprocess`. None leaves batches as they are.
      division: how batches come for several steps or replicas.
      service: address of a tf.data service's dispatcher, grpc://host:port, whose
        workers do all of this, in an order that no seed repeats; None does it here.
      num_parallel_calls: images preprocessed at once.

    Returns:
      (images, labels): float32 [batch, height, width, channels], int64 [batch], or
      float32 [batch, classes]: of 0 and 1 where any number of classes may be true, of
      shares where `mix` made them; with several steps that many of them on a first
      axis. While it is iterated, bad data raises a tf.errors.OpError; see
      `failures.describe`.

    Raises:
      InputError: of an argument.
    """
    _check_arguments(dataset, batch_size, labels_offset)
    replicas, is_repeatable = division.replicas, order.seed is not None
    skips = bad_records.are_left_out
    records = record_order.read(dataset, order, batch_size * replicas, skips)
    parse = make_parser(dataset, decoding, labels_offset)
    examples = bad_records.end_at_too_many(records).map(
        _make_preparation(dataset, parse, preprocess, order, bad_records),
        num_parallel_calls,
        deterministic=is_repeatable,
    )
    if skips:
        examples = examples.ignore_errors()
    batches = examples.batch(batch_size, drop_remainder=True)
    if mix is not None:
        batches = mix_batches(
            batches, mix, order, batch_size, replicas, num_parallel_calls
        )
    if service:
        batches = batching.distribute_to_service(batches, service)
    return batching.finish(batching.stack(batches, division))


def eval_batches(
    dataset: Dataset,
    preprocess: Preprocess,
    batch_size: int,
    *,
    shard: tuple[int, int] = (0, 1),
    decoding: Decoding = Decoding(),
    labels_offset: int = 0,
    skip_broken: bool = False,
    most: int | None = None,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Returns every example exactly once, in the order of the files, in full batches.

    The last batch is filled up with zeros, of mask 0: multiply by the mask, and count
    it, to score exactly `dataset.num_examples` examples for any batch size.

    Args:
      dataset: the split to evaluate on.
      preprocess: prepares one image.
      batch_size: examples a batch.
      shard: (index, count): this worker's share, each `count`-th example; the others
        are read, but not decoded.
      decoding: of the images.
      labels_offset: subtracted from each label: with 1, the classes 1 to 1000 of
        ImageNet's 1001 (0 is the background) become 0 to 999, for networks that have
        `dataset.num_classes - labels_offset` outputs; with -1 the other way round. A
        label below it is an error.
      skip_broken: leave out what is bad instead of raising an error.
      most: examples to read, the first ones; None for all.
      num_parallel_calls: images preprocessed at once.

    Returns:
      Dicts: image float32 [batch, height, width, channels], label as of
      `train_batches`, mask float32 [batch], filename string [batch], number int64
      [batch]: the example's in the order of the files, from 0. While it is iterated,
      bad data raises a tf.errors.OpError, see `failures.describe`, or is left out, see
      `left_out.LeftOut`.

    Raises:
      InputError: of an argument.
    """
    _check_arguments(dataset, batch_size, labels_offset)
    parse = make_parser(dataset, decoding, labels_offset)
    salvage = Salvage(dataset)

    @_without_autograph
    def example(number: tf.Tensor, record: Any) -> dict[str, tf.Tensor]:
        if skip_broken:
            record = salvage.find(number, record)
        return _make_masked_example(preprocess, number, **parse(record))

    index, count = shard
    records = record_order.read_once(dataset, skip_broken)
    if most is not None:
        records = records.take(most)
    if count > 1:
        records = records.filter(lambda number, _: number % count == index)
    examples = records.map(example, num_parallel_calls)
    if skip_broken:
        examples = examples.ignore_errors()
    return batching.finish(batching.pad_to_batches(examples, batch_size))


def image_batches(
    paths: Sequence[str],
    preprocess: Preprocess,
    batch_size: int,
    *,
    decoding: Decoding = Decoding(),
    skip_broken: bool = False,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Returns plain image files, in order, as `eval_batches` returns records.

    Args:
      paths: image files, such as `images.find_images` finds.
      preprocess: prepares one image.
      batch_size: images a batch; the last one is filled up with zeros, of mask 0.
      decoding: of the images.
      skip_broken: leave out what is bad instead of raising an error.
      num_parallel_calls: images preprocessed at once.

    Returns:
      Dicts as of `eval_batches`, with label -1 and the path as filename. A file that
      does not decode raises a tf.errors.OpError, see `failures.describe_of_images`,
      or is left out.
    """
    _check_batch_size(batch_size)

    @_without_autograph
    def example(number: tf.Tensor, path: tf.Tensor) -> dict[str, tf.Tensor]:
        return _make_masked_example(
            preprocess,
            number,
            image=read_image(path, decoding),
            label=tf.constant(_UNKNOWN_LABEL, tf.int64),
            filename=path,
        )

    files = tf.data.Dataset.from_tensor_slices([*map(_encode_path, paths)])
    examples = files.enumerate().map(example, num_parallel_calls)
    if skip_broken:
        examples = examples.ignore_errors()
    return batching.finish(batching.pad_to_batches(examples, batch_size))


def _make_preparation(
    dataset: Dataset,
    parse: Callable[[Any], dict[str, Any]],
    preprocess: Preprocess,
    order: Order,
    bad_records: BadRecords,
) -> Callable[[tf.Tensor, tuple[tf.Tensor, Any]], tuple[tf.Tensor, tf.Tensor]]:
    """Returns the function from (place, (number, record)) to (image, label)."""
    salvage = Salvage(dataset)

    @_without_autograph
    def prepare(
        place: tf.Tensor, numbered: tuple[tf.Tensor, Any]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        number, record = numbered
        record = bad_records.begin(number, record)
        if bad_records.are_left_out:
            record = salvage.find(number, record)
        parsed = parse(record)
        with order.keyed("images", place):
            image = preprocess(parsed["image"])
        return bad_records.end(number, image, parsed["label"])

    return prepare


def _encode_path(path: str) -> bytes:
    """Returns a path to open: of what would be waited for, such as a pipe, one in vain.

    Nothing lies inside of what is no folder.
    """
    waits = os.path.exists(path) and not os.path.isfile(path)
    return os.fsencode(f"{path}/no-file" if waits else path)


def _check_arguments(dataset: Dataset, batch_size: int, labels_offset: int) -> None:
    _check_batch_size(batch_size)
    if not -1 <= labels_offset < dataset.num_classes:
        raise errors.InputError(
            f"labels_offset is {labels_offset}; it has to be from -1 to"
            f" {dataset.num_classes - 1} for {dataset.num_classes} classes"
        )


def _check_batch_size(batch_size: int) -> None:
    if batch_size < 1:
        raise errors.InputError(f"batch_size is {batch_size}; it has to be at least 1")


def _make_masked_example(
    preprocess: Preprocess,
    number: tf.Tensor,
    image: tf.Tensor | Encoded,
    label: tf.Tensor,
    filename: tf.Tensor,
) -> dict[str, tf.Tensor]:
    return {
        "number": number,
        "image": preprocess(image),
        "label": label,
        "mask": tf.constant(1.0),
        "filename": filename,
    }
