"""Batch normalization against numpy, between its two kernels, and in each mode."""

import functools

import numpy as np
import pytest
import tensorflow as tf
import tf_slim
from tensorflow.python.training import moving_averages

from slimnets import slim
from slimnets.layers.computation import Computation, computing
from tests.layers import graphs

v1 = tf.compat.v1
KEYS = v1.GraphKeys
EPSILON = 0.01
NO_AUTOGRAPH = functools.partial(tf.function, autograph=False)
SHAPES = [(6, 3), (4, 5, 3), (4, 5, 2, 3), (2, 3, 4, 2, 3)]


def normalized(inputs, mean, variance, gamma=1.0, beta=0.0):
    return gamma * (inputs - mean) / np.sqrt(variance + EPSILON) + beta


def channels_first(inputs):
    return np.moveaxis(inputs, -1, 1)


class Layer:
    """A batch norm in a v1 graph of its own, with arbitrary variables."""

    def __init__(self, inputs, **options):
        options = {"epsilon": EPSILON, "scope": "bn", **options}
        self.graph = tf.Graph()
        self.session = v1.Session(graph=self.graph)
        with self.graph.as_default():
            self.inputs = tf.constant(inputs)
            self.outputs = slim.batch_norm(self.inputs, **options)
            self.variables = {
                v.op.name.removeprefix("bn/"): v for v in v1.global_variables()
            }
            loss = tf.reduce_sum(tf.sin(self.outputs))
            trained = sorted(v1.trainable_variables(), key=lambda v: v.op.name)
            wanted = [self.inputs, *trained]
            self.gradients = tf.gradients(loss, wanted)
            with self.session.as_default():
                graphs.initialize(self.session)

    def run(self, fetches, feed=None):
        return self.session.run(fetches, feed)

    def collection(self, key):
        with self.graph.as_default():
            return v1.get_collection(key)

    def moving(self):
        """Returns the values of the moving mean and variance."""
        names = ("moving_mean", "moving_variance")
        return self.run([self.variables[name] for name in names])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fused", [None, True, False])
@pytest.mark.parametrize(("center", "scale"), [(True, True), (False, False)])
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("is_training", [True, False])
def test_numbers(shape, fused, center, scale, data_format, is_training):
    inputs = 3 * graphs.images(*shape) + 1
    first = data_format == "NCHW"
    layer = Layer(
        channels_first(inputs) if first else inputs,
        center=center,
        scale=scale,
        fused=fused,
        data_format=data_format,
        is_training=is_training,
    )
    values = layer.run(layer.variables)
    axes = tuple(range(len(shape) - 1))
    moments = inputs.mean(axes), inputs.var(axes)
    if not is_training:
        moments = values["moving_mean"], values["moving_variance"]
    gamma, beta = values.get("gamma", 1.0), values.get("beta", 0.0)
    expected = normalized(inputs, *moments, gamma, beta)
    np.testing.assert_allclose(
        layer.run(layer.outputs),
        channels_first(expected) if first else expected,
        rtol=1e-4,
        atol=1e-4,
    )
    names = ["gamma"] * scale + ["beta"] * center + ["moving_mean", "moving_variance"]
    assert set(values) == set(names)
    assert layer.outputs.shape == layer.inputs.shape


