"""Each format classifies as the network does, by its own runtime, in any batch."""

import json
import sys

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.export import formats, frozen_graph, lite, onnx, openvino, pixels
from slimnets.preprocessing import registry as preprocessing
from tests import extras

NAMES = ["tench", "église", "gas pump"]

# Recipes that need other ops than the rest, and ways to resize.
RECIPES = [
    "cifarnet",
    "imagenet(interpolation='area')",
    "lenet",
    "plain(interpolation='nearest')",
    "standard",
    "standard(interpolation='bicubic',squash=True)",
    "vgg(interpolation='bicubic')",
]

PORTABLE = [
    pytest.param("lite", marks=extras.marks("litert")),
    pytest.param("onnx", marks=extras.marks("onnx")),
    pytest.param("openvino", marks=extras.marks("openvino")),
]


def assert_same(actual, expected):
    np.testing.assert_allclose(actual, expected, 0, 1e-4 * np.abs(expected).max())


@pytest.fixture(scope="module", params=PORTABLE)
def written(request, network, tmp_path_factory):
    """Returns a format and a folder in which it was written."""
    folder = tmp_path_factory.mktemp(request.param)
    format_ = formats.FORMATS[request.param]
    format_.require(folder)
    format_.write(folder, network)
    return format_, folder


def test_the_same_logits(written, encoded, images, logits):
    format_, folder = written
    found = format_.run(folder, encoded, images)
    assert len(found) == 2 and "pixels" in found
    for value in found.values():
        assert_same(value, logits)
    assert (folder / format_.file).exists()
    assert (folder / "labels.txt").read_text("utf-8").splitlines() == NAMES


def test_any_batch_of_pixels(written, encoded):
    format_, folder = written
    image = pixels.decode(encoded, 3)[0]
    batch = [image, 255 - image, image[::-1], image]
    several = [tf.io.encode_png(one).numpy() for one in batch]
    blank = np.zeros([5, 32, 32, 3], np.float32)
    together = format_.run(folder, several, blank)["pixels"]
    alone = [format_.run(folder, [one], blank)["pixels"][0] for one in several]
    assert_same(together, np.stack(alone))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("format_name", PORTABLE)
def test_every_recipe_runs_inside(network, encoded, name, format_name, tmp_path):
    recipe = preprocessing.get_preprocessing(name)

    def prepare(image: tf.Tensor) -> tf.Tensor:
        return recipe(image, network.image_size, network.image_size)

    def mean(images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(images[:, ::3], axis=[1, 2])

    format_ = formats.FORMATS[format_name]
    format_.write(tmp_path, network._replace(logits=mean, preprocess=prepare))
    images = np.stack([prepare(network.decode(one)) for one in encoded])
    found = format_.run(tmp_path, encoded, images)
    assert_same(found["pixels"], mean(images))


@extras.needs("onnx")
def test_class_names_in_onnx(network, tmp_path):
    onnx.write(tmp_path, network)
    for file in (onnx.FILE, onnx.PIXELS_FILE):
        metadata = onnx.make_session(tmp_path / file).get_modelmeta()
        assert json.loads(metadata.custom_metadata_map["class_names"]) == NAMES


@extras.needs("openvino")
def test_class_names_in_openvino(network, tmp_path):
    import openvino as ov

    openvino.write(tmp_path, network)
    for file in (openvino.FILE, openvino.PIXELS_FILE):
        model = ov.Core().read_model(tmp_path / file)
        labels = model.get_rt_info(["model_info", "labels"]).astype(str)
        assert labels == "tench église gas_pump"


@pytest.fixture(scope="module")
def graph_def(network):
    return frozen_graph.build(network)


class TestFrozenGraph:
    """One GraphDef of three inputs."""

    @pytest.mark.slow
    def test_every_input_in_any_batch(self, graph_def, encoded, images, logits):
        decoded = pixels.decode(encoded, 3)[0]
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            tf.graph_util.import_graph_def(graph_def, name="")
            for count in (1, 3):
                outputs = ["logits:0", "probabilities:0"]
                found = session.run(outputs, {"images:0": images[:count]})
                assert_same(found[0], logits[:count])
                scaled = np.exp(logits[:count])
                assert_same(found[1], scaled / scaled.sum(axis=1, keepdims=True))
                found = session.run(
                    "image_bytes/logits:0", {"image_bytes:0": encoded[:count]}
                )
                assert_same(found, logits[:count])
                found = session.run(
                    "pixels/logits:0", {"pixels:0": np.stack([decoded] * count)}
                )
                assert_same(found, logits[[0] * count])

    def test_the_weights_are_there_once(self, graph_def, model):
        kernels_and_biases = sum(
            variable.shape.num_elements()
            for name, variable in model.variables_by_name.items()
            if not name.endswith(("gamma", "moving_mean", "moving_variance"))
        )
        held = sum(
            tf.make_ndarray(node.attr["value"].tensor).size
            for node in graph_def.node
            if node.name.startswith("weights/")
        )
        assert held == kernels_and_biases
        assert graph_def.ByteSize() < 5 * held
        assert not [node for node in graph_def.node if "Variable" in node.op]

    @pytest.mark.slow
    def test_plain_tensorflow_runs_it(self, network, encoded, images, logits, tmp_path):
        assert "slimnets" not in frozen_graph._PROGRAM.read_text()
        frozen_graph.write(tmp_path, network)
        found = frozen_graph.run(tmp_path, encoded, images)
        assert found.keys() == {"images", "pixels", "image_bytes"}
        for value in found.values():
            assert_same(value, logits)


@pytest.mark.parametrize(
    ("format_", "module", "package", "extra"),
    [
        (lite, "ai_edge_litert.interpreter", "ai_edge_litert", "litert"),
        (onnx, "tf2onnx", "tf2onnx", "onnx"),
        (openvino, "openvino", "openvino", "openvino"),
    ],
)
def test_without_the_extra(monkeypatch, tmp_path, format_, module, package, extra):
    for name in ("onnx", "onnxruntime"):  # not installed here, perhaps
        monkeypatch.setitem(sys.modules, name, np)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(errors.InputError) as caught:
        format_.require(tmp_path)
    assert str(caught.value) == (
        f"{package} is not installed: pip install 'slimnets[{extra}]', or in a"
        f" checkout pip install '.[{extra}]'"
    )
