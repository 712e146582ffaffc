"""tf.contrib.quantize's functions on a v1 graph, and the same network as a Model."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.layers.computation import Computation, computing
from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.model import Model
from slimnets.nets import mobilenet_v1

v1 = tf.compat.v1
IMAGES = np.random.default_rng(0).uniform(-1, 1, [2, 32, 32, 3]).astype(np.float32)
THREE_LAYERS = mobilenet_v1.MOBILENETV1_CONV_DEFS[:2]


def build(images: tf.Tensor, is_training: bool) -> tf.Tensor:
    with slim.arg_scope(mobilenet_v1.mobilenet_v1_arg_scope(is_training=is_training)):
        return mobilenet_v1.mobilenet_v1(
            images, 3, is_training=is_training, conv_defs=THREE_LAYERS, global_pool=True
        )[0]


def builder(images, num_classes=3, is_training=True, scope="MobilenetV1"):
    with slim.arg_scope(mobilenet_v1.mobilenet_v1_arg_scope(is_training=is_training)):
        return mobilenet_v1.mobilenet_v1(
            images,
            num_classes,
            is_training=is_training,
            conv_defs=THREE_LAYERS,
            global_pool=True,
        )


@pytest.fixture(scope="module")
def trained() -> dict[str, np.ndarray]:
    """The variables after one step of a training graph, and the loss of it."""
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(1)
        loss = tf.reduce_sum(tf.abs(build(tf.constant(IMAGES), is_training=True)))
        slim.experimental_create_training_graph(symmetric=True, quant_delay=1)
        step = v1.train.GradientDescentOptimizer(0.01).minimize(loss)
        updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
        session.run(v1.global_variables_initializer())
        session.run([step, *updates])
        variables = {v.op.name: v for v in v1.global_variables()}
        assert session.run(variables["fake_quantization_step"]) == 1
        return session.run(variables)


def test_the_names_are_those_of_published_checkpoints(trained):
    assert {
        "MobilenetV1/Conv2d_0/weights",
        "MobilenetV1/Conv2d_0/BatchNorm/moving_mean",
        "MobilenetV1/MobilenetV1/Conv2d_0/weights_quant/min",
        "MobilenetV1/MobilenetV1/Conv2d_0/act_quant/max",
        "MobilenetV1/MobilenetV1/Conv2d_1_depthwise/weights_quant/max",
        "MobilenetV1/MobilenetV1/Conv2d_1_pointwise/act_quant/min",
        "MobilenetV1/Logits/Conv2d_1c_1x1/weights_quant/max",
        "MobilenetV1/Logits/Conv2d_1c_1x1/act_quant/min",
    } <= trained.keys()


def test_a_model_computes_what_the_graph_computes(trained):
    with tf.Graph().as_default(), v1.Session() as session:
        build(tf.constant(IMAGES), is_training=False)
        slim.create_eval_graph()
        saver = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        for name, variable in saver.items():
            variable.load(trained[name], session)
        graph = v1.get_default_graph()
        (last,) = [
            op
            for op in graph.get_operations()
            if op.name.startswith("MobilenetV1/Logits/Conv2d_1c_1x1/act_quant")
            and op.type == "FakeQuantWithMinMaxVars"
        ]
        expected = session.run(last.outputs[0])[:, 0, 0]
    with computing(Computation(quantization=FakeQuantization())):
        model = Model(builder, 3, image_size=32)
        for name, variable in model.variables_by_name.items():
            variable.assign(trained[name])
        logits, end_points = model(tf.constant(IMAGES))
    assert {*model.variables_by_name} == {*saver}
    # By one step of the last range at most: sums may differ in their last bit.
    scale = np.ptp([expected.min(), expected.max()]) / 100
    np.testing.assert_allclose(logits, expected, atol=scale)
    assert "Conv2d_1_pointwise" in end_points


def test_a_graph_that_trains_already_is_refused():
    with tf.Graph().as_default():
        loss = tf.reduce_sum(build(tf.constant(IMAGES), is_training=True))
        v1.train.GradientDescentOptimizer(0.01).minimize(loss)
        with pytest.raises(ValueError, match="rewrite it before the optimizer"):
            slim.create_training_graph()


def test_only_a_scope_is_quantized():
    with tf.Graph().as_default():
        build(tf.constant(IMAGES), is_training=False)
        slim.experimental_create_eval_graph(scope="MobilenetV1/Logits")
        names = [v.op.name for v in v1.global_variables() if "_quant/" in v.op.name]
    assert {name.rpartition("/")[0] for name in names} == {
        "MobilenetV1/Logits/Conv2d_1c_1x1/weights_quant",
        "MobilenetV1/Logits/Conv2d_1c_1x1/act_quant",
    }


def test_variables_of_tensorflow_1_are_quantized_too():
    with tf.Graph().as_default(), v1.variable_scope("", use_resource=False):
        build(tf.constant(IMAGES), is_training=True)
        slim.create_training_graph(tf.compat.v1.get_default_graph(), 10)
        names = {v.op.name for v in v1.global_variables()}
    assert "MobilenetV1/MobilenetV1/Conv2d_0/weights_quant/min" in names
