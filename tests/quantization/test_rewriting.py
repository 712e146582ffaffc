"""What a rewritten graph computes, beside the graph that it was."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.quantization.graph import Unquantizable
from slimnets.quantization.rewriting import rewrite

v1 = tf.compat.v1
IMAGES = np.random.default_rng(0).normal(size=[8, 9, 9, 3]).astype(np.float32)
FINE = {"weight_bits": 16, "activation_bits": 16}  # as good as float
NORM = {"normalizer_fn": slim.batch_norm}


def conv_and_norm(images: tf.Tensor, is_training: bool) -> tf.Tensor:
    """A convolution, a depthwise one that is dilated, and the logits."""
    given = {**NORM, "normalizer_params": {"is_training": is_training, "scale": True}}
    net = slim.conv2d(images, 4, 3, stride=2, scope="Conv", **given)
    net = slim.separable_conv2d(net, None, 3, 1, rate=2, scope="Depthwise", **given)
    return slim.conv2d(net, 3, 1, activation_fn=None, scope="Logits")


class Run:
    """A network of ours in a v1 graph, rewritten or not, and one step of training."""

    def __init__(
        self, network, settings=None, is_training=True, values=None, step=None
    ):
        """Runs it on IMAGES with variables of given values or those of a seed."""
        with tf.Graph().as_default() as graph, v1.Session() as session:
            v1.set_random_seed(0)
            net = network(tf.constant(IMAGES), is_training)
            loss = tf.reduce_sum(tf.square(tf.identity(net, name="net")))
            if step is not None:
                settings = dataclasses.replace(settings, step=tf.constant(step))
            if settings is not None:
                rewrite(graph.get_operations(), is_training, settings)
            self.ops = {op.name for op in graph.get_operations()}
            variables = {v.op.name: v for v in v1.global_variables()}
            trained = {v.op.name: v for v in v1.trainable_variables()}
            gradients = tf.gradients(loss, list(trained.values()))
            session.run(v1.global_variables_initializer())
            for name, value in (values or {}).items():
                if name in variables:
                    variables[name].load(value, session)
            self.before = session.run(variables)
            updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
            self.net, found = session.run(["net:0", gradients])
            self.gradients = dict(zip(trained, found, strict=True))
            session.run(updates)
            self.after = session.run(variables)


@pytest.fixture(scope="module")
def float_run() -> Run:
    return Run(conv_and_norm)


@pytest.fixture(scope="module")
def fine_run(float_run) -> Run:
    return Run(conv_and_norm, FakeQuantization(**FINE), values=float_run.before)


def test_a_folded_batch_norm_is_the_batch_norm(float_run, fine_run):
    """In training, by the batch's moments; the moving averages move as they did."""
    np.testing.assert_allclose(fine_run.net, float_run.net, rtol=5e-3, atol=2e-2)
    for name, value in float_run.after.items():
        np.testing.assert_allclose(fine_run.after[name], value, rtol=1e-5, atol=1e-5)


def test_its_gradients_are_the_batch_norms(float_run, fine_run):
    for name, expected in float_run.gradients.items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            fine_run.gradients[name], expected, atol=0.02 * scale, err_msg=name
        )


def test_in_evaluation_too(float_run):
    values = float_run.after | {
        "Conv/BatchNorm/moving_variance": np.array([0.5, 2, 1, 4], np.float32)
    }
    plain = Run(conv_and_norm, is_training=False, values=values)
    trained = Run(conv_and_norm, FakeQuantization(**FINE), values=values)
    folded = Run(
        conv_and_norm,
        FakeQuantization(**FINE),
        is_training=False,
        values=trained.after | {k: v for k, v in values.items() if "quant" not in k},
    )
    # The ranges are of training's values, within which these lie but for a few.
    assert np.corrcoef(folded.net.ravel(), plain.net.ravel())[0, 1] > 0.9


@pytest.mark.parametrize(("step", "frozen"), [(4, False), (5, True)])
def test_frozen_it_normalizes_by_moving_averages_which_stay(float_run, step, frozen):
    settings = FakeQuantization(freeze_batch_norm_delay=5, **FINE)
    run = Run(conv_and_norm, settings, values=float_run.before, step=step)
    name = "Conv/BatchNorm/moving_mean"
    assert (run.after[name] == run.before[name]).all() == frozen
    plain = Run(conv_and_norm, is_training=False, values=float_run.before)
    expected = (plain if frozen else float_run).net
    np.testing.assert_allclose(run.net, expected, rtol=5e-3, atol=2e-2)


