"""Finds a dataset by its folder: dataset.json if there is one, else the files' names.

A folder made by TF-Slim's scripts has no dataset.json; its splits are read off the
names of the files, its records are counted, its classes stand in labels.txt.
"""

import bisect
import collections
import dataclasses
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from slimnets import errors
from slimnets.datasets import images, metadata, tfrecord, writer

DIGITS = Path(__file__).parent / "digits"

# Enough to tell a gray dataset from a coloured one that holds some gray photos.
_RECORDS_LOOKED_AT = 64


@dataclasses.dataclass(frozen=True)
class Dataset:
    """One split of a dataset.

    Attributes:
      name: of the dataset.
      split: such as "train".
      files: paths of the TFRecords.
      counts: records in each of them.
      class_names: by class id.
      channels: of the images as stored, 1 or 3.
      classes_by_label: the class of each label in the records, where these are not the
        same; -1 for a label that is of no class.
      compression: of the files: "", "GZIP" or "ZLIB".
      multi_label: whether any number of classes may be true of an image.
      left_out: a line for each file that was left out as the dataset was made; known
        where that was now.
      elements: (image, label) pairs in the place of files; see `elements.py`.
    """

    name: str
    split: str
    files: tuple[str, ...]
    counts: tuple[int, ...]
    class_names: tuple[str, ...]
    channels: int
    classes_by_label: tuple[int, ...] | None = None
    compression: str = ""
    multi_label: bool = False
    left_out: tuple[str, ...] = ()
    elements: tf.data.Dataset | None = None

    @property
    def num_examples(self) -> int:
        """Records in all files."""
        return sum(self.counts)

    @property
    def first_numbers(self) -> list[int]:
        """Those of each file's first record, where all are numbered from 0."""
        return list(itertools.accumulate(self.counts[:-1], initial=0))

    def locate(self, number: int) -> tuple[str, int]:
        """Returns the file of a record, and its place there, by its number."""
        first_numbers = self.first_numbers
        index = bisect.bisect_right(first_numbers, number) - 1
        return self.files[index], number - first_numbers[index]

    @property
    def num_classes(self) -> int:
        """How many classes there are; they are below it."""
        return len(self.class_names)


def get_dataset(
    dataset_dir: str | None,
    split: str,
    name: str | None = None,
    *,
    skips: bool = False,
) -> Dataset:
    """Finds one split of the dataset in a folder.

    Args:
      dataset_dir: the folder; None: the hand-written digits inside the package.
      split: such as "train", "validation" or "test".
      name: which dataset, needed where a folder without dataset.json holds several.
      skips: whether bad records are left out, so that those are counted which can be
        found in a damaged file.

    Raises:
      InputError: no such folder, dataset or split; a file missing, cut off or not
        the one that was written; a conversion that did not finish.
    """
    folder = _require_folder(dataset_dir)
    sidecar = metadata.read_sidecar(folder)
    if sidecar:
        return _load_from_sidecar(folder, sidecar, split, name)
    return _load_from_file_names(folder, split, name, skips)


def list_splits(dataset_dir: str | None, name: str | None = None) -> list[str]:
    """Lists the splits of the dataset in a folder; arguments as `get_dataset`'s."""
    folder = _require_folder(dataset_dir)
    sidecar = metadata.read_sidecar(folder)
    return sorted(sidecar.splits if sidecar else _find_splits(folder, name))


def _require_folder(dataset_dir: str | None) -> Path:
    folder = Path(dataset_dir) if dataset_dir is not None else DIGITS
    if not folder.is_dir():
        raise errors.InputError(
            f"no folder {folder}; give the output folder of `slimnets convert`, one of"
            " photos in class folders, or a list of photos that ends in .csv or .jsonl"
        )
    return folder


def _load_from_sidecar(
    folder: Path, sidecar: metadata.Sidecar, split: str, name: str | None
) -> Dataset:
    if name is not None and name != sidecar.name:
        raise errors.unknown(f"dataset in {folder}:", name, [sidecar.name])
    if split not in sidecar.splits:
        raise errors.unknown(f"split of {folder}:", split, sidecar.splits)
    shards = sidecar.splits[split]
    if not sum(shard.examples for shard in shards):
        raise errors.InputError(
            f"the split {split} of {folder} has no examples; convert the dataset again"
        )
    for shard in shards:
        _check_shard(folder, shard)
    return Dataset(
        name=sidecar.name,
        split=split,
        files=tuple(str(folder / shard.file) for shard in shards),
        counts=tuple(shard.examples for shard in shards),
        class_names=sidecar.classes,
        channels=sidecar.channels,
        multi_label=sidecar.multi_label,
    )


def _check_shard(folder: Path, shard: metadata.Shard) -> None:
    """Compares sizes, which is instant; only a file that differs is looked into."""
    path = folder / shard.file
    if not os.path.isfile(path):  # false as well for a name that is too long
        raise errors.InputError(
            f"{path} is missing, though {metadata.SIDECAR_FILE} names it; copy it back"
            " or convert the dataset again"
        )
    if path.stat().st_size == shard.bytes:
        return
    count = tfrecord.count_records(path)
    raise errors.InputError(
        f"{path} is not the file that was written: {count} records in"
        f" {path.stat().st_size} bytes, {metadata.SIDECAR_FILE} says {shard.examples}"
        f" in {shard.bytes}; copy it again or convert the dataset again"
    )


