"""Our weights as PyTorch's state dicts."""

import numpy as np
import pytest

from slimnets import errors
from slimnets.weights import convert, rules
from slimnets.weights.torch import weights, writer
from slimnets.weights.torch.kinds import CONV
from tests.weights.torch import test_weights

NETWORK = "mobilenet_v2_035"


@pytest.fixture(scope="module")
def values():
    return test_weights.filled(NETWORK, "timm")[0]


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_what_is_written_is_read(library, values, tmp_path):
    path = tmp_path / "new" / "it.safetensors"
    said = writer.write(path, NETWORK, values | {"more": np.ones(1)}, library)
    assert said == [
        f"written for {library}: its network gives the logits of our network built with"
        " use_explicit_padding=True",
        "1 variables that it lacks are left out",
    ]
    found = weights.read(path, NETWORK)
    assert found.values.keys() == values.keys()
    for name, value in values.items():
        array = rules.reshape_matrix(found.values[name], value.shape)
        np.testing.assert_allclose(array, value, rtol=1e-6, err_msg=name)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_first_library_is_written_for(values, tmp_path):
    said = writer.write(tmp_path / "it.safetensors", NETWORK, values)
    assert said[0].startswith("written for torchvision: ")


def test_a_variable_that_is_missing(values, tmp_path):
    name = "MobilenetV2/Conv/weights"
    others = {n: value for n, value in values.items() if n != name}
    with pytest.raises(errors.InputError) as caught:
        writer.write(tmp_path / "it.safetensors", NETWORK, others)
    assert str(caught.value) == (
        f"PyTorch's weights of {NETWORK} need {name}, which is not there"
    )
    assert not list(tmp_path.iterdir())


def test_biases_that_have_no_place(tmp_path, monkeypatch):
    layer = rules.Layer(CONV._replace(zeros=("biases",)), "conv", "net/conv")
    table = writer.Table(lambda: iter([layer]), "timm")
    monkeypatch.setitem(writer.TABLES, "net", (table,))
    path, kernel = tmp_path / "it.safetensors", np.ones([1, 1, 2, 3], np.float32)
    given = {"net/conv/weights": kernel, "net/conv/biases": np.zeros(3)}
    assert writer.write(path, "net", given) == [
        "written for timm: its network gives the logits of our network"
    ]
    assert weights.read(path, "net").values.keys() == given.keys()
    given["net/conv/biases"] = np.array([0.0, 0.0, 0.1])
    with pytest.raises(errors.InputError) as caught:
        writer.write(path, "net", given)
    assert str(caught.value) == (
        "PyTorch's weights of net have nothing in the place of net/conv/biases, and"
        " these biases are not zero"
    )


def test_a_file_that_cannot_be_written(values, tmp_path):
    (tmp_path / "taken").write_text("a file in the place of a folder")
    path = tmp_path / "taken" / "it.safetensors"
    with pytest.raises(errors.InputError, match=f"cannot write {path}: "):
        writer.write(path, NETWORK, values)


def test_to_torch_of_a_file(values, tmp_path):
    source = tmp_path / "it.safetensors"
    writer.write(source, NETWORK, values, "timm")
    conversion = convert.convert(
        "torch", str(source), NETWORK, tmp_path, to="torch", variant="torchvision"
    )
    assert conversion.path == str(tmp_path / f"{NETWORK}.safetensors")
    found = weights.read(tmp_path / f"{NETWORK}.safetensors", NETWORK)
    assert found.values.keys() == values.keys()
    with pytest.raises(errors.InputError, match="exists; give another --output"):
        convert.convert("torch", str(source), NETWORK, tmp_path, to="torch")
