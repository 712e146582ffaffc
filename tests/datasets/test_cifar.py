"""CIFAR-10's two versions, packed or not, give the same images; no code is run."""

import os
import pickle
import tarfile

import numpy as np
import pytest

from slimnets import errors
from slimnets.datasets import cifar

BATCHES = [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch"]
PER_BATCH = 3


def images(batch):
    noise = np.random.default_rng(batch)
    return noise.integers(0, 256, (PER_BATCH, 32, 32, 3)).astype(np.uint8)


def planes(batch):
    return images(batch).transpose(0, 3, 1, 2).reshape(PER_BATCH, 3072)


def labels(batch):
    return [(batch + k) % 10 for k in range(PER_BATCH)]


def write_pickles(folder):
    folder.mkdir()
    for number, name in enumerate(BATCHES):
        batch = {b"data": planes(number), b"labels": labels(number)}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=3))
    (folder / "batches.meta").write_bytes(pickle.dumps({}))


def write_binaries(folder):
    folder.mkdir()
    for number, name in enumerate(BATCHES):
        column = np.array(labels(number), np.uint8)[:, None]
        rows = np.hstack([column, planes(number)])
        (folder / f"{name}.bin").write_bytes(rows.tobytes())
    (folder / "batches.meta.txt").write_text("airplane\n")


VERSIONS = {
    "cifar-10-batches-py": (write_pickles, "cifar-10-python.tar.gz"),
    "cifar-10-batches-bin": (write_binaries, "cifar-10-binary.tar.gz"),
}


@pytest.fixture(params=VERSIONS)
def version(request, tmp_path):
    """Returns the folder that holds one version, unpacked, and its two names."""
    write, packed = VERSIONS[request.param]
    write(tmp_path / request.param)
    return tmp_path, request.param, packed


def check(dataset):
    train, test = dataset.splits["train"], dataset.splits["test"]
    np.testing.assert_array_equal(
        train.images, np.concatenate([images(k) for k in range(5)])
    )
    np.testing.assert_array_equal(
        train.labels, np.concatenate([labels(k) for k in range(5)])
    )
    np.testing.assert_array_equal(test.images, images(5))
    np.testing.assert_array_equal(test.labels, labels(5))
    assert dataset.classes[:2] == ("airplane", "automobile")


def test_folder_is_read(version):
    folder, unpacked, _ = version
    check(cifar.load(folder / unpacked))
    check(cifar.load(folder))


def test_archive_is_read_without_unpacking(version, tmp_path):
    folder, unpacked, packed = version
    target = tmp_path / "packed"
    target.mkdir()
    with tarfile.open(target / packed, "w:gz") as archive:
        archive.add(folder / unpacked, arcname=unpacked)
    check(cifar.load(target / packed))
    check(cifar.load(target))
    assert os.listdir(target) == [packed]


def test_missing_batch_is_told(version):
    folder, unpacked, _ = version
    next((folder / unpacked).glob("data_batch_4*")).unlink()
    with pytest.raises(errors.InputError, match="lacks data_batch_4"):
        cifar.load(folder)


def test_cut_off_batch_is_told(version):
    folder, unpacked, _ = version
    path = next((folder / unpacked).glob("test_batch*"))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(errors.InputError, match=r"test_batch.* get it again"):
        cifar.load(folder)


def test_cut_off_archive_is_told(tmp_path):
    write_pickles(tmp_path / "cifar-10-batches-py")
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "cifar-10-batches-py", arcname="cifar-10-batches-py")
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(errors.InputError, match=r"cannot read .*tar.gz"):
        cifar.load(path)


class _Runs:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def test_pickle_that_names_code_is_refused(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    write_pickles(folder)
    (folder / "test_batch").write_bytes(pickle.dumps({b"data": _Runs()}))
    with pytest.raises(errors.InputError, match=r"test_batch .* it names posix.system"):
        cifar.load(folder)


def test_a_pickle_that_asks_for_an_object_by_its_id_is_refused_in_a_line(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    write_pickles(folder)
    (folder / "test_batch").write_bytes(b"Pit\n.")
    with pytest.raises(errors.InputError, match="persistent id") as caught:
        cifar.load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({b"data": b"text", b"labels": [1]}, "data of shape None for 1 labels"),
        ({b"data": np.zeros((1, 5), np.uint8), b"labels": [1]}, r"shape \(1, 5\)"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}, "labels above 9"),
        ({b"labels": [1]}, "is not a batch of CIFAR-10"),
    ],
)
def test_pickle_of_something_else_is_told(tmp_path, batch, message):
    folder = tmp_path / "cifar-10-batches-py"
    write_pickles(folder)
    (folder / "test_batch").write_bytes(pickle.dumps(batch))
    with pytest.raises(errors.InputError, match=message):
        cifar.load(folder)


def test_nothing_there_is_told(tmp_path):
    with pytest.raises(errors.InputError, match="no CIFAR-10 in"):
        cifar.load(tmp_path)
