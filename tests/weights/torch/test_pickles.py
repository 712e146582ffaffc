"""The unpickler that knows tensors and nothing else."""

import io
import pickle

import numpy as np
import pytest

from slimnets import errors
from slimnets.weights.torch.pickles import Storage, Unpickler, View, extract_tensors
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
