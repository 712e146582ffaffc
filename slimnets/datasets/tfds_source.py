"""Datasets of TensorFlow Datasets by name: --dataset_dir=tfds:NAME.

The library downloads and prepares them, into its own folder (TFDS_DATA_DIR); their
image files are then written into TFRecords once, byte for byte where they can be.
"""

import collections
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf
from tqdm import tqdm

from slimnets import errors
from slimnets.datasets import images as image_files
from slimnets.datasets import metadata, tfrecord
from slimnets.datasets.writer import DatasetWriter, Report

PREFIX = "tfds:"

_SHARDS = 5  # files a split


class Builder(NamedTuple):
    """A dataset of the library, and what of it is taken.

    Attributes:
      library: its module.
      builder: of the dataset.
      image: the feature's name.
      label: the feature's name.
      classes: names by label.
      multi_label: whether an image has a sequence of labels.
    """

    library: Any
    builder: Any
    image: str
    label: str
    classes: tuple[str, ...]
    multi_label: bool

    @property
    def name(self) -> str:
        """The dataset's name with its configuration and version."""
        return str(self.builder.info.full_name)


def find(name: str) -> Builder:
    """Finds a dataset; nothing is downloaded.

    Args:
      name: such as "mnist" or "cifar10:3.0.2".

    Raises:
      InputError: the library is not installed or has no such dataset, or its examples
        have no image with labels of classes.
    """
    library: Any = errors.import_extra("tensorflow_datasets", "tfds")
    try:
        builder = library.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"))
    except Exception as error:  # the library raises what it meets on its way
        raise errors.InputError(
            f"TensorFlow Datasets cannot make {name!r}: {errors.summarize(error)}"
        ) from error
    features = dict(builder.info.features)
    kinds = library.features
    image = _pick(name, features, "image", lambda f: isinstance(f, kinds.Image))
    label = _pick(name, features, "label", lambda f: _get_class_label(f, kinds))
    return Builder(
        library,
        builder,
        image,
        label,
        tuple(_get_class_label(features[label], kinds).names),
        not isinstance(features[label], kinds.ClassLabel),
    )


def write(found: Builder, output: Path, max_pixels: int) -> Report:
    """Downloads a dataset unless the library has it, and writes it as TFRecords.

    Args:
      found: as `find` returned it.
      output: the folder to write; what is there is replaced.
      max_pixels: an image that has more is left out.

    Raises:
      InputError: it cannot be downloaded or written.
    """
    start = time.monotonic()
    splits = _prepare(found)
    sidecar = metadata.Sidecar(
        name=found.builder.name,
        classes=found.classes,
        channels=3,
        source=f"TensorFlow Datasets, {found.name}",
        multi_label=found.multi_label,
    )
    broken: list[tuple[Path, str]] = []
    counts: dict[str, collections.Counter[str]] = {}
    taken: collections.Counter[str] = collections.Counter()
    with DatasetWriter(output, sidecar, overwrite=True) as writer:
        for split, size in splits.items():
            counts[split] = collections.Counter()
            records = _read_records(found, split, size, max_pixels)

            def keep_sound(
                split: str = split, records: Iterator[Any] = records
            ) -> Iterator[bytes]:
                for place, labels, record in records:
                    if isinstance(record, str):
                        broken.append((place, record))
                        continue
                    taken[split] += 1
                    counts[split].update(found.classes[k] for k in labels)
                    yield record

            writer.write_split(split, keep_sound(), examples=size, shards=_SHARDS)
    return Report(
        output=output,
        counts={split: dict(of) for split, of in counts.items()},
        class_count=len(found.classes),
        broken=broken,
        seconds=time.monotonic() - start,
        examples=taken,
    )


def _pick(name: str, features: Mapping[str, Any], preferred: str, suits: Any) -> str:
    """Returns the one feature of a kind, by name; `preferred` if it is of several."""
    found = [key for key, feature in features.items() if suits(feature)]
    if preferred in found:
        return preferred
    if len(found) != 1:
        raise errors.InputError(
            f"the examples of {PREFIX}{name} have {len(found)} features that are"
            f" {preferred}s, among {', '.join(features)}; one is needed"
        )
    return found[0]


def _get_class_label(feature: Any, kinds: Any) -> Any:
    """Returns the ClassLabel that a feature is or is a sequence of; None of neither."""
    inside = feature.feature if isinstance(feature, kinds.Sequence) else feature
    return inside if isinstance(inside, kinds.ClassLabel) else None


def _prepare(found: Builder) -> dict[str, int]:
    """Downloads and prepares what is not there; returns the sizes of the splits."""
    try:
        found.builder.download_and_prepare()
    except Exception as error:  # the library raises what it meets on its way
        raise errors.InputError(
            f"TensorFlow Datasets cannot make {found.name}: {errors.summarize(error)}"
        ) from error
    splits = found.builder.info.splits
    sizes = {str(k): int(split.num_examples) for k, split in splits.items()}
    return {split: size for split, size in sorted(sizes.items()) if size}


def _read_records(
    found: Builder, split: str, size: int, max_pixels: int
) -> Iterator[tuple[Path, Sequence[int], bytes | str]]:
    """Yields place, labels, and the record or why there is none, in a fixed order."""
    library = found.library
    examples = found.builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders={found.image: library.decode.SkipDecoding()},
        read_config=library.ReadConfig(interleave_cycle_length=1),
    )
    title = f"writing {split}"
    with tqdm(total=size, desc=title, unit="photo", disable=None) as bar:
        for number, example in enumerate(examples.as_numpy_iterator()):
            name = f"{split}/{number}"
            label = example[found.label]
            labels = sorted({*map(int, label)}) if found.multi_label else [int(label)]
            try:
                record: bytes | str = _make_record(
                    example[found.image], labels, name, max_pixels
                )
            except ValueError as error:
                record = str(error)
            yield Path(f"{PREFIX}{found.name}") / name, labels, record
            bar.update()


def _make_record(
    encoded: bytes, labels: Sequence[int], name: str, max_pixels: int
) -> bytes:
    pixels = image_files.decode(encoded, max_pixels=max_pixels)
    kind = image_files.detect_format(encoded)
    if kind == "jpeg" and image_files.count_stored_channels(encoded) in (1, 3):
        kind = "jpg"
    elif kind != "png":
        encoded, kind = tf.io.encode_png(pixels).numpy(), "png"
    height, width = pixels.shape[:2]
    return tfrecord.make_example(encoded, kind, labels, height, width, name)
