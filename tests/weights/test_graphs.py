"""Weights in frozen graphs and SavedModels, of TensorFlow 1 and 2."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import convert_to_constants

import slimnets
from slimnets import errors
from slimnets.weights import convert, graphs, rules
from tests import v1_graph
from tests.weights.conftest import CLASSES, NETWORK, SIZE

v1 = tf.compat.v1


@pytest.fixture
def session(filled):
    """Returns a session of TensorFlow 1 that holds the network."""
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, [None, SIZE, SIZE, 3])
        slimnets.get_network_fn(NETWORK, CLASSES)(images)
        v1_graph.initialize(session, lambda name, _: filled.values[name])
        yield session


def concrete_function(filled):
    """Returns TensorFlow 2's function of the network."""
    function = tf.function(lambda images: filled.model(images)[0], autograph=False)
    return function.get_concrete_function(tf.TensorSpec([None, SIZE, SIZE, 3]))


def assert_holds_all(found, filled):
    assert found.values.keys() == filled.values.keys()
    for name, value in filled.values.items():
        array = rules.reshape_matrix(found.values[name], value.shape)
        np.testing.assert_array_equal(array, value, name)


def write(path, graph):
    path.write_bytes(graph.SerializeToString())
    return path


def test_a_frozen_graph_of_tensorflow_1(tmp_path, session, filled):
    graph = v1.graph_util.convert_variables_to_constants(
        session, session.graph_def, ["MobilenetV1/Predictions/Reshape_1"]
    )
    path = write(tmp_path / "frozen.pb", graph)
    assert_holds_all(graphs.read_frozen(path, NETWORK), filled)


def test_a_frozen_graph_of_tensorflow_2(tmp_path, filled):
    frozen = convert_to_constants.convert_variables_to_constants_v2(
        concrete_function(filled)
    )
    path = write(tmp_path / "frozen.pb", frozen.graph.as_graph_def())
    assert_holds_all(graphs.read_frozen(path, NETWORK), filled)


def test_a_graph_that_was_imported_below_a_scope(filled):
    arrays = {f"import/tower_0/{name}": v for name, v in filled.values.items()}
    arrays["import/mean"] = np.zeros(3)
    found = graphs.match_names(NETWORK, arrays)
    assert_holds_all(found, filled)
    assert found.unused == ["import/mean"]


def test_a_saved_model_of_tensorflow_1(tmp_path, session, filled):
    builder = v1.saved_model.Builder(str(tmp_path / "saved"))
    builder.add_meta_graph_and_variables(session, ["serve"])
    builder.save()
    assert_holds_all(graphs.read_saved_model(tmp_path / "saved", NETWORK), filled)


def test_a_saved_model_of_tensorflow_2(tmp_path, filled):
    module = tf.Module()
    module.model = filled.model
    tf.saved_model.save(module, str(tmp_path), concrete_function(filled))
    assert_holds_all(graphs.read_saved_model(tmp_path, NETWORK), filled)


def test_a_saved_model_of_constants(tmp_path, filled):
    frozen = convert_to_constants.convert_variables_to_constants_v2(
        concrete_function(filled)
    )
    tf.saved_model.save(tf.Module(), str(tmp_path), frozen)
    assert_holds_all(graphs.read_saved_model(tmp_path, NETWORK), filled)


def test_what_is_no_graph(tmp_path):
    path = tmp_path / "text.pb"
    path.write_text("no graph\n")
    with pytest.raises(errors.InputError, match=r"text\.pb cannot be read as a frozen"):
        graphs.read_frozen(path, NETWORK)
    with pytest.raises(errors.InputError, match=r"saved_model\.pb cannot be read as a"):
        graphs.read_saved_model(tmp_path, NETWORK)


def test_a_saved_model_is_read_and_not_run(tmp_path, session, filled):
    trace = tmp_path / "trace"
    folder = str(tmp_path / "saved")
    builder = v1.saved_model.Builder(folder)
    written = tf.io.write_file(str(trace), "run")
    builder.add_meta_graph_and_variables(session, ["serve"], main_op=written)
    builder.save()
    convert.convert("saved_model", folder, NETWORK, tmp_path / "out")
    assert not trace.exists()
    held = tf.train.load_checkpoint(str(tmp_path / "out"))
    for name, value in filled.values.items():
        np.testing.assert_array_equal(held.get_tensor(name), value)
    with tf.Graph().as_default(), v1.Session() as other:
        v1.saved_model.load(other, ["serve"], folder)
    assert trace.exists()  # who runs it, does so


def test_a_constant_that_claims_more_than_it_holds(tmp_path):
    graph = v1.GraphDef()
    node = graph.node.add(op="Const", name="w")
    tensor = node.attr["value"].tensor
    tensor.dtype = tf.float32.as_datatype_enum
    tensor.float_val.append(1)
    for size in (2**31, -1):
        del tensor.tensor_shape.dim[:]
        tensor.tensor_shape.dim.add(size=size)
        path = write(tmp_path / "it.pb", graph)
        with pytest.raises(errors.InputError, match=r"the constant w claims a shape"):
            convert.convert("frozen_graph", str(path), NETWORK, tmp_path / "out")


def test_a_graph_without_weights(tmp_path):
    path = write(tmp_path / "empty.pb", v1.GraphDef())
    assert graphs.read_frozen(path, NETWORK) == rules.Found({}, [], [])