@pytest.mark.parametrize("shape", [(6, 3), (4, 5, 2, 3)])
@pytest.mark.parametrize("is_training", [True, False])
def test_both_kernels_have_the_same_gradients(shape, is_training):
    fused, plain = (
        layer.run(layer.gradients)
        for kernel in (True, False)
        for layer in [
            Layer(
                graphs.images(*shape), scale=True, fused=kernel, is_training=is_training
            )
        ]
    )
    assert len(fused) == 3
    for one, other in zip(fused, plain, strict=True):
        assert np.abs(one).max() > 1e-3
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fused", [None, False])
def test_moving_averages(shape, fused):
    inputs = 2 * graphs.images(*shape) + 1
    layer = Layer(inputs, decay=0.75, fused=fused)
    before = layer.moving()
    layer.run(layer.collection(KEYS.UPDATE_OPS))
    axes = tuple(range(len(shape) - 1))
    # TensorFlow's fused kernel gives the unbiased variance; it takes rank 2 and 4.
    unbiased = fused is None and len(shape) in (2, 4)
    moments = inputs.mean(axes), inputs.var(axes, ddof=int(unbiased))
    for old, moment, new in zip(before, moments, layer.moving(), strict=True):
        np.testing.assert_allclose(new, 0.75 * old + 0.25 * moment, rtol=1e-4)


