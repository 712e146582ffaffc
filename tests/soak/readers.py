"""Every reader of slimnets as a function of a file's bytes."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from absl import flags

from slimnets import checkpoints, errors
from slimnets.checkpoints import run_settings, size_limits
from slimnets.config import dataclass_flags
from slimnets.config.train import TrainConfig
from slimnets.datasets import (
    cifar,
    failures,
    framing,
    idx,
    images,
    metadata,
    record_faults,
    registry,
    tfrecord,
)
from slimnets.preprocessing.encoded import Encoded
from slimnets.weights import convert
from tests.soak import corpus


class Reader(NamedTuple):
    """A reader, and where its inputs come from.

    Attributes:
      make: returns valid files; it may write into the folder it is given.
      read: takes a folder of its own and a file's bytes. It returns, or raises an
        InputError: all else is a fault.
      weight: how often it is chosen.
    """

    make: Callable[[Path], list[bytes]]
    read: Callable[[Path, bytes], object]
    weight: int = 10


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _read_weights(
    kind: str, name: str, network: str
) -> Callable[[Path, bytes], object]:
    def read(folder: Path, content: bytes) -> object:
        return convert.read_file(kind, _write(folder / name, content), network)

    return read


def _read_torch_pickle(folder: Path, content: bytes) -> object:
    path = folder / "pickle.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        for name in ("conv1.weight", "bn1.running_mean", "bn1.num_batches_tracked"):
            archive.writestr(f"archive/data/{name}", bytes(96))
    return convert.read_file("torch", path, "mobilenet_v2_035")


def _read_saved_model(folder: Path, content: bytes) -> object:
    inside = folder / "saved"
    inside.mkdir(exist_ok=True)
    _write(inside / "saved_model.pb", content)
    return convert.read_file("saved_model", inside, "lenet")


def _read_checkpoint(suffix: str) -> Callable[[Path, bytes], object]:
    def read(folder: Path, content: bytes) -> object:
        run = folder / "whole"
        if not run.is_dir():
            corpus.make_index(folder)
            (folder / "run").rename(run)
        prefix = run / "model.ckpt-1"
        changed = prefix.with_name(f"model.ckpt-2{suffix}")
        for file in checkpoints.list_files(str(prefix)):
            other = file.with_name(file.name.replace("-1.", "-2."))
            if not other.exists() and other != changed:
                os.link(file, other)
        _write(changed, content)
        return checkpoints.read(checkpoints.require(str(prefix)[:-1] + "2"))

    return read


def _read_signed_index(folder: Path, content: bytes) -> object:
    """Reads an index whose checksums are right, whatever stands in its blocks."""
    [valid] = corpus.make_index(folder / "signed") if not _VALID else [_VALID[0]]
    _VALID[:] = [valid]
    changed = bytearray((content + valid[len(content) :])[: len(valid) - 48])
    changed += valid[-48:]
    numbers, position = [], len(valid) - 48
    for _ in range(4):
        number, position = size_limits.read_varint(valid, position)
        numbers.append(number)
    for start, size in ((0, numbers[0] - 5), numbers[:2], numbers[2:]):
        end = start + size
        changed[end] = 0  # not compressed
        checksum = framing.masked_checksum(bytes(changed[start : end + 1]))
        changed[end + 1 : end + 5] = checksum.to_bytes(4, "little")
    return _read_checkpoint(".index")(folder, bytes(changed))


_VALID: list[bytes] = []


def _read_v1_checkpoint(folder: Path, content: bytes) -> object:
    return checkpoints.read(checkpoints.require(_write(folder / "v1.ckpt", content)))


def _read_state_file(folder: Path, content: bytes) -> object:
    return checkpoints.find(_write(folder / "checkpoint", content).parent)


def _read_settings(folder: Path, content: bytes) -> object:
    _write(folder / run_settings.FILE, content)
    beside = str(folder / "model.ckpt-1")
    return run_settings.read(beside), run_settings.read_flags(beside)


def _read_flagfile(folder: Path, content: bytes) -> object:
    values = flags.FlagValues()
    flags.DEFINE_flag(
        flags.Flag(flags.ArgumentParser(), None, "flagfile", "", ""), values
    )
    dataclass_flags.define_flags(TrainConfig, values)
    path = _write(folder / "it.flags", content)
    try:
        values(["train", f"--flagfile={path}"])
    except (
        flags.Error,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        # Told with the usage, without a traceback.
        raise errors.InputError(str(error)) from error
    config = dataclass_flags.from_flags(TrainConfig, values)
    dataclass_flags.check(config)
    return config


def _read_labels(folder: Path, content: bytes) -> object:
    return metadata.read_labels(_write(folder / "labels.txt", content))


def _read_sidecar(folder: Path, content: bytes) -> object:
    inside = folder / "dataset"
    inside.mkdir(exist_ok=True)
    _write(inside / "it_train_00000-of-00001.tfrecord", bytes(99))
    _write(inside / metadata.SIDECAR_FILE, content)
    registry.list_splits(str(inside))
    dataset = registry.get_dataset(str(inside), "train")
    return dataset.num_classes, dataset.num_examples, dataset.channels


@tf.function(autograph=False, input_signature=[tf.TensorSpec([], tf.string)])
def _decode(contents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    gray = Encoded(contents, 1)
    return Encoded(contents, 3).whole(), gray.size()


@tf.function(autograph=False, input_signature=[tf.TensorSpec([], tf.string)])
def _decode_record(record: tf.Tensor) -> tf.Tensor:
    return Encoded(tfrecord.parse_example(record)["encoded"], 3).whole()


def _read_image(folder: Path, content: bytes) -> object:
    try:
        _decode(content)
    except failures.FAILURES as error:
        raise errors.InputError(str(error)) from error


def _explain_image(folder: Path, content: bytes) -> object:
    try:
        return images.decode(content)
    except ValueError as error:
        raise errors.InputError(str(error)) from error


def _read_example(folder: Path, content: bytes) -> object:
    path = folder / "one.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(content)
    try:
        _decode_record(content)
    except failures.FAILURES as error:
        fault = record_faults.find_fault([str(path)], range(3))
        raise errors.InputError(fault or errors.summarize(error)) from error
    return record_faults.find_fault([str(path)], range(3))


def _read_records(folder: Path, content: bytes) -> object:
    path = _write(folder / "it_train.tfrecord", content)
    record_faults.find_fault([str(path)], range(3))
    (path.parent / "labels.txt").write_text("0:a\n1:b\n2:c\n")
    dataset = registry.get_dataset(str(folder), "train", skips=True)
    for number in range(min(dataset.num_examples, 4)):
        record_faults.find_record_fault(
            *dataset.locate(number), range(3), compression=dataset.compression
        )
    return registry.get_dataset(str(folder), "train")


def _read_idx(folder: Path, content: bytes) -> object:
    return idx.read_array(_write(folder / "it", content), 3)


def _read_cifar(folder: Path, content: bytes) -> object:
    inside = folder / "cifar"
    inside.mkdir(exist_ok=True)
    names = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    for name in names:
        _write(inside / name, content)
    return cifar.load(inside)


_MOBILENET = "mobilenet_v2_035"

READERS = {
    "torch": Reader(corpus.make_torch, _read_weights("torch", "it.pth", _MOBILENET)),
    "torch.safetensors": Reader(
        corpus.make_torch, _read_weights("torch", "it.safetensors", _MOBILENET), 4
    ),
    "torch.pickle": Reader(corpus.make_torch_pickle, _read_torch_pickle, 20),
    # A process each: a second or so with a busy machine.
    "hdf5": Reader(corpus.make_hdf5, _read_weights("keras", "it.h5", "resnet50"), 1),
    "keras": Reader(
        corpus.make_keras, _read_weights("keras", "it.keras", "resnet50"), 1
    ),
    "tflite": Reader(
        corpus.make_tflite, _read_weights("tflite", "it.tflite", "lenet"), 20
    ),
    "graph": Reader(corpus.make_graph, _read_weights("frozen_graph", "it.pb", "lenet")),
    "saved_model": Reader(corpus.make_saved_model, _read_saved_model),
    "index": Reader(corpus.make_index, _read_checkpoint(".index"), 20),
    "index.signed": Reader(corpus.make_index, _read_signed_index, 10),
    "data": Reader(corpus.make_data, _read_checkpoint(".data-00000-of-00001"), 4),
    "v1_checkpoint": Reader(corpus.make_v1_checkpoint, _read_v1_checkpoint),
    "state_file": Reader(corpus.make_state_file, _read_state_file),
    "settings": Reader(corpus.make_settings, _read_settings, 20),
    "flagfile": Reader(corpus.make_flagfile, _read_flagfile, 4),
    "labels": Reader(corpus.make_labels, _read_labels),
    "sidecar": Reader(corpus.make_sidecar, _read_sidecar, 20),
    "image": Reader(corpus.make_images, _read_image, 30),
    "image.explained": Reader(corpus.make_images, _explain_image, 4),
    "example": Reader(corpus.make_examples, _read_example, 10),
    "records": Reader(corpus.make_records, _read_records, 10),
    "idx": Reader(corpus.make_idx, _read_idx),
    "cifar": Reader(corpus.make_cifar, _read_cifar),
}
