"""PyTorch's files: all of their forms, and those that are refused."""

import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from slimnets import errors
from slimnets.weights.torch import files
from tests.weights.torch import writing

TENSORS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "conv.half": np.linspace(-1, 1, 5).astype(np.float16),
    "bn.num_batches_tracked": np.array(7),
}
WRITERS = {
    "weights.pth": writing.save_zip,
    "old.pth": writing.save_legacy,
    "weights.safetensors": writing.save_safetensors,
}


class Malice:
    """Runs a command as it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.fixture(params=WRITERS)
def path(request, tmp_path):
    """Returns a file of TENSORS in each form."""
    return WRITERS[request.param](tmp_path / request.param, TENSORS)


def refusal(path):
    with pytest.raises(errors.InputError) as caught:
        files.read(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line.removeprefix(str(path))


def test_each_form_is_read(path):
    found = files.read(path).tensors
    assert found.keys() == TENSORS.keys()
    for name, array in TENSORS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    exact = np.float32([1.5, -2, 0])
    halves = (exact.view(np.uint32) >> 16).astype("<u2")
    text = b'{"w": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}'
    path = tmp_path / "half.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + halves.tobytes())
    np.testing.assert_array_equal(files.read(path).tensors["w"], exact)


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "bare"])
def test_a_pickle_that_runs_something_is_refused_unrun(tmp_path, protocol, zipped):
    trace = tmp_path / "trace"
    content = pickle.dumps({"state_dict": Malice(f"touch {trace}")}, protocol)
    path = tmp_path / "malicious.pth"
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
    else:
        path.write_bytes(content)
    assert refusal(path) == (
        " is refused: it wants to run posix.system, and a state dict holds tensors"
        " alone; save model.state_dict() in a file of its own"
    )
    assert not trace.exists()


def test_a_pickle_that_names_a_line_break_is_refused_in_a_line(tmp_path):
    path = tmp_path / "it.pth"
    path.write_bytes(b"\x80\x04\x8c\x02os\x8c\x03a\nb\x93.")
    assert refusal(path).startswith(
        r" is refused: it wants to run os.a\nb, and a state"
    )


def test_cut_off(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 5])
    line = refusal(path)
    if content.startswith(b"PK"):  # an archive, which has its table at the end
        end = "its end is missing; download or copy it again"
        assert line == f" is cut off or damaged: {end}"
        return
    assert line.startswith(" cannot be read as PyTorch's weights: ")
    assert line.endswith("; give a state dict's .pth, .pt or .safetensors file")


def test_another_kind_of_file(tmp_path):
    for name in ("text.pth", "text.safetensors"):
        path = tmp_path / name
        path.write_text("not weights\n")
        assert refusal(path).startswith(" cannot be read as PyTorch's weights: ")


def test_big_endian_numbers(tmp_path):
    path = tmp_path / "big.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", writing.state_dict(TENSORS, legacy=False))
        archive.writestr("archive/byteorder", "big")
    assert "its numbers are big-endian" in refusal(path)