def _load_from_file_names(
    folder: Path, split: str, name: str | None, skips: bool
) -> Dataset:
    splits = _find_splits(folder, name)
    if split not in splits:
        raise errors.unknown(f"split of {folder}:", split, sorted(splits))
    files = splits[split]
    compression = _detect_compression(files)
    counts = tuple(_count_examples(file, compression, skips) for file in files)
    parsed = tfrecord.parse_shard_name(files[0].name)
    return Dataset(
        name=name or (parsed and parsed.name) or folder.name,
        split=split,
        files=tuple(map(str, files)),
        counts=counts,
        class_names=_read_class_names(folder),
        channels=_detect_channels(files, counts, compression),
        compression=compression,
    )


def _detect_compression(files: list[Path]) -> str:
    found = {tfrecord.detect_compression(file): file for file in files}
    if len(found) > 1:
        (_, one), (_, other) = sorted(found.items())
        raise errors.InputError(
            f"{one} and {other} are not compressed in the same way; write all files of"
            " a split alike"
        )
    [compression] = found
    return compression


def _count_examples(file: Path, compression: str, skips: bool) -> int:
    """Counts a file's records; none at all is what a full disk or a cut copy leaves."""
    count = (
        tfrecord.count_around_damage(file)
        if skips and not compression
        else tfrecord.count_records(file, compression)
    )
    if not count:
        raise errors.InputError(f"{file} is empty; copy or convert it again")
    return count


def _find_splits(folder: Path, name: str | None) -> dict[str, list[Path]]:
    """Finds the files of each split by their names."""
    datasets: dict[str, dict[str, list[Path]]] = {}
    for path in sorted(folder.iterdir()):
        parsed = tfrecord.parse_shard_name(path.name)
        if parsed:
            splits = datasets.setdefault(parsed.name, collections.defaultdict(list))
            splits[parsed.split].append(path)
    if (folder / writer.UNFINISHED).exists():
        raise errors.InputError(
            f"the conversion into {folder} did not finish: no {metadata.SIDECAR_FILE};"
            " run it again"
        )
    if not datasets:
        raise errors.InputError(
            f"{folder} holds no dataset: no TFRecords, no {metadata.SIDECAR_FILE}, no"
            " class folders of photos"
        )
    splits = datasets[_pick_name(folder, sorted(datasets), name)]
    for files in splits.values():
        _check_complete(files)
    return splits


def _pick_name(folder: Path, names: list[str], name: str | None) -> str:
    if name in names:
        return name
    if names == [""]:  # ImageNet's own shards, which bear no name: any will do
        return ""
    if name is not None:
        raise errors.unknown(f"dataset in {folder}:", name, names)
    if len(names) > 1:
        raise errors.InputError(
            f"{folder} holds several datasets; name one of {', '.join(names)}"
        )
    return names[0]


def _check_complete(files: list[Path]) -> None:
    parsed = (tfrecord.parse_shard_name(path.name) for path in files)
    shards = [shard for shard in parsed if shard]
    count = max(shard.total for shard in shards)
    missing = set(range(count)) - {shard.number for shard in shards}
    if any(shard.total != count for shard in shards) or len(files) > count:
        raise errors.InputError(
            f"{files[0].parent} holds two sets of files of the split"
            f" {shards[0].split!r}: {', '.join(path.name for path in files[:3])}...;"
            " remove one"
        )
    if missing:
        raise errors.InputError(
            f"{files[0].parent}: of the {count} files like {files[0].name}, number"
            f" {min(missing)} is missing; copy it there"
        )


def _read_class_names(folder: Path) -> tuple[str, ...]:
    path = folder / metadata.LABELS_FILE
    if not path.exists():
        raise errors.InputError(
            f"{folder} has neither {metadata.SIDECAR_FILE} nor {metadata.LABELS_FILE},"
            f" so the classes are unknown; write {path} with one `id:name` line a"
            " class, as 0:daisy"
        )
    return metadata.read_labels(path)


def _detect_channels(
    files: Sequence[Path], counts: Sequence[int], compression: str
) -> int:
    """Looks at images from all over a split: 1 if all of them are gray.

    Many scripts write class by class, so the first ones would tell of one class alone.
    Records that are broken are for those to name who read all of them.
    """
    channels = set()
    most = _RECORDS_LOOKED_AT
    for record in tfrecord.sample_records(files, counts, most, compression):
        try:
            features = tf.train.Example.FromString(record).features.feature
            [encoded] = features[tfrecord.ENCODED].bytes_list.value
            channels.add(images.count_stored_channels(encoded))
        except (DecodeError, ValueError, tf.errors.OpError):
            continue
    return 1 if channels == {1} else 3
