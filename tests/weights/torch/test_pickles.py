"""The unpickler that knows tensors and nothing else."""

import argparse
import collections
import datetime
import io
import pickle
import resource

import numpy as np
import pytest

from slimnets import errors
from slimnets.weights.torch import files
from slimnets.weights.torch.pickles import (
    Ignored,
    Storage,
    Unpickler,
    View,
    extract_tensors,
)
from tests.weights.torch import writing

NUMBERS = np.arange(12, dtype=np.float32)
STORAGE = Storage("0", "<f4", 12)


def unpickled(content):
    return Unpickler(io.BytesIO(content), "it.pth").load()


def test_a_tensor_is_a_view_of_a_storage():
    content = unpickled(writing.state_dict({"w": NUMBERS.reshape(3, 4)}, legacy=False))
    assert dict(content) == {"w": View(Storage("w", "<f4", 12), 0, (3, 4), (4, 1))}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(STORAGE, 0, (4, 3), (1, 4)), NUMBERS.reshape(3, 4).T),
        (View(STORAGE, 5, (2,), (3,)), NUMBERS[[5, 8]]),
        (View(STORAGE, 2, (2, 2), (0, 1)), NUMBERS[[[2, 3], [2, 3]]]),
        (View(STORAGE, 7, (), ()), NUMBERS[7]),
        (View(STORAGE, 0, (0, 3), (3, 1)), np.zeros([0, 3])),
    ],
    ids=["transposed", "strided", "expanded", "scalar", "empty"],
)
def test_strides(view, expected):
    np.testing.assert_array_equal(view.read(NUMBERS.tobytes()), expected)


@pytest.mark.parametrize(
    "view",
    [
        View(STORAGE, 0, (13,), (1,)),
        View(STORAGE, 9, (2,), (3,)),
        View(STORAGE, 5, (3,), (-3,)),
        View(STORAGE, -1, (2,), (1,)),
    ],
)
def test_a_view_may_not_leave_its_storage(view):
    with pytest.raises(ValueError, match="exceeds its storage"):
        view.read(NUMBERS.tobytes())


@pytest.mark.parametrize(
    "called", [print, pickle.loads, np.zeros, Storage], ids=lambda f: f.__name__
)
def test_other_names_are_refused(called):
    with pytest.raises(errors.InputError, match=r"it\.pth is refused: it wants to run"):
        unpickled(pickle.dumps(called))


def test_the_four_names_that_are_known_do_nothing_else():
    content = b"\x80\x02ctorch\nload\n."
    with pytest.raises(errors.InputError, match=r"wants to run torch\.load"):
        unpickled(content)


def test_what_scripts_keep_beside_weights_is_ignored():
    held = {
        "args": argparse.Namespace(lr=1),
        "best": np.float64(0.5),
        "when": datetime.date(2020, 1, 1),
        "counts": collections.defaultdict(list, {"a": [1]}),
        "all": {1, 2},
    }
    for protocol in (2, 4, 5):
        found = unpickled(pickle.dumps(held, protocol))
        assert isinstance(found["args"], Ignored)
        assert isinstance(found["best"], Ignored)
        assert isinstance(found["when"], Ignored)
        assert found["counts"] == {"a": [1]}


def test_a_parameter_is_its_tensor():
    view = writing.state_dict({"w": NUMBERS}, legacy=False)
    content = b"\x80\x02ctorch._utils\n_rebuild_parameter\n(" + view[2:-1] + b"\x89NtR."
    assert dict(unpickled(content))["w"].shape == (12,)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02Nr\xff\xff\xff\x1f.",  # a place far out in the memo
        b"\x80\x05\x96" + b"\xff" * 6 + b"\0\0.",  # a bytearray of 256 TB
        b"\x80\x04\x8e" + b"\xff" * 6 + b"\0\0.",  # bytes as many
        b"\x80\x04}" + b")" + b"2\x86" * 99 + b"Ns.",  # a key of 2^99 tuples
        b"\x80\x04\x8f(" + b")" + b"2\x86" * 99 + b"\x90.",  # the same in a set
        b"\x80\x04(" + b")" + b"2\x86" * 99 + b"Nd.",  # and in another dict
        b"ccollections\nOrderedDict\n(](" + b")" + b"2\x86" * 99 + b"N\x86etR.",
    ],
)
def test_a_few_bytes_that_ask_for_all_memory_or_time(content, tmp_path):
    path = tmp_path / "it.pth"
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(errors.InputError, match="cannot be read as PyTorch's weights"):
        files.read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 100_000


def test_tensors_that_are_larger_than_their_file():
    views = {str(i): View(STORAGE, 0, (10**6,), (0,)) for i in range(100)}
    with pytest.raises(ValueError, match="more memory than its size"):
        extract_tensors(views, read, False, allowed=10**8)


def read(storage):
    return NUMBERS.tobytes()


def test_a_state_dict_among_other_things():
    view = View(STORAGE, 0, (12,), (1,))
    for content in ({"w": view}, {"epoch": 3, "model": {"w": view, "version": 1}}):
        np.testing.assert_array_equal(
            extract_tensors(content, read, False).tensors["w"], NUMBERS
        )


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1], None])
def test_no_state_dict(content):
    with pytest.raises(ValueError, match="it holds no state dict"):
        extract_tensors(content, read, False)


@pytest.mark.parametrize("weights", ["state_dict", "model_state_dict", "model", "net"])
@pytest.mark.parametrize("averages", ["state_dict_ema", "model_ema", "ema"])
def test_moving_averages_beside_the_weights(weights, averages):
    later = View(STORAGE, 6, (6,), (1,))
    content = {weights: {"w": View(STORAGE, 0, (6,), (1,))}, averages: {"w": later}}
    plain = extract_tensors(content, read, moving_averages=False)
    assert plain.averages == averages
    np.testing.assert_array_equal(plain.tensors["w"], NUMBERS[:6])
    averaged = extract_tensors(content, read, moving_averages=True)
    assert averaged.averages == ""
    np.testing.assert_array_equal(averaged.tensors["w"], NUMBERS[6:])
