"""Keras' weights as ours, and ours as Keras': the same images give the same logits."""

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.weights import convert
from slimnets.weights.keras import files, weights
from slimnets.weights.keras.kinds import DENSE
from slimnets.weights.keras.tables import TABLES
from tests.weights.keras import peers

# As Keras writes, it warns of itself under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

# The smallest of each family but VGG, whose 138 million weights take half a minute.
# The others have more or wider layers of the same names. `make test` compares the
# names of variables alone: see test_tables.py.
SMALLEST = (
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in (
            "mobilenet_v1_025",
            "mobilenet_v2_035",
            "mobilenet_v3_small",
            "mobilenet_v3_small_minimalistic",
            "resnet50",
            "inception_v3",
            "inception_resnet_v2",
            "nasnet_mobile",
            "efficientnet_b0",
            "densenet_121",
            "xception",
            "convnext_tiny",
        )
    ),
)


def _is_kerass(name):
    return name != "global_step" and "/AuxLogits/" not in name


@pytest.mark.parametrize("name", SMALLEST)
def test_there_and_back(name, tmp_path):
    peer = peers.PEERS[name]
    network = peer.build()
    peers.randomize(network)
    path = tmp_path / "theirs.weights.h5"
    network.save_weights(path)
    conversion = convert.convert("keras", str(path), name, tmp_path)
    assert not conversion.report.unused
    has_initial_values = ["auxiliary head" in note for note in conversion.notes]
    assert any(has_initial_values) == peer.has_auxiliary_head

    ours = peer.ours(name)
    ours.restore(tmp_path)
    their_images, our_images = peers.images(network)
    expected = network(their_images, training=False).numpy()
    difference = ours(our_images)[0].numpy() - expected
    assert np.abs(difference).max() < 1e-4 * np.abs(expected).max()
    # Weights that make all images alike would prove nothing.
    assert np.abs(difference).max() < 1e-2 * np.abs(np.diff(expected, axis=0)).max()

    peers.randomize(network, seed=1)
    back = tmp_path / "ours.weights.h5"
    values = checkpoints.read(conversion.path)
    written = weights.write(back, name, values)
    assert sorted(written) == sorted(n for n in values if _is_kerass(n))
    network.load_weights(back)
    again = network(their_images, training=False).numpy()
    assert np.abs(again - expected).max() < 1e-5 * np.abs(expected).max()


def test_another_normalization_than_our_recipes(tmp_path):
    layer = next(TABLES["efficientnet_b0"]())
    path = tmp_path / "it.weights.h5"
    for mean, notes in ((layer.kind.constants[0], 0), (np.zeros(3), 1)):
        files.write(path, [(layer, [mean, np.ones(3), np.array(0)])])
        found = weights.read(path, "efficientnet_b0")
        assert not found.unused
        assert len(found.notes) == notes
    assert found.notes == [
        "Keras' layer normalization has other values than our recipe: prepare images as"
        " it does"
    ]


@pytest.mark.parametrize("features", [256, 255])
def test_a_dense_layer_in_the_place_of_the_logits(tmp_path, features):
    peer = peers.PEERS["mobilenet_v1_025"]
    layers = list(TABLES["mobilenet_v1_025"]())
    network = peer.build()
    peers.randomize(network)
    by_name = {layer.name: layer for layer in network.layers}
    arrays = [[w.numpy() for w in by_name[layer.theirs].weights] for layer in layers]
    kernel = np.random.default_rng(0).normal(size=[features, 4]).astype(np.float32)
    dense = layers[-1]._replace(kind=DENSE, theirs="mine")
    path = tmp_path / "it.weights.h5"
    held = [*zip(layers[:-1], arrays[:-1], strict=True)]
    files.write(path, [*held, (dense, [kernel, np.ones(4, np.float32)])])
    found = weights.read(path, "mobilenet_v1_025")
    name = "MobilenetV1/Logits/Conv2d_1c_1x1/weights"
    if features == 256:
        np.testing.assert_array_equal(found.values[name], kernel)
        assert found.notes[0].startswith("its layer mine is taken for the logits")
        assert not found.unused
    else:
        assert name not in found.values and found.unused == ["mine"]


def test_published_weights_that_take_bgr_images(tmp_path):
    path = tmp_path / "it.weights.h5"
    files.write(
        path, [(next(TABLES["vgg_16"]()), [np.ones([3, 3, 3, 64]), np.ones(64)])]
    )
    [note] = weights.read(path, "vgg_16").notes
    assert note.endswith("BGR images: give --flip_input_channels")


def test_a_variable_that_keras_needs(tmp_path):
    with pytest.raises(errors.InputError) as caught:
        weights.write(tmp_path / "it.weights.h5", "vgg_16", {})
    assert str(caught.value) == (
        "Keras' weights of vgg_16 need vgg_16/conv1/conv1_1/weights, which is not there"
    )
