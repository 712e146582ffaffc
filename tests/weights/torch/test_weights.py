"""PyTorch's state dicts as our weights: names and shapes."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimnets import errors
from slimnets.weights import convert, rules
from slimnets.weights.torch import files, pickles, weights
from slimnets.weights.torch.tables import TABLES
from tests.goldens import fill
from tests.weights.torch import writing

GOLDENS = Path(__file__).parents[2] / "goldens"
EXPANDED = "MobilenetV2/expanded_conv_1"


def get_table(network, name):
    return next(table for table in TABLES[network] if table.name == name)


def filled(network, library):
    """Returns values of our variables, and the state dict that has them."""
    golden = json.loads((GOLDENS / f"{network}.json").read_text())
    values = {name: fill.weight(name, shape) for name, shape in golden["variables"]}
    layers = rules.to_theirs(get_table(network, library).layers(), values)
    tensors = {
        f"{layer.theirs}.{weight.theirs}": np.ascontiguousarray(array)
        for layer, arrays in layers
        for weight, array in zip(layer.kind.weights, arrays, strict=True)
    }
    return values, tensors


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_every_variable_is_found(library, tmp_path):
    network = "mobilenet_v2_035"
    values, tensors = filled(network, library)
    path = writing.save_safetensors(tmp_path / "it.safetensors", tensors)
    found = weights.read(path, network)
    assert found.values.keys() == values.keys()
    assert not found.unused
    assert found.notes == [
        "PyTorch pads strided convolutions on both sides, which changes nothing for"
        " images of 32 k + 1 pixels, as 225: for its logits build with"
        " use_explicit_padding=True",
        "the library's own weights take images that --preprocessing_name=imagenet"
        " prepares, not the network's own recipe",
    ]
    assert found.arguments == {"use_explicit_padding": True}
    for name, value in values.items():
        if name.endswith("/gamma"):
            variance = values[f"{name.removesuffix('gamma')}moving_variance"]
            value = value * np.sqrt((variance + 1e-3) / (variance + 1e-5))
        array = rules.reshape_matrix(found.values[name], value.shape)
        np.testing.assert_allclose(array, value, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    "wrapper", ["module.", "_orig_mod.", "model.", "backbone.", "model._orig_mod."]
)
def test_what_wrappers_put_before_names(tmp_path, wrapper):
    values, tensors = filled("mobilenet_v2_035", "timm")
    tensors = {f"{wrapper}{name}": array for name, array in tensors.items()}
    tensors[f"{wrapper}bn1.num_batches_tracked"] = np.array(3)
    tensors[f"{wrapper}ema"] = np.zeros(2, np.float32)
    found = weights.read(
        writing.save_zip(tmp_path / "it.pth", tensors), "mobilenet_v2_035"
    )
    assert found.values.keys() == values.keys()
    assert found.unused == ["ema"]


def test_two_tensors_of_one_name(tmp_path):
    _, tensors = filled("mobilenet_v2_035", "timm")
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
    _, tensors = filled("mobilenet_v2_035", "timm")
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
    _, tensors = filled("mobilenet_v2_035", "torchvision")
    del tensors["features.2.conv.1.0.weight"]
    path = writing.save_zip(tmp_path / "it.pth", tensors)
    with pytest.raises(errors.InputError) as caught:
        convert.convert("torch", str(path), "mobilenet_v2_035", tmp_path / "out")
    assert str(caught.value) == (
        f"{path} does not fit: {EXPANDED}/depthwise/depthwise_weights is not in it; are"
        " these the weights of mobilenet_v2_035? --ignore_missing_vars leaves it out"
    )


def test_a_variant_that_a_network_has_not(tmp_path):
    path = writing.save_zip(tmp_path / "it.pth", {"conv1.weight": np.ones(1, "f4")})
    with pytest.raises(errors.InputError) as caught:
        weights.read(path, "resnet50_v1_5", variant="timm_tf")
    assert str(caught.value) == (
        "no names of resnet50_v1_5 are known as timm_tf's; known: torchvision, timm"
    )


def view(network, library):
    """Returns the state dict of a network whose tensors take no memory."""
    golden = json.loads((GOLDENS / f"{network}.json").read_text())
    values = {n: np.broadcast_to(np.float32(2), s) for n, s in golden["variables"]}
    layers = rules.to_theirs(get_table(network, library).layers(), values)
    return {
        f"{layer.theirs}.{weight.theirs}": array
        for layer, arrays in layers
        for weight, array in zip(layer.kind.weights, arrays, strict=True)
    }


def read(tensors, network, monkeypatch):
    """Reads tensors that no file holds."""
    state = pickles.StateDict(tensors)
    monkeypatch.setattr(files, "read", lambda path, averages: state)
    return weights.read(Path("it.pth"), network)


def name_as_published(name):
    """Returns what a tensor of DenseNet was called when its files were published."""
    if "denselayer" not in name:
        return name
    return name.replace("norm", "norm.").replace("conv", "conv.")


def name_as_its_authors(name):
    """Returns what ConvNeXt's authors call a tensor."""
    name = name.replace("stem.", "downsample_layers.0.").replace(".blocks", "")
    for number in "123":
        downsample = f"downsample_layers.{number}"
        name = name.replace(f"stages.{number}.downsample", downsample)
    for ours, theirs in (("conv_dw", "dwconv"), ("mlp.fc", "pwconv")):
        name = name.replace(ours, theirs)
    return name.replace("head.norm", "norm").replace("head.fc", "head")


