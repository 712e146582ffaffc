"""tf.data pipelines: records or image files in, batches of preprocessed images out."""

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import errors, random_numbers
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import elements, record_order, sampling, tfrecord
from slimnets.datasets.in_flight import InFlight
from slimnets.datasets.registry import Dataset
from slimnets.datasets.salvage import Salvage
from slimnets.preprocessing.encoded import Encoded

# uint8 [height, width, channels], of records still encoded -> float32 [out_height,
# out_width, out_channels], the latter a static shape.
Preprocess = Callable[[tf.Tensor | Encoded], tf.Tensor]

# Mixes the images of a batch with each other, and its labels: f(images, labels) gives
# the same two, the labels as float32 [batch, classes].
Mix = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

_UNKNOWN_LABEL = -1
_PATIENCE = 10.0  # seconds that a tf.data service may take to answer

# Autograph would rewrite the recipes' Python, and wrap their errors in its own.
_without_autograph = tf.autograph.experimental.do_not_convert


def train_batches(
    dataset: Dataset,
    preprocess: Preprocess,
    batch_size: int,
    *,
    seed: int | None = None,
    taken: int = 0,
    shard: tuple[int, int] = (0, 1),
    channels: int | None = None,
    upright: bool = True,
    max_pixels: int = MAX_PIXELS,
    labels_offset: int = 0,
    num_readers: int = 4,
    num_parallel_calls: int = tf.data.AUTOTUNE,
    cache: bool = False,
    service: str | None = None,
    steps: int = 1,
    replicas: int = 1,
    in_flight: InFlight | None = None,
    most_broken: int | None = None,
    drawn: sampling.Sampling | None = None,
    mix: Mix | None = None,
) -> tf.data.Dataset:
    """Returns an endless dataset of shuffled training batches.

    Args:
      dataset: the split to train on.
      preprocess: augments one image. Its random numbers are to come from
        slimnets.random_numbers where a seed is to repeat them.
      batch_size: examples a batch; every batch is full.
      seed: order and augmentation follow from it, the epoch and the place in the epoch
        alone. None: neither is repeatable.
      taken: examples that an earlier process and its partners have had, behind which a
        seed lets go on; their records are read, but not decoded.
      shard: (index, count): this worker's share of the examples. Together the `count`
        shards see each example once an epoch; with a seed, each step's batches are
        together what one worker's would be.
      channels: 1 for gray, 3 for RGB; None: as the dataset stores them.
      upright: turn photos as their cameras noted; False takes pixels as stored.
      max_pixels: an image that has more is bad data.
      labels_offset: subtracted from each label, see `eval_batches`.
      num_readers: files read at once.
      num_parallel_calls: images preprocessed at once.
      cache: keep the encoded images in memory after the first epoch.
      service: address of a tf.data service's dispatcher, grpc://host:port, whose
        workers do all of this, in an order that no seed repeats; None does it here.
      steps: batches an element, for as many steps at a time.
      replicas: that take the elements in turn.
      in_flight: notes the records that are being prepared, to tell one that fails.
      most_broken: leave out what is bad, up to this many records, after which the
        dataset ends; needs `in_flight`. None raises an error at the first.
      drawn: how often each example is drawn in an epoch; None: once.
      mix: mixes each batch, of one replica and one step; its random numbers as those of
        `preprocess`. None leaves batches as they are.

    Returns:
      (images, labels): float32 [batch, height, width, channels], int64 [batch], or
      float32 [batch, classes]: of 0 and 1 where any number of classes may be true, of
      shares where `mix` made them; with
      steps > 1 that many of them on a first axis. While it is iterated, bad data raises
      a tf.errors.OpError; see `failures.describe`.

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
    parse = _make_parser(dataset, channels, labels_offset, upright, max_pixels)
    skips = most_broken is not None
    salvage = Salvage(dataset)

    @_without_autograph
    def example(
        number: tf.Tensor, record: tf.Tensor | tuple[tf.Tensor, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.control_dependencies([in_flight.begin(number)] if in_flight else []):
            record = tf.nest.map_structure(tf.identity, record)
        parsed = parse(salvage.find(number, record) if skips else record)
        image, label = preprocess(parsed["image"]), parsed["label"]
        with tf.control_dependencies([image, label]):
            done = [in_flight.end(number)] if in_flight else []
        with tf.control_dependencies(done):
            return tf.identity(image), label

    @_without_autograph
    def keyed_example(
        place: tf.Tensor, numbered: tuple[tf.Tensor, Any]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        stream = random_numbers.hash_seed("images", seed or 0)
        with random_numbers.keyed(tf.stack([stream, place])):
            return example(*numbered)

    # What is drawn is drawn in the order of a seed; of any, where none is to repeat it.
    order = seed if drawn is None or seed is not None else secrets.randbits(62)
    if order is None:
        records = record_order.read_shuffled(dataset, shard, num_readers, cache, skips)
        records = _end_at_too_many(records, in_flight, most_broken)
        examples = records.map(example, num_parallel_calls, deterministic=False)
    else:
        records = record_order.read_in_order_of(
            order, dataset, num_readers, cache, taken, skips, drawn
        )
        records = _end_at_too_many(records, in_flight, most_broken).enumerate(taken)
        if count > 1:
            records = _take_share(records, shard, batch_size * replicas)
        make = keyed_example if seed is not None else lambda _, record: example(*record)
        examples = records.map(make, num_parallel_calls, deterministic=seed is not None)
    if skips:
        examples = examples.ignore_errors()
    batches = examples.batch(batch_size, drop_remainder=True)
    if mix is not None:
        numbered = batches.enumerate(taken // (batch_size * count))
        batches = numbered.map(
            _make_numbered_mix(mix, seed, shard, replicas),
            num_parallel_calls,
            deterministic=seed is not None,
        )
    if service:
        batches = _distribute_to_service(batches, service)
    return _finish(_stack(batches, steps, replicas) if steps > 1 else batches)


def eval_batches(
    dataset: Dataset,
    preprocess: Preprocess,
    batch_size: int,
    *,
    shard: tuple[int, int] = (0, 1),
    channels: int | None = None,
    upright: bool = True,
    max_pixels: int = MAX_PIXELS,
    skip_broken: bool = False,
    labels_offset: int = 0,
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
      channels: 1 for gray, 3 for RGB; None: as the dataset stores them.
      upright: turn photos as their cameras noted; False takes pixels as stored.
      max_pixels: an image that has more is bad data.
      skip_broken: leave out what is bad instead of raising an error.
      labels_offset: subtracted from each label: with 1, the classes 1 to 1000 of
        ImageNet's 1001 (0 is the background) become 0 to 999, for networks that have
        `dataset.num_classes - labels_offset` outputs; with -1 the other way round. A
        label below it is an error.
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
    parse = _make_parser(dataset, channels, labels_offset, upright, max_pixels)

    salvage = Salvage(dataset)

    @_without_autograph
    def example(number: tf.Tensor, record: Any) -> dict[str, tf.Tensor]:
        if skip_broken:
            record = salvage.find(number, record)
        return _make_masked_example(preprocess, number, **parse(record))

    index, count = shard
    records = record_order.read_once(dataset, skip_broken)
    if count > 1:
        records = records.filter(lambda number, _: number % count == index)
    examples = records.map(example, num_parallel_calls)
    return _pad_to_batches(
        examples.ignore_errors() if skip_broken else examples, batch_size
    )


def image_batches(
    paths: Sequence[str],
    preprocess: Preprocess,
    batch_size: int,
    channels: int = 3,
    *,
    upright: bool = True,
    max_pixels: int = MAX_PIXELS,
    skip_broken: bool = False,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Returns plain image files, in order, as `eval_batches` returns records.

    Args:
      paths: image files, such as `images.find_images` finds.
      preprocess: prepares one image.
      batch_size: images a batch; the last one is filled up with zeros, of mask 0.
      channels: 1 for gray, 3 for RGB.
      upright: turn photos as their cameras noted; False takes pixels as stored.
      max_pixels: an image that has more is bad data.
      skip_broken: leave out what is bad instead of raising an error.
      num_parallel_calls: images preprocessed at once.

    Returns:
      Dicts as of `eval_batches`, with label -1 and the path as filename. A file that
      does not decode raises a tf.errors.OpError, see `failures.describe_of_images`,
      or is left out.
    """

    @_without_autograph
    def example(number: tf.Tensor, path: tf.Tensor) -> dict[str, tf.Tensor]:
        return _make_masked_example(
            preprocess,
            number,
            image=Encoded(tf.io.read_file(path), channels, upright, max_pixels),
            label=tf.constant(_UNKNOWN_LABEL, tf.int64),
            filename=path,
        )

    files = tf.data.Dataset.from_tensor_slices([*map(_encode_path, paths)])
    images_of_files = files.enumerate().map(example, num_parallel_calls)
    return _pad_to_batches(
        images_of_files.ignore_errors() if skip_broken else images_of_files, batch_size
    )


