"""Files that are no checkpoints are called what they are, with what to do."""

import gzip
import io
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.checkpoints import file_kinds
from tests.weights.torch import writing


def _zip(*names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return content.getvalue()


def _tar():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.ckpt"))
    return content.getvalue()


def _torch(save, tmp_path):
    return save(tmp_path / "it", {"w": np.ones(3, np.float32)}).read_bytes()


# Name, content, what it is called, what to do.
FILES = [
    ("it.keras", _zip("config.json", "model.weights.h5"), ".keras", "--from=keras"),
    ("it.h5", b"\x89HDF\r\n\x1a\n\0\0", "HDF5", "--from=keras"),
    ("it.pth", _zip("it/data.pkl", "it/data/0"), "PyTorch", "--from=torch"),
    ("it.pt", _zip("it/data.pkl", "it/code/a.py"), "TorchScript", "state_dict()"),
    ("it.npz", _zip("a.npy"), "NumPy", "weights"),
    ("it.npy", b"\x93NUMPY\1\0", "NumPy", "weights"),
    ("it.zip", _zip("a.txt"), "zip archive", "unpack"),
    (
        "it.safetensors",
        b"\x10\0\0\0\0\0\0\0" + b'{"a": {}}      ',
        "safetensors",
        "torch",
    ),
    ("it.tflite", b"\x1c\0\0\0TFL3", ".tflite", "--from=tflite"),
    ("it.pb", b"\n\x05", "graph", "--from=frozen_graph"),
    ("saved_model.pb", b"\x08\x01", "SavedModel", "the folder"),
    ("it.ckpt.gz", gzip.compress(b"a"), "gzip", "gunzip"),
    ("it.z", zlib.compress(b"a" * 99), "zlib", "decompress"),
    ("it.tar", _tar(), "tar archive", "tar -xf"),
    ("it.ckpt", b"version https://git-lfs.github.com/spec/v1\n", "LFS", "git lfs pull"),
    ("model.ckpt", b"\n<!DOCTYPE html><html>404", "web page", "download"),
    ("nothing.ckpt", b"", "empty", "again"),
    ("train.tfrecord", b"\x05\0\0\0", "TFRecord", "--dataset_dir"),
    ("it.onnx", b"\x08\x07", "ONNX", "made of"),
    ("gone.meta", b"\n\x05", "a checkpoint's graph", "beside it"),
]


@pytest.mark.parametrize(
    ("name", "content", "what", "advice"), FILES, ids=[name for name, *_ in FILES]
)
def test_what_is_no_checkpoint(tmp_path, name, content, what, advice):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(errors.InputError) as caught:
        checkpoints.require(path)
    line = str(caught.value)
    assert line.startswith(f"{path} is ")
    assert what in line and advice in line and "delete" not in line


@pytest.mark.parametrize("save", [writing.save_zip, writing.save_legacy])
def test_files_of_torch(tmp_path, save):
    path = tmp_path / "any name"
    path.write_bytes(_torch(save, tmp_path))
    assert file_kinds.recognize(path) is file_kinds.TORCH
    file_kinds.require_source(path, "torch")
    with pytest.raises(errors.InputError, match="is a PyTorch file: give --from=torch"):
        file_kinds.require_source(path, "keras")


def test_a_saved_models_folder(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(errors.InputError, match="is a SavedModel's folder, no check"):
        checkpoints.require(tmp_path)


@pytest.mark.parametrize("content", [b"model", b"PK\x03\x04 cut off", b"\x80\x04N."])
def test_what_is_not_known(tmp_path, content):
    path = tmp_path / "it"
    path.write_bytes(content)
    assert file_kinds.recognize(path) is None
    assert file_kinds.recognize(tmp_path / "gone") is None