@pytest.mark.parametrize(
    ("network", "library", "rename", "example"),
    [
        (
            "densenet_121",
            "torchvision",
            name_as_published,
            "features.denseblock4.denselayer16.norm.2.running_var",
        ),
        ("convnext_tiny", "timm", name_as_its_authors, "stages.3.2.pwconv2.bias"),
    ],
)
def test_names_of_before(network, library, rename, example, monkeypatch):
    now = view(network, library)
    before = {rename(name): array for name, array in now.items()}
    assert example in before
    assert len(before.keys() - now.keys()) > len(now) / 2
    found = read(before, network, monkeypatch)
    assert found.values.keys() == read(now, network, monkeypatch).values.keys()
    assert not found.unused


def test_a_name_of_before_beside_that_of_now(monkeypatch):
    tensors = view("densenet_121", "torchvision")
    name = "features.denseblock1.denselayer1.norm.1.bias"
    tensors[name] = np.zeros(64, np.float32)
    assert read(tensors, "densenet_121", monkeypatch).unused == [name]


def test_another_network_of_the_same_name():
    with pytest.raises(errors.InputError) as caught:
        weights.read(Path("alexnet.pth"), "alexnet_v2")
    assert str(caught.value) == (
        "PyTorch's weights do not fit alexnet_v2: torchvision's alexnet pads its first"
        " convolution, its fourth has 256 channels in the place of 384, and its first"
        " matrix is over 6x6 pixels, not 5x5"
    )


def test_factors_of_batch_norm_where_ours_has_none(monkeypatch):
    tensors = view("inception_v4", "timm")
    said = read(tensors, "inception_v4", monkeypatch).notes
    tensors["features.0.bn.weight"] = np.full(32, 3, np.float32)
    found = read(tensors, "inception_v4", monkeypatch)
    assert found.notes == [
        *said,
        "its batch norm has factors, which are multiplied into the kernels: the same"
        " logits, but training goes on without factors",
    ]
    scope = "InceptionV4/Conv2d_1a_3x3"
    np.testing.assert_array_equal(found.values[f"{scope}/weights"], 6)
    np.testing.assert_array_equal(found.values[f"{scope}/BatchNorm/moving_mean"], 6)
    np.testing.assert_array_equal(found.values[f"{scope}/BatchNorm/beta"], 2)
    assert not any(name.endswith("gamma") for name in found.values)


def test_a_head_of_ones_own_where_the_auxiliary_head_is_left_out(monkeypatch):
    tensors = view("inception_v3", "timm")
    for name in [name for name in tensors if name.startswith(("AuxLogits", "fc"))]:
        del tensors[name]
    tensors["fc.1.weight"] = np.ones([4, 2048], np.float32)
    tensors["fc.1.bias"] = np.ones(4, np.float32)
    found = read(tensors, "inception_v3", monkeypatch)
    assert found.values["InceptionV3/Logits/Conv2d_1c_1x1/biases"].shape == (4,)
    assert not found.unused


@pytest.fixture(scope="module")
def mobilenet_v3():
    """Returns a state dict whose names are those of two of timm's networks."""
    return filled("mobilenet_v3_small", "timm")[1]


@pytest.mark.parametrize(
    ("name", "variant", "read_as", "note"),
    [
        ("it.safetensors", None, "timm", "network of timm; that of timm_tf"),
        ("tf_it.safetensors", None, "timm_tf", "network of timm_tf; that of timm has"),
        ("it.safetensors", "timm_tf", "timm_tf", ""),
        ("tf_it.safetensors", "timm", "timm", ""),
        ("it.safetensors", "torchvision", "timm", ""),  # its names are not those
    ],
)
def test_whose_network_it_is(mobilenet_v3, tmp_path, name, variant, read_as, note):
    path = writing.save_safetensors(tmp_path / name, mobilenet_v3)
    found = weights.read(path, "mobilenet_v3_small", variant=variant)
    assert not found.unused
    padded = read_as == "timm"
    assert found.arguments == ({"use_explicit_padding": True} if padded else {})
    # On padding and on the recipe, where they are not ours.
    assert len(found.notes) == 2 * padded + bool(note)
    assert note in "".join(found.notes)
    # timm_tf's epsilon is ours.
    gamma = found.values["MobilenetV3/Conv/BatchNorm/gamma"]
    assert np.array_equal(gamma, mobilenet_v3["bn1.weight"]) == (not padded)


def test_gates_of_mobilenet_v3_are_made_up_for(mobilenet_v3, tmp_path):
    path = writing.save_safetensors(tmp_path / "tf_it.safetensors", mobilenet_v3)
    values = weights.read(path, "mobilenet_v3_small").values
    for block, ratio in (("expanded_conv", 1 / (6 * 0.16667)), ("expanded_conv_1", 1)):
        ours = values[f"MobilenetV3/{block}/project/weights"]
        theirs = {"expanded_conv": "0.0.conv_pw", "expanded_conv_1": "1.0.conv_pwl"}
        tensor = mobilenet_v3[f"blocks.{theirs[block]}.weight"]
        np.testing.assert_allclose(ours, tensor.transpose(2, 3, 1, 0) * ratio, 1e-6)


def test_networks_of_the_same_tensors_that_blur(monkeypatch):
    [*_, note] = read(view("resnet50_v1_5", "timm"), "resnet50_v1_5", monkeypatch).notes
    assert note == (
        "read as resnet50_v1_5; of timm's resnetaa50 and resnetblur50, which have the"
        " same tensors but blur features, the logits would be wrong"
    )
    with pytest.raises(errors.InputError) as caught:
        weights.read(Path("resnetblur50-84f4748f.pth"), "resnet50_v1_5")
    assert str(caught.value) == (
        "resnetblur50-84f4748f.pth is by its name of timm's resnetblur50, which has the"
        " tensors of resnet50_v1_5 but blurs features: its logits would be others;"
        " rename the file if it is not"
    )
