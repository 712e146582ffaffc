"""Keras' files: layers by name, by class and number, or by order; what is no file."""

import io
import zipfile

import h5py
import keras
import numpy as np
import pytest

from slimnets import errors
from slimnets.weights.keras import files, hdf5
from slimnets.weights.keras.kinds import CONV_BIAS, DENSE, NORM
from slimnets.weights.rules import Layer

# As Keras writes, it warns of itself under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

LAYERS = (
    Layer(CONV_BIAS, "conv2d", "net/first"),
    Layer(NORM, "first_BN", "net/first/BatchNorm"),
    Layer(CONV_BIAS, "conv2d_1", "net/second"),
    Layer(DENSE, "predictions", "net/Logits"),
)


def build():
    """Returns Keras' network of LAYERS; every number in it is another one."""
    conv = keras.layers.Conv2D
    network = keras.Sequential(
        [
            keras.Input([8, 8, 3]),
            conv(2, 3),
            keras.layers.BatchNormalization(name="first_BN"),
            keras.layers.ReLU(),
            conv(2, 3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(5, name="predictions"),
        ]
    )
    rng = np.random.default_rng(0)
    for variable in network.weights:
        variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return network


@pytest.fixture
def network():
    keras.backend.clear_session()
    return build()


def save_h5(network, path):
    """Writes the legacy file of weights, which Keras 3 reads but no longer writes."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        for layer in network.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, layer.weights, strict=True):
                group[name] = weight.numpy()


def save_keras(network, path):
    network.save(path)


def save_model_h5(network, path):
    """Writes a legacy file of a whole model; its names lie in several attributes."""
    with h5py.File(path, "w") as file:
        weights = io.BytesIO()
        save_h5(network, weights)
        with h5py.File(weights) as source:
            source.copy(source, file, "model_weights")
            names = source.attrs["layer_names"]
        group = file["model_weights"]
        del group.attrs["layer_names"]
        group.attrs["layer_names0"], group.attrs["layer_names1"] = names[:3], names[3:]


WRITERS = {
    "it.weights.h5": lambda network, path: network.save_weights(path),
    "it.keras": save_keras,
    "it.h5": save_h5,
    "model.h5": save_model_h5,
}


def assert_all_found(path, network):
    stored = files.read(path)
    by_name = {layer.name: layer for layer in network.layers}
    theirs = [layer for layer in network.layers if layer.weights]
    found = files.match_layers(LAYERS, stored).layers
    assert len(found) == len(stored) == len(LAYERS)
    for (layer, item), expected in zip(found, theirs, strict=True):
        assert by_name.get(layer.theirs, expected) is expected
        arrays = item.sort_arrays(layer.kind)
        for array, weight in zip(arrays, expected.weights, strict=True):
            np.testing.assert_array_equal(array, weight.numpy())


@pytest.mark.parametrize("name", WRITERS)
def test_each_form_is_read(name, network, tmp_path):
    WRITERS[name](network, tmp_path / name)
    assert_all_found(tmp_path / name, network)


@pytest.mark.parametrize("name", WRITERS)
def test_layers_that_a_process_counted_further(name, network, tmp_path):
    network = build()
    assert network.layers[0].name == "conv2d_2"
    WRITERS[name](network, tmp_path / name)
    assert_all_found(tmp_path / name, network)


def test_a_file_without_names(network, tmp_path):
    path = tmp_path / "it.weights.h5"
    network.save_weights(path)
    with h5py.File(path, "r+") as file:
        for layer in file["layers"].values():
            layer["vars"].attrs.pop("name", None)
    assert_all_found(path, network)


def test_a_legacy_file_with_names_of_its_own_is_read_in_order(network, tmp_path):
    path = tmp_path / "it.h5"
    save_h5(network, path)
    with h5py.File(path, "r+") as file:
        names = [f"layer_{i}" for i in range(len(network.layers))]
        for old, new in zip(file.attrs["layer_names"], names, strict=True):
            file.move(old, new)
        file.attrs["layer_names"] = names
    assert_all_found(path, network)


@pytest.mark.parametrize("name", ["it.weights.h5", "it.keras", "it.h5"])
def test_a_network_inside_another(name, network, tmp_path):
    layers = keras.layers
    base = keras.Model(network.inputs, network.layers[-2].output, name="base")
    whole = keras.Sequential(
        [
            keras.Input([8, 8, 3]),
            layers.RandomFlip(),
            layers.Rescaling(2.0),
            base,
            layers.Dropout(0.5, seed=1),
            layers.Dense(4, name="mine"),
        ]
    )
    path = tmp_path / name
    if name == "it.weights.h5":
        whole.save_weights(path)
    else:
        whole.save(path)
    matched = files.match_layers(LAYERS, files.read(path))
    assert [layer.theirs for layer in matched.missing] == ["predictions"]
    [head] = matched.unused
    mine = [weight.numpy() for weight in whole.layers[-1].weights]
    for array, expected in zip(head.arrays.values(), mine, strict=True):
        np.testing.assert_array_equal(array, expected)
    theirs = [layer for layer in network.layers[:-1] if layer.weights]
    for (layer, item), expected in zip(matched.layers, theirs, strict=True):
        arrays = item.sort_arrays(layer.kind)
        for array, weight in zip(arrays, expected.weights, strict=True):
            np.testing.assert_array_equal(array, weight.numpy())


def test_a_layer_of_another_kind(network, tmp_path):
    path = tmp_path / "it.weights.h5"
    network.save_weights(path)
    stored = {item.name: item for item in files.read(path)}
    assert stored["predictions"].sort_arrays(NORM) is None


def test_what_is_written_keras_reads(network, tmp_path):
    path = tmp_path / "new" / "it.weights.h5"
    arrays = [
        [weight.numpy() for weight in layer.weights]
        for layer in network.layers
        if layer.weights
    ]
    files.write(path, list(zip(LAYERS, arrays, strict=True)))
    before = [weight.numpy() for weight in network.weights]
    for weight in network.weights:
        weight.assign(0 * weight)
    network.load_weights(path)
    for weight, value in zip(network.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def refusal(path):
    with pytest.raises(errors.InputError) as caught:
        files.read(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{path} cannot be read as Keras' weights: ")
    assert line.endswith("; give a .weights.h5, .h5 or .keras file")
    return line


def test_no_file_of_weights(tmp_path):
    path = tmp_path / "text.h5"
    path.write_text("no weights\n")
    refusal(path)
    refusal(tmp_path)
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    refusal(tmp_path / "empty.h5")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    refusal(tmp_path / "empty.keras")


@pytest.mark.parametrize("name", WRITERS)
def test_cut_off(name, network, tmp_path):
    path = tmp_path / name
    WRITERS[name](network, path)
    path.write_bytes(path.read_bytes()[:-2000])
    refusal(path)


def test_numbers_that_lie_in_another_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"12345678" * 3)
    path = tmp_path / "it.weights.h5"
    for how in ("external", "virtual", "link", "soft link"):
        with h5py.File(path, "w") as file:
            group = file.create_group("layers/dense/vars")
            if how == "external":
                group.create_dataset("0", [6], "f4", external=str(secret))
            elif how == "virtual":
                layout = h5py.VirtualLayout((6,), "f4")
                layout[:] = h5py.VirtualSource("other.h5", "a", (6,))
                group.create_virtual_dataset("0", layout)
            elif how == "link":
                group["0"] = h5py.ExternalLink("other.h5", "a")
            else:
                group["0"] = h5py.SoftLink("/layers")
        assert "lie in another file" in refusal(path) or "not followed" in refusal(path)


def test_a_few_bytes_that_unfold_to_gigabytes(tmp_path):
    path = tmp_path / "it.weights.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", [2**31], "f4", chunks=True)
    assert "more memory than its size tells" in refusal(path)
    path = tmp_path / "it.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(10**8))
    assert "more memory than its size tells" in refusal(path)


def test_a_group_inside_itself(tmp_path):
    path = tmp_path / "it.weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers")
        group["again"] = group
    assert "nested without end" in refusal(path)


def test_a_file_that_the_library_does_not_end_with(tmp_path, monkeypatch):
    path = tmp_path / "it.weights.h5"
    path.touch()
    for code, reason in (
        (
            "import resource as r; r.setrlimit(r.RLIMIT_CPU, (1, 2))\nwhile 1: pass",
            "end",
        ),
        ("import os; os.abort()", "breaks down"),
    ):
        monkeypatch.setattr(hdf5, "_START", code)
        assert reason in refusal(path)


def test_nowhere_to_write(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.InputError, match=r"cannot write .*it\.weights\.h5: "):
        files.write(tmp_path / "file" / "it.weights.h5", [])
