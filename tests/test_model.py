"""A Model is its builder: the same names and numbers as in a v1 graph."""

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import checkpoints, errors, hardware, slim
from slimnets import model as models
from slimnets.config.devices import DevicesConfig
from slimnets.distribution import strategies
from slimnets.hardware import Hardware
from slimnets.layers.computation import Computation, computing
from slimnets.model import Model
from slimnets.nets import registry
from tests.tiny_runs import tiny_networks  # noqa: F401 - for every test

v1 = tf.compat.v1
NETWORK, SIZE = "mobilenet_v1_025", 32
IMAGES = np.random.default_rng(0).uniform(-1, 1, [2, SIZE, SIZE, 3]).astype(np.float32)


@pytest.fixture(scope="module")
def mobilenet() -> Model:
    """Returns a real network with moving averages that are not their first values."""
    tf.random.set_seed(3)
    model = Model(NETWORK, 5, weight_decay=0.01, image_size=SIZE)
    for _ in range(3):
        model(IMAGES, is_training=True)
    return model


def in_v1_graph(weights: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
    """Returns the logits and the regularization loss that a v1 graph computes."""
    with tf.Graph().as_default(), v1.Session() as session:
        logits, _ = registry.get_network_fn(NETWORK, 5, weight_decay=0.01)(
            tf.constant(IMAGES)
        )
        made = v1.global_variables()
        assert [variable.op.name for variable in made] == list(weights)
        session.run(v1.global_variables_initializer())
        for variable in made:
            variable.load(weights[variable.op.name], session)
        losses = v1.losses.get_regularization_loss()
        return session.run([logits, losses])


def test_eager_call_function_call_and_v1_graph_agree(mobilenet):
    weights = {n: v.numpy() for n, v in mobilenet.variables_by_name.items()}
    logits, regularization = in_v1_graph(weights)
    assert logits.shape == (2, 5)
    eager, _ = mobilenet(IMAGES)
    traced, _ = tf.function(mobilenet, autograph=False)(tf.constant(IMAGES))
    for other in (eager, traced):
        np.testing.assert_allclose(other, logits, rtol=1e-4, atol=1e-5)
    assert regularization > 0.01
    np.testing.assert_allclose(
        mobilenet.regularization_loss(), regularization, rtol=1e-5
    )


def test_variables_are_made_once(mobilenet):
    before = {n: v.ref() for n, v in mobilenet.variables_by_name.items()}
    mobilenet(IMAGES)
    mobilenet(IMAGES, is_training=True)
    tf.function(mobilenet, autograph=False)(tf.constant(IMAGES))
    assert {n: v.ref() for n, v in mobilenet.variables_by_name.items()} == before
    assert {v.ref() for v in mobilenet.variables} == set(before.values())


def test_names_are_the_checkpoints(mobilenet):
    for name, variable in mobilenet.variables_by_name.items():
        assert name.startswith("MobilenetV1/") and variable.name == f"{name}:0"
    trainable = mobilenet.trainable_by_name
    assert {n.rpartition("/")[2] for n in mobilenet.variables_by_name} - {
        n.rpartition("/")[2] for n in trainable
    } == {"moving_mean", "moving_variance"}
    assert all(v.trainable for v in trainable.values())


def test_training_moves_the_averages_and_inference_does_not():
    model = Model("tiny_bn", 3)
    mean = model.variables_by_name["Tiny/Conv/BatchNorm/moving_mean"]
    images = np.random.default_rng(0).normal(size=[2, 8, 8, 3]).astype(np.float32)
    model(images)
    assert not np.any(mean.numpy())
    tf.function(model, autograph=False)(tf.constant(images), is_training=True)
    assert np.any(mean.numpy())


def test_is_training_of_the_constructor_is_the_default():
    model = Model("tiny_bn", 3, is_training=True)
    images = tf.random.normal([4, 8, 8, 3])
    np.testing.assert_array_equal(model(images)[0], model(images, is_training=True)[0])
    assert np.any(model(images)[0] != model(images, is_training=False)[0])


@pytest.mark.parametrize("num_classes", [None, 0])
def test_without_classes_there_are_features(num_classes):
    features, end_points = Model("tiny", num_classes)(tf.zeros([2, 8, 8, 3]))
    assert features.shape == [2, 4] and "Logits" not in end_points


@pytest.mark.parametrize(("name", "decay"), [("tiny", 0), ("tiny", 0.5)])
def test_the_regularization_loss_is_half_the_decayed_squares(name, decay):
    model = Model(name, 3, weight_decay=decay)
    squares = sum(
        np.sum(v.numpy() ** 2)
        for n, v in model.variables_by_name.items()
        if n.endswith("/weights")
    )
    loss = model.regularization_loss()
    assert loss.dtype == tf.float32 and loss.shape == []
    np.testing.assert_allclose(loss, decay * squares / 2, rtol=1e-6)


@pytest.fixture
def avx2(monkeypatch) -> None:
    """A machine where training and inference compute in different ways."""
    machine = Hardware(instructions=frozenset({"avx2"}), onednn=True)
    monkeypatch.setattr(hardware, "detect", lambda: machine)


def ops_of(model: Model, is_training: bool) -> set[str]:
    """Returns the types of a call's ops; only custom gradients make an IdentityN."""
    run = tf.function(lambda images: model(images, is_training)[0], autograph=False)
    spec = tf.TensorSpec([2, model.image_size, model.image_size, model.channels])
    return {op.type for op in run.get_concrete_function(spec).graph.get_operations()}


@pytest.mark.usefixtures("avx2")
def test_inference_computes_in_the_plain_way_folded_or_not():
    model = Model(NETWORK, 5, image_size=SIZE)
    assert not model.choose_computation(is_training=False).compiled_filter_gradients
    deep = Model("inception_v1", 5, image_size=64)  # with 3x3 convolutions
    assert "IdentityN" in ops_of(deep, is_training=True)
    assert "IdentityN" not in ops_of(deep, is_training=False)


@pytest.mark.usefixtures("avx2")
def test_a_computation_that_is_given_takes_the_place_of_the_models():
    deep = Model("inception_v1", 5, image_size=64)
    with computing(Computation()):
        assert "IdentityN" not in ops_of(deep, is_training=True)


@pytest.mark.usefixtures("avx2")
def test_a_v1_graph_is_computed_in_the_plain_way():
    model = Model("tiny", 3)
    with tf.Graph().as_default():
        assert model.choose_computation(is_training=True) == Computation()


def test_image_size_and_channels():
    model = Model("tiny", 3)
    assert (model.image_size, model.channels) == (8, 3)
    model = Model("tiny", 3, image_size=16, channels=1)
    assert (model.image_size, model.channels) == (16, 1)
    assert model.variables_by_name["Tiny/Conv/weights"].shape == [3, 3, 1, 4]


def test_builder_arguments_reach_the_builder():
    model = Model("tiny", 3, scope="Other")
    assert next(iter(model.variables_by_name)) == "Other/Conv/weights"


def test_an_unknown_network_names_the_nearest():
    with pytest.raises(errors.InputError, match=r"did you mean .*mobilenet_v2"):
        slimnets.Model("mobilnet_v2", 3)


def test_images_of_another_size_where_the_network_cannot_take_them(monkeypatch):
    def flat(images, num_classes, is_training):
        logits = slim.fully_connected(slim.flatten(images), num_classes, scope="fc")
        return logits, {}

    row = registry.get_row("tiny")
    row = type(row)(**(vars(row) | {"name": "flat", "builder": flat}))
    monkeypatch.setitem(registry.NETWORKS, "flat", row)
    with pytest.raises(ValueError, match=r"fc/weights has shape .*another size"):
        Model("flat", 3)(tf.zeros([1, 9, 9, 3]))


def test_in_a_mirrored_strategy_the_averages_are_each_replicas_own():
    strategy = strategies.get_strategy(DevicesConfig("mirrored", num_clones=2))
    with strategy.scope():
        model = Model("tiny_bn", 3, is_training=True)
    kinds = {n: v.synchronization for n, v in model.variables_by_name.items()}
    on_read = {n for n, k in kinds.items() if k == tf.VariableSynchronization.ON_READ}
    assert on_read == {
        "Tiny/Conv/BatchNorm/moving_mean",
        "Tiny/Conv/BatchNorm/moving_variance",
    }
    assert on_read.isdisjoint(model.trainable_by_name)

    @tf.function(autograph=False)
    def step() -> tuple[tf.Tensor, ...]:
        def replica() -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            number = tf.cast(context.replica_id_in_sync_group, tf.float32)
            return model(tf.fill([2, 8, 8, 3], 1.0 + number))[0]

        return strategy.experimental_local_results(strategy.run(replica))

    assert [part.shape for part in step()] == [[2, 3], [2, 3]]
    mean = model.variables_by_name["Tiny/Conv/BatchNorm/moving_mean"]
    parts = [p.numpy() for p in strategy.experimental_local_results(mean)]
    np.testing.assert_allclose(parts[1], 2 * parts[0], rtol=1e-5)
    np.testing.assert_allclose(mean.numpy(), np.mean(parts, axis=0), rtol=1e-6)


@pytest.mark.parametrize(
    "initial",
    [
        tf.compat.v1.ones_initializer,
        tf.compat.v1.ones_initializer(),
        np.ones([2], np.float32),
    ],
    ids=["class", "initializer", "value"],
)
def test_initializers_of_every_kind(initial):
    value = models._make_initial_value(initial, [2], tf.float32)
    np.testing.assert_array_equal(value, [1, 1])


def test_a_model_takes_a_checkpoints_values(tmp_path):
    source, target = Model("tiny", 3), Model("tiny", 3)
    values = {name: v.numpy() + 1 for name, v in source.variables_by_name.items()}
    average = {
        "Tiny/Conv/weights" + checkpoints.AVERAGE_SUFFIX: np.full([3, 3, 3, 4], 7.0)
    }
    checkpoints.save(tmp_path, 5, values | average)
    report = target.restore(tmp_path, exclude_scopes=["Tiny/Logits"])
    assert report.averaged and "Tiny/Logits/weights" in report.excluded
    restored = target.variables_by_name
    np.testing.assert_array_equal(restored["Tiny/Conv/weights"], 7.0)
    np.testing.assert_array_equal(
        restored["Tiny/Conv/biases"], values["Tiny/Conv/biases"]
    )
    target.restore(tmp_path, moving_averages=False)
    np.testing.assert_array_equal(
        restored["Tiny/Conv/weights"], values["Tiny/Conv/weights"]
    )


def build_unscoped(images, num_classes, is_training):
    """Mixes slim's layers without scopes and variables of a v1 program."""
    net = slim.conv2d(images, 4, 3, normalizer_fn=slim.batch_norm)
    net = slim.conv2d(net, 4, 3)
    with v1.variable_scope(None, "scale"):
        net *= v1.get_variable("by", [4], regularizer=slim.l2_regularizer(1.0))
    return slim.fully_connected(slim.flatten(net), num_classes), {"net": net}


def test_layers_without_a_scope_keep_their_names():
    model = Model(build_unscoped, 3, image_size=8)
    images = tf.ones([2, 8, 8, 3])
    names = list(model.variables_by_name)
    assert names[0] == "Conv/weights" and "Conv_1/weights" in names
    assert model.regularization_loss() > 0
    first, _ = model(images)

    @tf.function(autograph=False)
    def run_twice():
        return model(images)[0], model(images)[0]

    with v1.variable_scope("elsewhere"):
        slim.flatten(images)  # takes a number of its own
        again = [model(images)[0], *run_twice()]
    for logits in again:
        np.testing.assert_allclose(logits, first, rtol=1e-5, atol=1e-6)
    assert list(model.variables_by_name) == names
