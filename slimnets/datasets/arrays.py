"""Datasets that come as arrays of small images (MNIST, CIFAR-10) become TFRecords."""

import collections
import dataclasses
import hashlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from slimnets.datasets import metadata, tfrecord
from slimnets.datasets.writer import DatasetWriter, Report


class Split(NamedTuple):
    """Images uint8 [examples, height, width, 1 or 3] and labels integer [examples]."""

    images: np.ndarray
    labels: np.ndarray


@dataclasses.dataclass(frozen=True)
class ArrayDataset:
    """A whole dataset in memory; source, credit and licence go into dataset.json."""

    name: str
    classes: tuple[str, ...]
    splits: Mapping[str, Split]
    source: str = ""
    credit: str = ""
    licence: str = ""


def convert(
    dataset: ArrayDataset, output: Path, *, shards: int = 1, overwrite: bool = False
) -> Report:
    """Writes the images as PNG, in the order of their digests: well mixed.

    The filename of each record is `<split>/<index in the source>`.

    Args:
      dataset: what to write.
      output: the folder to write.
      shards: files a split.
      overwrite: whether a dataset already in `output` is replaced.

    Raises:
      InputError: the output cannot be written or holds a dataset.
    """
    start = time.monotonic()
    sidecar = metadata.Sidecar(
        name=dataset.name,
        classes=dataset.classes,
        channels=next(iter(dataset.splits.values())).images.shape[-1],
        source=dataset.source,
        credit=dataset.credit,
        licence=dataset.licence,
    )
    with DatasetWriter(output, sidecar, overwrite=overwrite) as writer:
        for name, split in dataset.splits.items():
            records = _encode_records(name, split)
            examples = len(split.labels)
            writer.write_split(name, records, examples=examples, shards=shards)
    return Report(
        output=output,
        counts={
            name: _count_by_class(split.labels, dataset.classes)
            for name, split in dataset.splits.items()
        },
        class_count=len(dataset.classes),
        broken=[],
        seconds=time.monotonic() - start,
    )


def hash_pixels(image: np.ndarray) -> bytes:
    """Returns the SHA-256 of the pixels."""
    return hashlib.sha256(image.tobytes()).digest()


def _encode_records(name: str, split: Split) -> Iterator[bytes]:
    digests = [hash_pixels(image) for image in split.images]
    order = sorted(range(len(digests)), key=lambda index: (digests[index], index))
    for index in tqdm(order, desc=f"writing {name}", unit="image", disable=None):
        image = split.images[index]
        height, width = image.shape[:2]
        yield tfrecord.make_example(
            tf.io.encode_png(image).numpy(),
            "png",
            int(split.labels[index]),
            height,
            width,
            f"{name}/{index}",
        )


def _count_by_class(labels: np.ndarray, classes: tuple[str, ...]) -> dict[str, int]:
    counts = collections.Counter(labels.tolist())
    return {classes[label]: counts[label] for label in sorted(counts)}