def _encode_path(path: str) -> bytes:
    """Returns a path to open: of what would be waited for, such as a pipe, one in vain.

    Nothing lies inside of what is no folder.
    """
    waits = os.path.exists(path) and not os.path.isfile(path)
    return os.fsencode(f"{path}/no-file" if waits else path)


def _check_arguments(dataset: Dataset, batch_size: int, labels_offset: int) -> None:
    if batch_size < 1:
        raise errors.InputError(f"batch_size is {batch_size}; it has to be at least 1")
    if not -1 <= labels_offset < dataset.num_classes:
        raise errors.InputError(
            f"labels_offset is {labels_offset}; it has to be from -1 to"
            f" {dataset.num_classes - 1} for {dataset.num_classes} classes"
        )


def _end_at_too_many(
    records: tf.data.Dataset, in_flight: InFlight | None, most: int | None
) -> tf.data.Dataset:
    """Ends a dataset when more records have failed than may."""
    if in_flight is None or most is None:
        return records
    return records.take_while(lambda *_: in_flight.are_few(most))


def _take_share(
    numbered: tf.data.Dataset, shard: tuple[int, int], size: int
) -> tf.data.Dataset:
    """Keeps of every `count * size` records the worker's own `size` neighbours."""
    index, count = shard
    return numbered.filter(lambda place, _: place // size % count == index)


def _make_numbered_mix(
    mix: Mix, seed: int | None, shard: tuple[int, int], replicas: int
) -> Callable[[tf.Tensor, Any], tuple[tf.Tensor, tf.Tensor]]:
    """Returns `mix` for a worker's numbered batches; a seed gives each its own draw."""
    index, count = shard

    @_without_autograph
    def numbered_mix(number: tf.Tensor, batch: Any) -> tuple[tf.Tensor, tf.Tensor]:
        if seed is None:
            return mix(*batch)
        step, replica = number // replicas, number % replicas
        place = (step * count + index) * replicas + replica
        stream = random_numbers.hash_seed("mixing", seed)
        with random_numbers.keyed(tf.stack([stream, place])):
            return mix(*batch)

    return numbered_mix


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


def _make_parser(
    dataset: Dataset,
    channels: int | None,
    labels_offset: int,
    upright: bool,
    max_pixels: int,
) -> Callable[[Any], dict[str, Any]]:
    """Returns the function from a record, or element, to image, label and filename."""
    channels = channels or dataset.channels
    stored = "labels" if dataset.multi_label else "label"

    def parse_record(serialized: tf.Tensor) -> dict[str, Any]:
        parsed = tfrecord.parse_example(serialized, ("encoded", stored, "filename"))
        return {
            "image": Encoded(parsed["encoded"], channels, upright, max_pixels),
            "label": _make_label(parsed[stored], dataset, labels_offset),
            "filename": parsed["filename"],
        }

    def parse_element(pair: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        image, label = pair
        return {
            "image": elements.take_image(image, channels, upright, max_pixels),
            "label": _make_label(elements.list_classes(label), dataset, labels_offset),
            "filename": tf.constant(""),
        }

    return parse_record if dataset.elements is None else parse_element


def _make_label(stored: tf.Tensor, dataset: Dataset, labels_offset: int) -> tf.Tensor:
    """Returns a network's class, or float32 [classes], 1 for those that are true.

    Args:
      stored: int64 [], or [any number].
      dataset: whose labels these are.
      labels_offset: subtracted from them.
    """
    lowest, highest = max(labels_offset, 0), dataset.num_classes - 1
    label = _find_class(stored, dataset.classes_by_label)
    message = f"a label is not one of {lowest} to {highest}"
    in_range = tf.reduce_all((label >= lowest) & (label <= highest))
    with tf.control_dependencies([tf.debugging.Assert(in_range, [message, label])]):
        label = label - labels_offset
    if not dataset.multi_label:
        return label
    return _mark_classes(tf.reshape(label, [-1]), dataset.num_classes - labels_offset)


def _mark_classes(classes: tf.Tensor, num_classes: int) -> tf.Tensor:
    """Returns float32 [num_classes], 1 for those of `classes`, [any number]."""
    marks = tf.one_hot(classes, num_classes, on_value=True, off_value=False)
    return tf.cast(tf.reduce_any(marks, axis=0), tf.float32)


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
