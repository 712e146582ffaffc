"""Writes a dataset so that it is there as a whole or not at all.

All files are written into a hidden folder inside the output and moved into place at
the end, dataset.json last. An interruption before that leaves what was there before;
one in the middle of the moving leaves no dataset.json, and the hidden folder as the
mark of it, so that `registry.get_dataset` says so instead of reading a mixture.
"""

import contextlib
import dataclasses
import itertools
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

import tensorflow as tf

from slimnets import errors, folder_lock
from slimnets.datasets import metadata, tfrecord

UNFINISHED = ".unfinished"

_ROWS_IN_SUMMARY = 20


@dataclasses.dataclass(frozen=True)
class Report:
    """What a conversion did.

    Attributes:
      output: the folder of the dataset.
      counts: examples by split, then by class; classes without any are left out.
      class_count: classes of the dataset.
      broken: (path, reason) of each file that was left out.
      seconds: wall-clock time.
      notes: lines that say what could surprise: how the input was read, what it holds.
      examples: by split, where one may be of several classes; None: the sums of counts.
    """

    output: Path
    counts: dict[str, dict[str, int]]
    class_count: int
    broken: list[tuple[Path, str]]
    seconds: float
    notes: tuple[str, ...] = ()
    examples: Mapping[str, int] | None = None

    def summary(self) -> str:
        """Returns a table of splits and classes, and a line of totals."""
        splits = list(self.counts)
        classes = dict.fromkeys(itertools.chain(*self.counts.values()))
        rows = [["", *splits]]
        if len(classes) <= _ROWS_IN_SUMMARY:
            rows += [
                [
                    errors.printable(name),
                    *(f"{self.counts[split].get(name, 0):,}" for split in splits),
                ]
                for name in classes
            ]
        sums = {split: sum(self.counts[split].values()) for split in splits}
        totals = (self.examples or sums).values()
        rows.append(["total", *(f"{total:,}" for total in totals)])
        return (
            f"{format_table(rows)}\n{sum(totals):,} examples of"
            f" {self.class_count:,} classes, {len(self.broken):,} files left out,"
            f" {self.seconds:.1f} s -> {self.output}"
        )

    def list_broken(self) -> list[str]:
        """Returns a line for each file that was left out: which it is, and why."""
        return [
            f"{errors.printable(str(path))}: {reason}" for path, reason in self.broken
        ]


class DatasetWriter:
    """A context that collects splits and publishes them when it ends well.

    Args:
      output: the folder to write; made if it is missing.
      sidecar: name, classes, channels, credit; its splits are what gets written.
      overwrite: whether a dataset that is there already is replaced.

    Raises:
      InputError: on entry: the output cannot be written, or holds a dataset.
    """

    def __init__(
        self, output: Path, sidecar: metadata.Sidecar, *, overwrite: bool = False
    ) -> None:
        self._output = output
        self._sidecar = sidecar
        self._overwrite = overwrite
        self._staging = output / UNFINISHED
        self._splits: dict[str, tuple[metadata.Shard, ...]] = {}
        self._held = contextlib.ExitStack()

    def __enter__(self) -> "DatasetWriter":
        try:
            self._output.mkdir(parents=True, exist_ok=True)
            self._held.enter_context(folder_lock.lock(self._output, "a conversion"))
            self._require_no_dataset()
            shutil.rmtree(self._staging, ignore_errors=True)
            self._staging.mkdir()
        except errors.InputError:
            self._held.close()
            raise
        except OSError as error:
            self._held.close()
            raise errors.InputError(
                f"cannot write to {self._output}: {error.strerror}"
            ) from error
        return self

    def _require_no_dataset(self) -> None:
        if not self._overwrite and _holds_dataset(self._output):
            raise errors.InputError(
                f"{self._output} holds a dataset already; choose another output or"
                " give --overwrite"
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._publish()
            # Not after a publishing that stopped in the middle: it is the mark of that.
            shutil.rmtree(self._staging, ignore_errors=True)
        except OSError as error:
            raise errors.InputError(
                f"cannot write the dataset into {self._output}: {error.strerror}"
            ) from error
        finally:
            self._held.close()

    def write_split(
        self, split: str, records: Iterable[bytes], *, examples: int, shards: int
    ) -> None:
        """Writes the records of one split, in order, into equal shards.

        Args:
          split: its name, such as "train".
          records: serialized tf.Examples.
          examples: how many they are.
          shards: how many files; fewer where there are fewer examples.
        """
        records = iter(records)
        shards = min(shards, examples)
        written = []
        for index in range(shards):
            file = tfrecord.format_shard_name(self._sidecar.name, split, index, shards)
            size = (index + 1) * examples // shards - index * examples // shards
            path = self._staging / file
            count = _write_records(path, itertools.islice(records, size))
            written.append(metadata.Shard(file, count, path.stat().st_size))
        self._splits[split] = tuple(written)

    def _publish(self) -> None:
        try:
            metadata.write_labels(self._staging, self._sidecar.classes)
            metadata.write_sidecar(
                self._staging, dataclasses.replace(self._sidecar, splits=self._splits)
            )
        except OSError:  # nothing was moved yet
            shutil.rmtree(self._staging, ignore_errors=True)
            raise
        self._remove_old()
        shards = itertools.chain(*self._splits.values())
        for file in (*(shard.file for shard in shards), metadata.LABELS_FILE):
            os.replace(self._staging / file, self._output / file)
        _sync_folder(self._output)
        os.replace(
            self._staging / metadata.SIDECAR_FILE,
            self._output / metadata.SIDECAR_FILE,
        )
        _sync_folder(self._output)

    def _remove_old(self) -> None:
        """Removes the dataset to be replaced, its dataset.json before all else."""
        old = _list_own_files(self._output, self._sidecar.name)
        (self._output / metadata.SIDECAR_FILE).unlink(missing_ok=True)
        _sync_folder(self._output)
        for path in old:
            path.unlink(missing_ok=True)


def _holds_dataset(folder: Path) -> bool:
    """Whether a dataset is there, other than what an interrupted conversion left."""
    if (folder / metadata.SIDECAR_FILE).exists():
        return True
    if not folder.is_dir() or (folder / UNFINISHED).exists():
        return False
    return any(tfrecord.parse_shard_name(path.name) for path in folder.iterdir())


def _list_own_files(folder: Path, name: str) -> list[Path]:
    """Lists the shards that dataset.json names, and those of a dataset `name`."""
    try:
        old = metadata.read_sidecar(folder)
    except errors.InputError:  # a damaged one is replaced like any other
        old = None
    listed = {
        shard.file
        for shards in (old.splits.values() if old else ())
        for shard in shards
    }
    return [
        path
        for path in folder.iterdir()
        if (parsed := tfrecord.parse_shard_name(path.name))
        and (parsed.name == name or path.name in listed)
    ]


def _write_records(path: Path, records: Iterable[bytes]) -> int:
    count = 0
    try:
        with tf.io.TFRecordWriter(os.fsencode(path)) as writer:
            for record in records:
                writer.write(record)
                count += 1
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
    except (OSError, tf.errors.OpError) as error:
        raise errors.InputError(f"cannot write {path}: {error}") from error
    return count


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def format_table(rows: list[list[str]]) -> str:
    """Returns rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