@pytest.mark.parametrize("step", [0, 1])
def test_values_are_rounded_from_the_delay_on(float_run, step):
    settings = FakeQuantization(delay=1)
    run = Run(conv_and_norm, settings, values=float_run.before, step=step)
    error = np.abs(run.net - float_run.net).max() / np.abs(float_run.net).max()
    assert (error > 1e-4) == (step == 1)


def test_weights_are_rounded_symmetrically_to_255_integers(float_run):
    run = Run(conv_and_norm, FakeQuantization(), values=float_run.before)
    low, high = (run.after[f"Logits/weights_quant/{n}"] for n in ("min", "max"))
    largest = np.abs(run.before["Logits/weights"]).max()
    assert -low == high == pytest.approx(largest)


def test_a_range_begins_with_the_first_batch(float_run):
    run = Run(conv_and_norm, FakeQuantization(), values=float_run.before)
    low, high = (run.after[f"Logits/act_quant/{n}"] for n in ("min", "max"))
    assert low == pytest.approx(min(float_run.net.min(), 0), rel=0.05)
    assert high == pytest.approx(float_run.net.max(), rel=0.05)


def names_of(network, delay=0, step=None) -> set[str]:
    """Returns the ranges of a network, without what debiases them."""
    after = Run(network, FakeQuantization(delay=delay), step=step).after
    return {n.removesuffix("/min") for n in after if n.endswith("_quant/min")}


def test_ranges_have_tf_contrib_quantizes_names():
    assert names_of(conv_and_norm) == {
        "Conv/weights_quant",
        "Conv/act_quant",
        "Depthwise/weights_quant",
        "Depthwise/act_quant",
        "Logits/weights_quant",
        "Logits/act_quant",
    }


def test_and_what_debiases_them_too():
    after = Run(conv_and_norm, FakeQuantization()).after
    assert "Conv/act_quant/Conv/act_quant/min/local_step" in after


def test_biases_are_rounded_behind_rounded_images_too():
    """An export rounds its images itself; the first layer's step follows from it."""
    step = np.float32(4 / 255 * 100 / 254)
    values = {
        "Logits/weights": np.zeros([1, 1, 3, 3], np.float32),
        "Logits/biases": np.array([0.4, 0.6, -0.6], np.float32) * step,
        "Logits/weights_quant/min": np.float32(-50),
        "Logits/weights_quant/max": np.float32(50),
        "Logits/act_quant/min": -12.8 * step,
        "Logits/act_quant/max": 12.7 * step,
    }
    with tf.Graph().as_default() as graph, v1.Session() as session:
        images = tf.quantization.fake_quant_with_min_max_args(IMAGES, -2, 2)
        net = slim.conv2d(images, 3, 1, activation_fn=None, scope="Logits")
        settings = FakeQuantization(integer_kernels=True)
        ops = rewrite(graph.get_operations(), False, settings)
        for variable in v1.global_variables():
            variable.load(values[variable.op.name], session)
        found = session.run(ops.resolve(net))
    np.testing.assert_allclose(found[0, 0, 0] / step, [0, 1, -1], atol=1e-3)


def test_layers_add_up_whole_numbers_in_evaluation():
    """What leaves them is the same as without, but where float sums err."""
    trained = Run(conv_and_norm, FakeQuantization()).after
    found = []
    for integer_kernels in (False, True):
        with tf.Graph().as_default() as graph, v1.Session() as session:
            images = tf.quantization.fake_quant_with_min_max_args(IMAGES, -4, 4)
            net = conv_and_norm(images, False)
            settings = FakeQuantization(integer_kernels=integer_kernels)
            ops = rewrite(graph.get_operations(), False, settings)
            for variable in v1.global_variables():
                variable.load(trained[variable.op.name], session)
            found.append(session.run(ops.resolve(net)))
            sums = [op for op in graph.get_operations() if "/integers/mul" in op.name]
            kernels = [op.inputs[0] for op in sums if op.inputs[0].shape.rank == 4]
            kernels = [sums for sums in kernels if sums.op.type != "Round"]
            for values in session.run(kernels):
                assert (values == np.round(values)).all() and np.abs(values).max() > 99
    assert len(kernels) == 3
    step = (trained["Logits/act_quant/max"] - trained["Logits/act_quant/min"]) / 255
    assert np.abs(found[0] - found[1]).max() <= 1.01 * step
    assert (np.abs(found[0] - found[1]) < 0.01 * step).mean() > 0.98


def shortcut(images: tf.Tensor, is_training: bool) -> tf.Tensor:
    with v1.variable_scope("unit"):
        net = slim.conv2d(images, 3, 3, activation_fn=None, scope="Conv")
        net = tf.nn.relu(images + net)
        late = slim.conv2d(net, 3, 3, scope="Late")
        return net + late