def test_decay_of_one_and_zero():
    inputs = graphs.images(4, 5, 2, 3)
    for decay in (0.0, 1.0):
        layer = Layer(inputs, decay=decay)
        before = layer.moving()[0]
        layer.run(layer.collection(KEYS.UPDATE_OPS))
        expected = before if decay else inputs.mean((0, 1, 2))
        np.testing.assert_allclose(layer.moving()[0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("fused", [None, False])
def test_updates_are_collected_and_wait(fused):
    layer = Layer(graphs.images(4, 5, 2, 3), fused=fused)
    before = layer.moving()
    layer.run(layer.outputs)
    np.testing.assert_array_equal(before, layer.moving())
    updates = layer.collection(KEYS.UPDATE_OPS)
    with layer.graph.as_default():
        assert len(set(updates)) == 2  # tf_slim.learning makes sets of updates.
    layer.run(updates)
    assert np.abs(np.subtract(before, layer.moving())).min() > 0


def test_updates_in_a_collection_of_ones_own():
    layer = Layer(graphs.images(4, 5, 2, 3), updates_collections="mine")
    assert len(layer.collection("mine")) == 2
    assert not layer.collection(KEYS.UPDATE_OPS)


@pytest.mark.parametrize("fused", [None, False])
def test_updates_with_the_outputs(fused):
    layer = Layer(graphs.images(4, 5, 2, 3), fused=fused, updates_collections=None)
    before = layer.moving()
    layer.run(layer.outputs)
    assert np.abs(np.subtract(before, layer.moving())).min() > 0
    assert not layer.collection(KEYS.UPDATE_OPS)


@pytest.mark.parametrize("updates_collections", [None, KEYS.UPDATE_OPS])
@pytest.mark.parametrize("mode", [bool, tf.constant])
def test_inference_updates_nothing(updates_collections, mode):
    with tf.Graph().as_default() as graph:
        slim.batch_norm(
            tf.ones([4, 3]),
            is_training=mode(False),
            updates_collections=updates_collections,
        )
        assert not v1.get_collection(KEYS.UPDATE_OPS)
        assert not [op for op in graph.get_operations() if "AssignSub" in op.type]


@pytest.mark.parametrize("fused", [None, False])
@pytest.mark.parametrize("updates_collections", [None, KEYS.UPDATE_OPS])
def test_mode_known_only_at_run_time(fused, updates_collections):
    inputs = graphs.images(4, 5, 2, 3)
    with tf.Graph().as_default(), v1.Session() as session:
        training = v1.placeholder(tf.bool, [])
        outputs = slim.batch_norm(
            tf.constant(inputs),
            decay=0.5,
            epsilon=EPSILON,
            fused=fused,
            is_training=training,
            updates_collections=updates_collections,
        )
        assert outputs.shape == inputs.shape
        updates = v1.get_collection(KEYS.UPDATE_OPS)
        assert len(updates) == (0 if updates_collections is None else 2)
        moving = v1.get_collection(KEYS.MODEL_VARIABLES)[-2:]
        session.run(v1.global_variables_initializer())
        outputs_by_mode, moving_by_mode = {}, {}
        for mode in (False, True):
            feed = {training: mode}
            outputs_by_mode[mode] = session.run([outputs, updates], feed)[0]
            moving_by_mode[mode] = session.run(moving)
    axes = (0, 1, 2)
    np.testing.assert_allclose(
        outputs_by_mode[False], normalized(inputs, 0, 1), rtol=1e-5
    )
    np.testing.assert_array_equal(moving_by_mode[False], [[0] * 3, [1] * 3])
    np.testing.assert_allclose(
        outputs_by_mode[True],
        normalized(inputs, inputs.mean(axes), inputs.var(axes)),
        rtol=1e-4,
        atol=1e-4,
    )
    np.testing.assert_allclose(moving_by_mode[True][0], inputs.mean(axes) / 2, 1e-4)


@pytest.mark.parametrize("updates_collections", [None, KEYS.UPDATE_OPS])
@pytest.mark.parametrize("wrap", [lambda f: f, NO_AUTOGRAPH], ids=["eager", "function"])
def test_outside_a_graph_updates_run_with_the_call(wrap, updates_collections):
    kept = {}

    def kept_variable(getter, name, shape, initializer, **options):
        if name not in kept:
            with tf.init_scope():
                kept[name] = tf.Variable(initializer(shape))
        return kept[name]

    @wrap
    def call(inputs):
        with v1.variable_scope("", reuse=v1.AUTO_REUSE, custom_getter=kept_variable):
            return slim.batch_norm(
                inputs, decay=0.5, scope="bn", updates_collections=updates_collections
            )

    inputs = tf.constant(graphs.images(4, 5, 2, 3))
    call(inputs)
    mean = inputs.numpy().mean((0, 1, 2))
    np.testing.assert_allclose(kept["bn/moving_mean"], mean / 2, rtol=1e-4)
    call(inputs)
    np.testing.assert_allclose(kept["bn/moving_mean"], mean * 3 / 4, rtol=1e-4)


def test_zero_debias_is_tensorflows():
    inputs = graphs.images(5, 8, 3)
    with tf.Graph().as_default(), v1.Session() as session:
        batch = v1.placeholder(tf.float32, [8, 3])
        slim.batch_norm(batch, decay=0.9, zero_debias_moving_mean=True, scope="bn")
        updates = v1.get_collection(KEYS.UPDATE_OPS)
        ours = {v.op.name: v for v in v1.global_variables()}
        # What tf.contrib.layers called, on a variable of the same name.
        with v1.variable_scope("peer/bn"):
            mean = v1.get_variable("moving_mean", [3], initializer=tf.zeros)
            moved = moving_averages.assign_moving_average(
                mean, tf.reduce_mean(batch, 0), 0.9, zero_debias=True
            )
        names = [v.op.name for v in v1.global_variables()]
        theirs = [n.replace("peer/", "") for n in names if n.startswith("peer/")]
        session.run(v1.global_variables_initializer())
        for step in inputs:
            session.run([moved, *updates], {batch: step})
            one, other = session.run([ours["bn/moving_mean"], mean])
            np.testing.assert_allclose(one, other, rtol=1e-5)
        np.testing.assert_allclose(session.run(ours["bn/bn/moving_mean/local_step"]), 5)
        variance = session.run(ours["bn/moving_variance"])
    assert set(theirs) == set(ours) - {"bn/beta", "bn/moving_variance"}
    assert ours["bn/moving_mean"].shape == [3]
    biased = np.ones(3)
    for step in inputs:
        biased = 0.9 * biased + 0.1 * step.var(0, ddof=1)
    np.testing.assert_allclose(variance, biased, rtol=1e-4)


def test_the_first_debiased_mean_is_the_batchs():
    inputs = graphs.images(8, 3)
    layer = Layer(inputs, zero_debias_moving_mean=True, updates_collections=None)
    with layer.graph.as_default():
        layer.run(v1.global_variables_initializer())
    layer.run(layer.outputs)
    np.testing.assert_allclose(layer.moving()[0], inputs.mean(0), rtol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_weights_weigh_the_examples(shape):
    inputs = graphs.images(*shape)
    weights = np.linspace(0, 1, shape[0]).astype(np.float32)
    layer = Layer(inputs, batch_weights=weights, decay=0.0)
    outputs = layer.run(layer.outputs)
    axes = tuple(range(len(shape) - 1))
    spread = np.broadcast_to(weights.reshape(-1, *[1] * (len(shape) - 1)), shape)
    mean = np.average(inputs, axes, spread)
    variance = np.average((inputs - mean) ** 2, axes, spread)
    beta = layer.run(layer.variables["beta"])
    expected = normalized(inputs, mean, variance, beta=beta)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)
    layer.run(layer.collection(KEYS.UPDATE_OPS))
    for value, moment in zip(layer.moving(), (mean, variance), strict=True):
        np.testing.assert_allclose(value, moment, rtol=1e-4, atol=1e-5)


def test_initializers_and_regularizers():
    with tf.Graph().as_default(), v1.Session() as session:
        slim.batch_norm(
            tf.ones([4, 3]),
            scale=True,
            param_initializers={
                name: tf.constant_initializer(value)
                for value, name in enumerate(
                    ["beta", "gamma", "moving_mean", "moving_variance"], 2
                )
            },
            param_regularizers={
                "beta": slim.l2_regularizer(1.0),
                "gamma": slim.l1_regularizer(1.0),
            },
        )
        session.run(v1.global_variables_initializer())
        values = session.run(v1.global_variables())
        losses = session.run(v1.losses.get_regularization_losses())
    np.testing.assert_array_equal(values, [[2] * 3, [3] * 3, [4] * 3, [5] * 3])
    np.testing.assert_allclose(losses, [3 * 4 / 2, 3 * 3])


@pytest.mark.parametrize("trainable", [True, False])
def test_collections_of_variables(trainable):
    with tf.Graph().as_default():
        slim.batch_norm(
            tf.ones([4, 3]),
            scale=True,
            variables_collections=["a"],
            trainable=trainable,
        )

        def names(key):
            return [v.op.name.rpartition("/")[2] for v in v1.get_collection(key)]

        everything = ["beta", "gamma", "moving_mean", "moving_variance"]
        assert names(KEYS.GLOBAL_VARIABLES) == everything
        assert names(KEYS.MODEL_VARIABLES) == everything
        assert names("a") == everything
        assert names(KEYS.TRAINABLE_VARIABLES) == everything[: 2 * trainable]


def test_collections_by_variable_and_of_outputs():
    collections = {"beta": ["b"], "moving_mean": ["m", "n"]}
    layer = Layer(
        graphs.images(4, 3),
        variables_collections=collections,
        outputs_collections="o",
        activation_fn=tf.nn.relu,
    )
    assert [v.op.name for v in layer.collection("b")] == ["bn/beta"]
    assert [v.op.name for v in layer.collection("m")] == ["bn/moving_mean"]
    assert [v.op.name for v in layer.collection("n")] == ["bn/moving_mean"]
    assert layer.collection("o") == [layer.outputs]
    assert layer.outputs.op.name == "bn/Relu"


def test_moving_averages_belong_to_the_replica():
    layer = Layer(graphs.images(4, 3), zero_debias_moving_mean=True)
    kept = {
        name: (variable.synchronization, variable.aggregation)
        for name, variable in layer.variables.items()
    }
    on_read = (tf.VariableSynchronization.ON_READ, tf.VariableAggregation.MEAN)
    assert {name for name, how in kept.items() if how == on_read} == {
        "moving_mean",
        "moving_variance",
        "bn/moving_mean/biased",
        "bn/moving_mean/local_step",
    }


def test_reuse():
    with tf.Graph().as_default(), v1.Session() as session:
        inputs = tf.constant(graphs.images(4, 3))
        first = slim.batch_norm(inputs, scope="bn", is_training=False)
        again = slim.batch_norm(inputs, scope="bn", is_training=False, reuse=True)
        assert len(v1.global_variables()) == 3
        graphs.initialize(session)
        np.testing.assert_array_equal(*session.run([first, again]))
        with pytest.raises(ValueError, match="already exists"):
            slim.batch_norm(inputs, scope="bn")
        with pytest.raises(ValueError, match="does not exist"):
            slim.batch_norm(inputs, scope="other", reuse=True)


def test_a_scope_over_tf_slims_reaches_ours():
    with (
        tf.Graph().as_default(),
        tf_slim.arg_scope([tf_slim.batch_norm], scale=True, scope="here"),
    ):
        slim.batch_norm(tf.ones([4, 3]))
        assert v1.global_variables()[1].op.name == "here/gamma"


def test_a_scope_over_ours_reaches_tf_slims():
    with (
        tf.Graph().as_default(),
        tf_slim.arg_scope([slim.batch_norm], data_format="CNHW", fused=False),
        pytest.raises(ValueError, match="NCHW or NHWC"),
    ):
        # tf_slim's own runs no further than this check on today's TensorFlow.
        tf_slim.batch_norm(tf.ones([4, 3]))


@graphs.peers
def test_it_normalizes_tf_slims_convolutions():
    with tf.Graph().as_default():
        net = tf_slim.conv2d(
            tf.ones([2, 4, 4, 3]), 5, 3, normalizer_fn=slim.batch_norm, scope="conv"
        )
        names = [v.op.name for v in v1.global_variables()]
    assert names == [
        "conv/weights",
        "conv/BatchNorm/beta",
        "conv/BatchNorm/moving_mean",
        "conv/BatchNorm/moving_variance",
    ]
    assert net.op.name == "conv/Relu"


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
@pytest.mark.parametrize("fused", [None, False])
@pytest.mark.parametrize("is_training", [True, False])
def test_half_precision_has_single_precision_variables(dtype, fused, is_training):
    inputs = tf.cast(graphs.images(4, 5, 2, 3), dtype).numpy()
    layer = Layer(inputs, fused=fused, is_training=is_training, scale=True)
    single = inputs.astype(np.float32)
    peer = Layer(single, fused=fused, is_training=is_training, scale=True)
    assert layer.outputs.dtype == dtype
    assert {v.dtype for v in layer.variables.values()} == {tf.float32}
    outputs = layer.run(layer.outputs).astype(np.float32)
    np.testing.assert_allclose(outputs, peer.run(peer.outputs), atol=0.05)


@pytest.mark.parametrize("fused", [None, False])
@pytest.mark.parametrize(
    ("shape", "static_shape"),
    [((5, 3), [None, 3]), ((2, 4, 5, 3), [None, None, None, 3])],
)
def test_unknown_sizes(fused, shape, static_shape):
    ours = graphs.outcome(
        lambda x: slim.batch_norm(x, fused=fused), graphs.images(*shape), static_shape
    )
    assert ours.shape == static_shape
    assert ours.outputs.shape == shape


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        (None, {}, "undefined rank"),
        ([4, None], {}, "undefined channels dimension"),
        ([4, None, 3], {"data_format": "NCHW"}, "undefined channels dimension"),
        ([4, 3], {"data_format": "NC"}, "NCHW or NHWC"),
    ],
)
def test_errors(shape, options, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        slim.batch_norm(v1.placeholder(tf.float32, shape), **options)


@pytest.mark.parametrize("shape", [(6, 3), (4, 5, 2, 3), (2, 3, 4, 2, 3)])
@pytest.mark.parametrize("is_training", [True, False])
def test_float64(shape, is_training):
    inputs = graphs.images(*shape).astype(np.float64)
    layer = Layer(inputs, scale=True, is_training=is_training)
    values = layer.run(layer.variables)
    assert {value.dtype for value in values.values()} == {np.dtype(np.float64)}
    axes = tuple(range(len(shape) - 1))
    moments = inputs.mean(axes), inputs.var(axes)
    if not is_training:
        moments = values["moving_mean"], values["moving_variance"]
    expected = normalized(inputs, *moments, values["gamma"], values["beta"])
    np.testing.assert_allclose(layer.run(layer.outputs), expected, rtol=1e-12)
    assert len(layer.run(layer.collection(KEYS.UPDATE_OPS))) == 2 * is_training


@pytest.mark.parametrize(
    ("shape", "options", "first"),
    [
        ((4, 5, 2, 3), {}, "gamma"),
        ((4, 5, 3), {}, "gamma"),
        ((6, 3), {"fused": False}, "gamma"),
        ((6, 3), {"renorm": True}, "gamma"),
        ((6, 3), {}, "beta"),
        ((4, 5, 2, 3), {"updates_collections": None}, "beta"),
        ((4, 5, 2, 3), {"updates_collections": "mine"}, "beta"),
        ((4, 5, 2, 3), {"zero_debias_moving_mean": True}, "beta"),
        ((2, 3), {"batch_weights": tf.ones([2]).numpy()}, "beta"),
    ],
)
def test_beta_and_gamma_are_made_in_tf_slims_order(shape, options, first):
    layer = Layer(graphs.images(*shape), scale=True, **options)
    second = {"beta": "gamma", "gamma": "beta"}[first]
    names = list(layer.variables)[:4]
    assert names == [first, second, "moving_mean", "moving_variance"]


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_an_adjustment_comes_before_gamma_and_beta_and_in_training_alone(data_format):
    inputs = graphs.images(4, 5, 2, 3)
    first = data_format == "NCHW"
    scale, bias = graphs.images(2, 4, 5, 2, 3)

    def adjust(shape):
        like = (channels_first(v) if first else v for v in (scale, bias))
        return tuple(tf.reshape(v, shape) for v in like)

    options = {"scale": True, "adjustment": adjust, "data_format": data_format}
    trained, used = (
        Layer(channels_first(inputs) if first else inputs, is_training=mode, **options)
        for mode in (True, False)
    )
    values = trained.run(trained.variables)
    axes = (0, 1, 2)
    plain = normalized(inputs, inputs.mean(axes), inputs.var(axes))
    expected = (plain * scale + bias) * values["gamma"] + values["beta"]
    outputs = trained.run(trained.outputs)
    expected = channels_first(expected) if first else expected
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    averages = (values[name] for name in ("moving_mean", "moving_variance"))
    expected = normalized(inputs, *averages, values["gamma"], values["beta"])
    expected = channels_first(expected) if first else expected
    np.testing.assert_allclose(used.run(used.outputs), expected, rtol=1e-4, atol=1e-5)


def moved_mean(decay, limit):
    """Returns what one update from 0 by a batch of ones makes of the moving mean."""
    with tf.Graph().as_default(), v1.Session() as session:
        with computing(Computation(batch_norm_decay_limit=limit)):
            slim.batch_norm(tf.ones([4, 1]), decay=decay, scope="bn")
        slim.batch_norm(tf.ones([4, 1]), decay=decay, scope="outside")
        session.run(v1.global_variables_initializer())
        session.run(v1.get_collection(KEYS.UPDATE_OPS))
        means = [v for v in v1.global_variables() if "moving_mean" in v.name]
        return session.run(means)


def test_a_limit_bounds_the_decay_of_the_layers_inside():
    inside, outside = moved_mean(decay=0.75, limit=0.5)
    np.testing.assert_allclose([inside, outside], [[0.5], [0.25]])


def test_a_decay_below_the_limit_stays():
    inside, _ = moved_mean(decay=0.75, limit=0.875)
    np.testing.assert_allclose(inside, [0.25])
