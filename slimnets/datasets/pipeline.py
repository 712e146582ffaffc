"""tf.data pipelines: records or image files in, batches of preprocessed images out."""

import functools
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import errors
from slimnets.datasets import images, record_faults, tfrecord
from slimnets.datasets.registry import Dataset
from slimnets.preprocessing.encoded import Encoded

# uint8 [height, width, channels], of records still encoded -> float32 [out_height,
# out_width, out_channels], the latter a static shape.
Preprocess = Callable[[tf.Tensor | Encoded], tf.Tensor]

# Encoded records, so 4,096 photos of 110 kB are 450 MB. The shards are mixed over the
# classes and the files shuffled, so this need not hold an epoch.
_SHUFFLE_BUFFER = 4096
_UNKNOWN_LABEL = -1
_PARSED = ("encoded", "label", "filename")
_PATIENCE = 10.0  # seconds that a tf.data service may take to answer

# Autograph would rewrite the recipes' Python, and wrap their errors in its own.
_without_autograph = tf.autograph.experimental.do_not_convert


def train_batches(
    dataset: Dataset,
    preprocess: Preprocess,
    batch_size: int,
    *,
    seed: int | None = None,
    shard: tuple[int, int] = (0, 1),
    channels: int | None = None,
    upright: bool = True,
    labels_offset: int = 0,
    num_readers: int = 4,
    num_parallel_calls: int = tf.data.AUTOTUNE,
    cache: bool = False,
    service: str | None = None,
    steps: int = 1,
    replicas: int = 1,
) -> tf.data.Dataset:
    """Returns an endless dataset of shuffled training batches.

    Args:
      dataset: the split to train on.
      preprocess: augments one image; may use TensorFlow's stateful random ops.
      batch_size: examples a batch; every batch is full.
      seed: repeats order and augmentation exactly, at the price of preprocessing one
        image at a time (stateful random ops draw in the order they are called). None:
        neither is repeatable, and all cores preprocess.
      shard: (index, count): this worker's share of the examples. Together the `count`
        shards see each example once an epoch.
      channels: 1 for gray, 3 for RGB; None: as the dataset stores them.
      upright: turn photos as their cameras noted; False takes pixels as stored.
      labels_offset: subtracted from each label, see `eval_batches`.
      num_readers: files read at once.
      num_parallel_calls: images preprocessed at once where there is no seed.
      cache: keep the encoded images in memory after the first epoch.
      service: address of a tf.data service's dispatcher, grpc://host:port, whose
        workers do all of this; None does it here.
      steps: batches an element, for as many steps at a time.
      replicas: that take the elements in turn.

    Returns:
      (images, labels): float32 [batch, height, width, channels], int64 [batch]; with
      steps > 1 that many of them on a first axis. While it is iterated, bad data raises
      a tf.errors.OpError; see `describe_failure`.

    Raises:
      InputError: of an argument.
    """
    _check_arguments(dataset, batch_size, labels_offset)
    index, count = shard
    if not 0 <= index < count <= dataset.num_examples:
        raise errors.InputError(
            f"shard {index} of {count} of {dataset.num_examples} examples is empty or"
            " does not exist"
        )
    parse = _make_record_parser(dataset, channels, labels_offset, upright)

    @_without_autograph
    def example(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if seed is not None:  # of the traced function: what its random ops start from
            tf.random.set_seed(seed + index)
        parsed = parse(serialized)
        return preprocess(parsed["image"]), parsed["label"]

    records = _read_shuffled(dataset, seed, shard, num_readers, cache)
    # Shuffle, then repeat: each epoch sees every example once. The other way round,
    # examples of neighbouring epochs mix and some are seen twice before others once.
    examples = records.repeat().map(
        example,
        num_parallel_calls=num_parallel_calls if seed is None else 1,
        deterministic=seed is not None,
    )
    batches = examples.batch(batch_size, drop_remainder=True)
    if service:
        batches = _distribute_to_service(batches, service)
    return _finish(_stack(batches, steps, replicas) if steps > 1 else batches)


def eval_batches(
    dataset: Dataset,
    preprocess: Preprocess,
    batch_size: int,
    *,
    num_replicas: int = 1,
    channels: int | None = None,
    upright: bool = True,
    labels_offset: int = 0,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Returns every example exactly once, in the order of the files, in full batches.

    The last batch is filled up with zeros, of mask 0: multiply by the mask, and count
    it, to score exactly `dataset.num_examples` examples for any batch size.

    Args:
      dataset: the split to evaluate on.
      preprocess: prepares one image.
      batch_size: examples a batch over all replicas.
      num_replicas: the batch size has to be a multiple of it, so that each replica
        gets as many examples and the shapes stay static.
      channels: 1 for gray, 3 for RGB; None: as the dataset stores them.
      upright: turn photos as their cameras noted; False takes pixels as stored.
      labels_offset: subtracted from each label: with 1, the classes 1 to 1000 of
        ImageNet's 1001 (0 is the background) become 0 to 999, for networks that have
        `dataset.num_classes - labels_offset` outputs; with -1 the other way round. A
        label below it is an error.
      num_parallel_calls: images preprocessed at once.

    Returns:
      Dicts: image float32 [batch, height, width, channels], label int64 [batch], mask
      float32 [batch], filename string [batch]. While it is iterated, bad data raises a
      tf.errors.OpError; see `describe_failure`.

    Raises:
      InputError: of an argument.
    """
    _check_arguments(dataset, batch_size, labels_offset)
    if batch_size % num_replicas:
        raise errors.InputError(
            f"batch_size {batch_size} is not a multiple of {num_replicas} replicas"
        )
    parse = _make_record_parser(dataset, channels, labels_offset, upright)

    @_without_autograph
    def example(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        return _make_masked_example(preprocess, **parse(serialized))

    records = tfrecord.read_records(dataset.files, dataset.compression)
    return _pad_to_batches(records.map(example, num_parallel_calls), batch_size)


def image_batches(
    paths: Sequence[str],
    preprocess: Preprocess,
    batch_size: int,
    channels: int = 3,
    *,
    upright: bool = True,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Returns plain image files, in order, as `eval_batches` returns records.

    Args:
      paths: image files, such as `images.list_images` finds.
      preprocess: prepares one image.
      batch_size: images a batch; the last one is filled up with zeros, of mask 0.
      channels: 1 for gray, 3 for RGB.
      upright: turn photos as their cameras noted; False takes pixels as stored.
      num_parallel_calls: images preprocessed at once.

    Returns:
      Dicts as of `eval_batches`, with label -1 and the path as filename. A file that
      does not decode raises a tf.errors.OpError; see `describe_image_failure`.
    """

    @_without_autograph
    def example(path: tf.Tensor) -> dict[str, tf.Tensor]:
        return _make_masked_example(
            preprocess,
            image=Encoded(tf.io.read_file(path), channels, upright),
            label=tf.constant(_UNKNOWN_LABEL, tf.int64),
            filename=path,
        )

    files = tf.data.Dataset.from_tensor_slices([*map(os.fsencode, paths)])
    return _pad_to_batches(files.map(example, num_parallel_calls), batch_size)


def describe_failure(
    error: tf.errors.OpError,
    dataset: Dataset,
    labels_offset: int = 0,
    *,
    first: int = 0,
    most: int | None = None,
) -> errors.InputError:
    """Turns a failure while iterating batches into one line naming the broken record.

    Args:
      error: what TensorFlow raised.
      dataset: what was being read.
      labels_offset: as it was given to the batches.
      first: examples before the broken one at least, in the order of the files.
      most: examples after these among which it has to be; if it is not, or with None,
        all are looked through.
    """
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return errors.describe_out_of_memory(error)
    labels = _list_labels(dataset, labels_offset)
    find = functools.partial(
        record_faults.find_fault, dataset.files, labels, compression=dataset.compression
    )
    fault = (most and find(first=first, most=most)) or find()
    return errors.InputError(fault or _describe_in_one_line(error, dataset.files[0]))


def describe_image_failure(
    error: tf.errors.OpError, paths: Sequence[str]
) -> errors.InputError:
    """Turns a failure of `image_batches` into one line naming the broken file.

    Args:
      error: what TensorFlow raised.
      paths: what was being read; all of it is looked through.
    """
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return errors.describe_out_of_memory(error)
    for path in paths:
        try:
            with open(path, "rb") as file:
                images.decode(file.read())
        except (OSError, ValueError) as reason:
            return errors.InputError(f"{path}: {reason}")
    return errors.InputError(_describe_in_one_line(error, paths[0]))


def _check_arguments(dataset: Dataset, batch_size: int, labels_offset: int) -> None:
    if batch_size < 1:
        raise errors.InputError(f"batch_size is {batch_size}; it has to be at least 1")
    if not -1 <= labels_offset < dataset.num_classes:
        raise errors.InputError(
            f"labels_offset is {labels_offset}; it has to be from -1 to"
            f" {dataset.num_classes - 1} for {dataset.num_classes} classes"
        )


def _read_shuffled(
    dataset: Dataset,
    seed: int | None,
    shard: tuple[int, int],
    num_readers: int,
    cache: bool,
) -> tf.data.Dataset:
    """Returns one epoch of this worker's records, in a new order each time."""
    index, count = shard
    files = tf.data.Dataset.from_tensor_slices([*map(os.fsencode, dataset.files)])
    # Whole files are cheaper to share out, but only equal shares are fair; else every
    # worker reads all files, in one order, and keeps each count-th record.
    by_files = len(dataset.files) % count == 0
    if by_files:
        files = files.shard(count, index).shuffle(len(dataset.files), seed=seed)
    records = files.interleave(
        lambda file: tf.data.TFRecordDataset(file, dataset.compression),
        cycle_length=num_readers,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=seed is not None or not by_files,
    )
    if not by_files:
        records = records.shard(count, index)
    if cache:
        records = records.cache()
    return records.shuffle(min(_SHUFFLE_BUFFER, dataset.num_examples), seed=seed)


def _distribute_to_service(batches: tf.data.Dataset, service: str) -> tf.data.Dataset:
    """Lets a tf.data service make the batches; InputError where none listens."""
    address = service.removeprefix("grpc://")
    host, _, port = address.rpartition(":")
    try:
        # TensorFlow itself would try again for an hour.
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, ValueError) as error:
        raise errors.InputError(
            f"no tf.data service answers at {service}: {error}; its dispatcher's"
            " address has to look like grpc://host:5050"
        ) from error
    distribute = tf.data.experimental.service.distribute(
        tf.data.experimental.service.ShardingPolicy.OFF, f"grpc://{address}"
    )
    return batches.apply(distribute)


def _stack(batches: tf.data.Dataset, steps: int, replicas: int) -> tf.data.Dataset:
    """Stacks batches, so that each replica gets those that it would get one by one."""
    stacks = batches.batch(steps * replicas, drop_remainder=True)
    if replicas == 1:
        return stacks

    @_without_autograph
    def by_replica(*parts: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(
            tf.stack([part[first::replicas] for first in range(replicas)])
            for part in parts
        )

    return stacks.map(by_replica).unbatch()


def _make_record_parser(
    dataset: Dataset, channels: int | None, labels_offset: int, upright: bool
) -> Callable[[tf.Tensor], dict[str, Any]]:
    """Returns the function from a serialized record to image, label and filename."""
    channels = channels or dataset.channels
    lowest, highest = max(labels_offset, 0), dataset.num_classes - 1

    def parse(serialized: tf.Tensor) -> dict[str, Any]:
        parsed = tfrecord.parse_example(serialized, _PARSED)
        label = _find_class(parsed["label"], dataset.classes_by_label)
        message = f"a label is not one of {lowest} to {highest}"
        in_range = (label >= lowest) & (label <= highest)
        with tf.control_dependencies([tf.debugging.Assert(in_range, [message, label])]):
            label = label - labels_offset
        return {
            "image": Encoded(parsed["encoded"], channels, upright),
            "label": label,
            "filename": parsed["filename"],
        }

    return parse


def _list_labels(dataset: Dataset, labels_offset: int) -> Sequence[int]:
    """Returns the labels that records may have, ascending."""
    if dataset.classes_by_label is None:
        return range(max(labels_offset, 0), dataset.num_classes)
    return [label for label, k in enumerate(dataset.classes_by_label) if k >= 0]


def _find_class(
    label: tf.Tensor, classes_by_label: tuple[int, ...] | None
) -> tf.Tensor:
    """Returns the class of a label, -1 where it is of none."""
    if classes_by_label is None:
        return label
    count = len(classes_by_label)
    classes = tf.constant([*classes_by_label, -1], tf.int64)
    known = (label >= 0) & (label < count)
    return tf.gather(classes, tf.where(known, label, count))


def _make_masked_example(
    preprocess: Preprocess,
    image: tf.Tensor | Encoded,
    label: tf.Tensor,
    filename: tf.Tensor,
) -> dict[str, tf.Tensor]:
    return {
        "image": preprocess(image),
        "label": label,
        "mask": tf.constant(1.0),
        "filename": filename,
    }


def _pad_to_batches(examples: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Batches with a static size: b - 1 fillers complete the last batch, no more."""
    if batch_size < 1:
        raise errors.InputError(f"batch_size is {batch_size}; it has to be at least 1")
    filler = tf.nest.map_structure(
        lambda spec: tf.zeros(spec.shape, spec.dtype), examples.element_spec
    )
    fillers = tf.data.Dataset.from_tensors(filler).repeat(batch_size - 1)
    return _finish(examples.concatenate(fillers).batch(batch_size, drop_remainder=True))


def _finish(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetches; and keeps tf.distribute from sharing out again what is shared out."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return batches.prefetch(tf.data.AUTOTUNE).with_options(options)


def _describe_in_one_line(error: tf.errors.OpError, where: str) -> str:
    line = errors.summarize(error)
    return f"reading {where} and the files after it failed: {line}"