def test_a_shortcut_is_rounded_before_and_after():
    assert names_of(shortcut) == {
        "unit/Conv/weights_quant",
        "unit/Conv/conv_quant",
        "unit/act_quant",
        "unit/Late/weights_quant",
        "unit/Late/act_quant",
        "unit/post_activation_bypass_quant",
    }


def hard_swish(images: tf.Tensor, is_training: bool) -> tf.Tensor:
    net = slim.conv2d(images, 3, 3, activation_fn=None, scope="Conv")
    return net * tf.nn.relu6(net + 3) * (1 / 6)


def test_products_of_rounded_values_are_rounded():
    quantized = {name for name in names_of(hard_swish) if "activation_Mul" in name}
    assert quantized == {
        "mul/activation_Mul_quant",
        "mul_1/activation_Mul_quant",
    }


def test_so_they_are_where_rounding_waits():
    """What selects rounded values from some step on is no dropout."""
    assert names_of(hard_swish, delay=2, step=1) == names_of(hard_swish)


def test_hard_swish_is_one_op_in_float_as_converters_make_it():
    """Its input is rounded, and what follows rounds again, but nothing inside of it."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        images = tf.quantization.fake_quant_with_min_max_args(IMAGES, -4, 4)
        net = slim.conv2d(images, 3, 3, activation_fn=None, scope="Conv")
        swished = net * tf.nn.relu6(net + 3) / 6
        settings = FakeQuantization(integer_kernels=True)
        ops = rewrite(graph.get_operations(), False, settings)
        session.run(v1.global_variables_initializer())
        value, found = session.run([ops.resolve(net), ops.resolve(swished)])
    assert len(np.unique(value)) <= 256
    np.testing.assert_allclose(found, value * np.clip(value + 3, 0, 6) / 6, rtol=1e-6)


def branches(images: tf.Tensor, is_training: bool) -> tf.Tensor:
    small = slim.conv2d(images, 2, 1, scope="Small")
    large = 10 * slim.conv2d(images, 2, 1, scope="Large")
    large = slim.max_pool2d(large, 3, 1, "SAME")
    return slim.avg_pool2d(tf.concat([small, large], 3), [9, 9], scope="Pool")


def test_a_concatenation_has_the_range_of_all_its_parts():
    run = Run(branches, FakeQuantization())
    assert any(name.startswith("concat_quant") for name in run.ops)
    high = run.after["mul/activation_Mul_quant/max"]
    step = np.round(run.net / (high / 255))
    np.testing.assert_allclose(run.net, step * high / 255, rtol=1e-3, atol=1e-3)


def dropout(images: tf.Tensor, is_training: bool) -> tf.Tensor:
    net = slim.conv2d(images, 3, 3, scope="Conv")
    net = slim.dropout(net, 0.5, is_training=is_training)
    return slim.conv2d(net, 3, 1, scope="Logits")


def drop_path(images: tf.Tensor, is_training: bool) -> tf.Tensor:
    with v1.variable_scope("unit"):
        net = slim.conv2d(images, 3, 1, activation_fn=None, scope="Conv", **NORM)
        one_each = [tf.shape(net)[0], 1, 1, 1]
        net = slim.dropout(net, 0.9, noise_shape=one_each, is_training=is_training)
        return images + net


def test_a_shortcut_after_a_drop_path_is_rounded_in_training_as_in_evaluation():
    with tf.Graph().as_default() as graph:
        drop_path(tf.constant(IMAGES), False)
        rewrite(graph.get_operations(), False, FakeQuantization())
        evaluated = {v.op.name for v in v1.global_variables() if "_quant" in v.op.name}
    assert names_of(drop_path) == {
        "unit/Conv/weights_quant",
        "unit/Conv/act_quant",
        "unit/post_activation_bypass_quant",
    }
    assert {
        name.removesuffix("/min") for name in evaluated if name.endswith("/min")
    } == (names_of(drop_path))


def test_dropout_which_is_trainings_alone_has_no_range():
    assert not [name for name in names_of(dropout) if "activation" in name]


def test_a_separable_convolution_is_rounded_between_its_halves():
    def separable(images, is_training):
        return slim.separable_conv2d(images, 4, 3, 1, scope="Both")

    after = Run(separable, FakeQuantization()).after
    assert {"Both/weights_quant_1/min", "Both/act_quant_1/max"} <= after.keys()


def test_a_graph_without_layers_is_refused():
    with pytest.raises(Unquantizable, match="no layer whose weights"):
        Run(lambda images, is_training: images * 2.0, FakeQuantization())
