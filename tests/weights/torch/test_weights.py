"""PyTorch's state dicts as our weights: names and shapes."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimnets import errors
from slimnets.weights import convert, rules
from slimnets.weights.torch import weights
from slimnets.weights.torch.tables import TABLES
from tests.goldens import fill
from tests.weights.torch import writing

GOLDENS = Path(__file__).parents[2] / "goldens"
CASES = [(name, i) for name, tables in TABLES.items() for i in range(len(tables))]
EXPANDED = "MobilenetV2/expanded_conv_1"


def filled(network, library):
    """Returns values of our variables, and the state dict that has them."""
    golden = json.loads((GOLDENS / f"{network}.json").read_text())
    values = {name: fill.weight(name, shape) for name, shape in golden["variables"]}
    layers = rules.to_theirs(TABLES[network][library].layers(), values)
    tensors = {
        f"{layer.theirs}.{weight.theirs}": np.ascontiguousarray(array)
        for layer, arrays in layers
        for weight, array in zip(layer.kind.weights, arrays, strict=True)
    }
    return values, tensors


@pytest.mark.parametrize(("network", "library"), CASES)
def test_every_variable_is_found(network, library, tmp_path):
    values, tensors = filled(network, library)
    table = TABLES[network][library]
    path = writing.save_safetensors(tmp_path / "it.safetensors", tensors)
    found = weights.read(path, network)
    assert found.values.keys() == values.keys()
    assert not found.unused
    assert found.notes == ([table.note] if table.note else [])
    theirs, ours = table.epsilons
    for name, value in values.items():
        if name.endswith("/gamma"):
            variance = values[f"{name.removesuffix('gamma')}moving_variance"]
            value = value * np.sqrt((variance + ours) / (variance + theirs))
        array = rules.reshape_matrix(found.values[name], value.shape)
        np.testing.assert_allclose(array, value, rtol=1e-6, err_msg=name)


def test_names_of_torchvision_and_timm():
    _, tensors = filled("resnet50_v1_5", 0)
    assert len(tensors) == 267
    assert tensors["layer4.0.downsample.0.weight"].shape == (2048, 1024, 1, 1)
    assert tensors["fc.weight"].shape[1] == 2048
    _, tensors = filled("mobilenet_v2", 0)
    assert len(tensors) == 262
    assert tensors["features.2.conv.1.0.weight"].shape == (96, 1, 3, 3)
    assert tensors["features.17.conv.3.running_var"].shape == (320,)
    _, tensors = filled("mobilenet_v2", 1)
    assert len(tensors) == 262
    assert tensors["blocks.1.0.conv_dw.weight"].shape == (96, 1, 3, 3)
    assert tensors["blocks.6.0.bn3.running_var"].shape == (320,)


@pytest.mark.parametrize(
    "wrapper", ["module.", "_orig_mod.", "model.", "backbone.", "model._orig_mod."]
)
def test_what_wrappers_put_before_names(tmp_path, wrapper):
    values, tensors = filled("mobilenet_v2_035", 1)
    tensors = {f"{wrapper}{name}": array for name, array in tensors.items()}
    tensors[f"{wrapper}bn1.num_batches_tracked"] = np.array(3)
    tensors[f"{wrapper}ema"] = np.zeros(2, np.float32)
    found = weights.read(
        writing.save_zip(tmp_path / "it.pth", tensors), "mobilenet_v2_035"
    )
    assert found.values.keys() == values.keys()
    assert found.unused == ["ema"]


def test_two_tensors_of_one_name(tmp_path):
    _, tensors = filled("mobilenet_v2_035", 1)
    tensors["model.conv_stem.weight"] = tensors["conv_stem.weight"]
    path = writing.save_zip(tmp_path / "it.pth", tensors)
    with pytest.raises(errors.InputError) as caught:
        weights.read(path, "mobilenet_v2_035")
    assert str(caught.value) == (
        f"{path} has conv_stem.weight twice, as conv_stem.weight and as"
        " model.conv_stem.weight: keep one network's in a file of their own"
    )


@pytest.mark.parametrize("features", [1280, 1279])
def test_a_linear_layer_in_the_place_of_the_logits(tmp_path, features):
    _, tensors = filled("mobilenet_v2_035", 1)
    del tensors["classifier.weight"], tensors["classifier.bias"]
    tensors["classifier.1.bias"] = np.ones(4, np.float32)
    kernel = np.arange(4 * features, dtype=np.float32).reshape(4, features)
    tensors["classifier.1.weight"] = kernel
    path = writing.save_zip(tmp_path / "it.pth", tensors)
    found = weights.read(path, "mobilenet_v2_035")
    name = "MobilenetV2/Logits/Conv2d_1c_1x1/weights"
    if features == 1280:
        np.testing.assert_array_equal(found.values[name], kernel.T)
        assert "its classifier.1 is taken for the logits" in found.notes
        assert not found.unused
    else:
        assert name not in found.values
        assert found.unused == ["classifier.1.bias", "classifier.1.weight"]


def test_a_tensor_that_is_missing(tmp_path):
    _, tensors = filled("mobilenet_v2_035", 0)
    del tensors["features.2.conv.1.0.weight"]
    path = writing.save_zip(tmp_path / "it.pth", tensors)
    with pytest.raises(errors.InputError) as caught:
        convert.convert("torch", str(path), "mobilenet_v2_035", tmp_path / "out")
    assert str(caught.value) == (
        f"{path} does not fit: {EXPANDED}/depthwise/depthwise_weights is not in it; are"
        " these the weights of mobilenet_v2_035? --ignore_missing_vars leaves it out"
    )
