"""Gradients computed anew equal those of activations kept; nothing happens twice."""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import errors, slim
from slimnets.config import dataclass_flags
from slimnets.config.train import TrainConfig
from slimnets.distribution import strategies
from slimnets.layers import computation, recomputation
from slimnets.layers.block_runs import Recomputation
from slimnets.layers.computation import Computation, computing
from slimnets.nets import registry
from slimnets.nets.nasnet import operations
from slimnets.nets.row import Network
from slimnets.training import step as steps
from slimnets.training.state import TrainState
from tests import representatives, tiny
from tests.goldens import fill

BOUND = 1e-5  # of the largest value

# Too few layers, or layers too large, to make blocks of.
WITHOUT_BLOCKS = ["lenet", "cifarnet", "alexnet_v2", "overfeat", "vgg_a"]
# Rows of a table, each a block; several that are one; blocks that drop at random, that
# ResNets' factory makes. Those that have several inputs, NASNet's, take long.
OF_EACH_KIND = [
    *WITHOUT_BLOCKS,
    "inception_v1",
    "mobilenet_v1",
    "convnext_tiny",
    "resnet_v1_50",
]


@contextlib.contextmanager
def recomputing(
    trained: Sequence[tf.Variable], way: Computation | None = None
) -> Iterator[None]:
    """Keeps nothing of the inside of the blocks that are run here; else by `way`."""
    call = Recomputation(trained)
    with computing(dataclasses.replace(way or Computation(), recomputation=call)):
        yield
    call.require_blocks()


def assert_close(actual: Any, expected: Any, name: str = "") -> None:
    """Compares numbers on the scale of the largest."""
    bound = BOUND * np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound, err_msg=name)


def alike(values: tf.Tensor, rate: float, noise_shape: Any, seed: Any) -> tf.Tensor:
    """Drops values as tf.nn.dropout, but the same ones at each call."""
    shape = tf.shape(values) if noise_shape is None else noise_shape
    kept = tf.random.stateless_uniform(shape, seed=[1, 2]) >= rate
    return values * (tf.cast(kept, values.dtype) / (1 - rate))


class Variables(dict):
    """A network's variables by name; `get` is a getter for variable scopes."""

    def get(self, getter, name, shape, dtype, initializer, **options):
        if name not in self:
            with tf.init_scope():
                self[name] = tf.Variable(initializer(shape, dtype=dtype), name=name)
        return self[name]

    def scope(self) -> Any:
        return tf.compat.v1.variable_scope(
            "net", reuse=tf.compat.v1.AUTO_REUSE, custom_getter=self.get
        )


def differentiated(
    network: Callable[[tf.Tensor], tf.Tensor], images: Any, recompute: bool
) -> tuple[tf.Tensor, dict[str, tf.Tensor], Variables]:
    """Returns a network's output, its sum's gradients by name, and the variables."""
    variables = Variables()
    tf.random.set_seed(1)
    with tf.__internal__.FuncGraph("variables").as_default(), variables.scope():
        network(tf.constant(images))

    @tf.function(autograph=False)
    def run(images: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        sources = [images, *variables.values()]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            with variables.scope():
                if recompute:
                    with recomputing(list(variables.values())):
                        net = network(images)
                else:
                    net = network(images)
            loss = tf.reduce_sum(net**2)
        return net, tape.gradient(loss, sources)

    net, gradients = run(tf.constant(images))
    return net, dict(zip(["images", *variables], gradients, strict=True)), variables


def unit(net: tf.Tensor, depth: int = 4) -> tf.Tensor:
    """A block whose layers have no names of their own."""
    net = slim.conv2d(net, depth, 3, normalizer_fn=slim.batch_norm)
    return slim.conv2d(net, depth, 1) + net


IMAGES = np.random.default_rng(0).normal(size=(3, 5, 5, 4)).astype(np.float32)


class TestBlock:
    """What a block does within `recomputing`, beside what it does without."""

    def same(self, network: Callable[[tf.Tensor], tf.Tensor]) -> dict[str, tf.Tensor]:
        """Compares output, gradients and variables; returns the gradients."""
        plain, plain_gradients, variables = differentiated(network, IMAGES, False)
        net, gradients, changed = differentiated(network, IMAGES, True)
        assert_close(net, plain)
        assert list(gradients) == list(plain_gradients)
        for name, gradient in plain_gradients.items():
            if gradient is None:
                assert gradients[name] is None, name
            else:
                assert_close(gradients[name], gradient, name)
        for name, value in variables.items():
            assert_close(changed[name], value, name)
        return gradients

    def test_has_the_same_gradients_and_moves_averages_once(self):
        gradients = self.same(
            lambda net: recomputation.block(unit, recomputation.block(unit, net))
        )
        assert {"net/Conv/weights", "net/Conv_3/biases"} < gradients.keys()

    def test_takes_defaults_from_the_arg_scope_around(self):
        def network(net):
            with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.tanh):
                return recomputation.block(unit, net, depth=6)

        self.same(network)

    def test_reads_several_inputs(self):
        def both(left, right):
            return slim.conv2d(left, 4, 1) * right

        self.same(lambda net: recomputation.block(both, net, tf.sin(net)))

    def test_inside_another_is_a_part_of_it(self):
        def outer(net):
            return recomputation.block(unit, net) * 2

        self.same(lambda net: recomputation.block(outer, net))

    def test_whose_inside_is_used_elsewhere(self):
        def with_inside(net):
            inside = slim.conv2d(net, 4, 3)
            return slim.conv2d(inside, 4, 1), {"inside": inside}

        def network(net):
            net, parts = recomputation.block(with_inside, net)
            return tf.stack([net, parts["inside"]])

        self.same(network)

    def test_that_drops_at_random_drops_the_same_when_run_again(self):
        def dropping(net):
            net = slim.dropout(net, 0.9, scope="values")
            net = operations.drop_path(net, 0.9)
            return slim.dropout(net, 0.9, noise_shape=[50, 1, 1, 1], scope="examples")

        images = np.ones([50, 2, 2, 4], np.float32)
        net, gradients, _ = differentiated(
            lambda net: recomputation.block(dropping, net), images, True
        )
        assert 0 < np.count_nonzero(net) < images.size
        assert_close(gradients["images"], 2 * net**2)

    def test_files_end_points_once(self):
        end_points = {}

        def network(net):
            with slim.arg_scope([slim.conv2d], outputs_collections=end_points):
                end_points["block"] = recomputation.block(unit, net)
            return end_points["block"]

        with tf.Graph().as_default() as graph:
            images = tf.constant(IMAGES)
            with tf.GradientTape() as tape:
                tape.watch(images)
                with recomputing([]):
                    net = network(images)
            before = dict(end_points)
            tape.gradient(net, images)
            averages = graph.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
        assert list(before) == ["Conv", "Conv_1", "block"]
        assert all(end_points[name] is tensor for name, tensor in before.items())
        assert len(averages) == 2

    def test_both_runs_compute_alike(self):
        ways = []

        def network(net):
            def noting(net):
                ways.append(dataclasses.replace(computation.current(), block_run=None))
                return unit(net)

            return recomputation.block(noting, net)

        call = Recomputation([])
        asked = Computation(compiled_filter_gradients=True, recomputation=call)
        with tf.Graph().as_default(), tf.GradientTape() as tape:
            images = tf.constant(IMAGES)
            tape.watch(images)
            with computing(asked):
                net = network(images)
            tape.gradient(net, images)
        assert ways == [asked, asked]

    def test_gives_no_gradients_of_what_is_not_trained(self):
        variables = Variables()

        @tf.function(autograph=False)
        def run() -> list[tf.Tensor | None]:
            with variables.scope():
                unit(tf.constant(IMAGES))  # makes the variables
            trained = [variables["net/Conv/weights"]]
            with (
                tf.GradientTape() as tape,
                variables.scope(),
                recomputing(trained),
            ):
                net = recomputation.block(unit, tf.constant(IMAGES))
            return tape.gradient(net, [*trained, variables["net/Conv_1/weights"]])

        trained, other = run()
        assert np.abs(trained).max() > 0
        assert other is None


def test_the_second_run_waits_for_the_gradients_of_what_follows():
    """Else it would keep the same memory: in the graph that TensorFlow made of ours."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.compat.v1.placeholder(tf.float32, IMAGES.shape)
        later = tf.compat.v1.placeholder(tf.float32, [], name="later")
        with tf.GradientTape() as tape:
            tape.watch(images)
            with recomputing([]):
                loss = later * recomputation.block(unit, images) ** 2
        gradient = tape.gradient(loss, images)
        session.run(tf.compat.v1.global_variables_initializer())
        options = tf.compat.v1.RunOptions(output_partition_graphs=True)
        metadata = tf.compat.v1.RunMetadata()
        session.run(gradient, {images: IMAGES, later: 1}, options, metadata)
    (graph,) = metadata.partition_graphs
    nodes = {node.name: node for node in graph.node}

    def waits(name: str) -> bool:
        inputs = (each.strip("^").split(":")[0] for each in nodes[name].input)
        return "later" in name or any(waits(each) for each in inputs)

    convolutions = [n for n in nodes if re.fullmatch(".*Conv2D", nodes[n].op)]
    assert sorted(map(waits, convolutions)) == [False, False, True, True]


@pytest.mark.usefixtures("short_networks")
class TestNetworks:
    """What holds of every network; one of each family stands for it."""

    @pytest.mark.parametrize(
        "name",
        [
            name if name in OF_EACH_KIND else pytest.param(name, marks=pytest.mark.slow)
            for name in (f.NETWORKS[0].name for f in representatives.FAMILIES)
        ],
    )
    def test_trains_alike_or_says_that_it_has_no_blocks(self, name, monkeypatch):
        monkeypatch.setattr(tf.nn, "dropout", alike)
        size = tiny.image_size(name)
        model = slimnets.Model(name, 5, is_training=True, image_size=size)
        images = tf.constant(fill.images(2, size, size, model.channels))
        if name in WITHOUT_BLOCKS:
            with pytest.raises(errors.InputError, match="no blocks"):
                self.step(model, images, recompute=True)
            return
        start = {n: v.numpy() for n, v in model.variables_by_name.items()}
        expected = self.step(model, images, recompute=False)
        for key, variable in model.variables_by_name.items():
            variable.assign(start[key])
        actual = self.step(model, images, recompute=True)
        assert list(actual) == list(expected)
        largest = max(np.abs(v).max() for k, v in expected.items() if k in start)
        for key, value in expected.items():
            bound = BOUND * max(np.abs(value).max(), largest)
            np.testing.assert_allclose(actual[key], value, 0, bound, err_msg=key)

    def step(
        self, model: slimnets.Model, images: tf.Tensor, recompute: bool
    ) -> dict[str, Any]:
        """Returns loss, end points, gradients and moved averages by name."""
        trained = model.trainable_by_name

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(trained.values()))
            if recompute:
                way = model.choose_computation(is_training=True)
                with recomputing(list(trained.values()), way):
                    logits, end_points = model(images)
            else:
                logits, end_points = model(images)
            loss = tf.reduce_sum(logits**2)
            if "AuxLogits" in end_points:
                loss += tf.reduce_sum(end_points["AuxLogits"] ** 2)
        gradients = tape.gradient(loss, trained)
        ends = {f"end point {key}": value for key, value in end_points.items()}
        moved = model.variables_by_name.keys() - trained.keys()
        averages = {n: model.variables_by_name[n] for n in sorted(moved)}
        found = {"loss": loss, **ends, **gradients, **averages}
        return {name: value.numpy().copy() for name, value in found.items()}


def two_units(
    images: tf.Tensor, num_classes: int, is_training: bool
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A network of two blocks."""
    with (
        tf.compat.v1.variable_scope("Units"),
        slim.arg_scope([slim.batch_norm], is_training=is_training),
    ):
        net = recomputation.block(unit, images)
        net = recomputation.block(unit, net)
        net = tf.reduce_mean(net, [1, 2])
        return slim.fully_connected(net, num_classes, activation_fn=None), {}


def scope(weight_decay: float) -> dict[str, Any]:
    with slim.arg_scope(
        [slim.conv2d], weights_regularizer=slim.l2_regularizer(weight_decay)
    ) as defaults:
        return defaults


STRATEGIES = [
    {"strategy": "none"},
    {"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True},
]


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(STRATEGIES[0], id="one device"),
        pytest.param(STRATEGIES[1], id="mirrored", marks=pytest.mark.slow),
    ],
)
class TestTraining:
    """What --recompute_gradients leaves of a training run."""

    def steps(self, number: int, **flags: Any) -> dict[str, np.ndarray]:
        """Returns what a checkpoint would hold after so many steps."""
        flags = {"batch_size": 6, "learning_rate": 0.1, "weight_decay": 0.1, **flags}
        config = dataclass_flags.from_dict(TrainConfig, flags)
        strategy = strategies.get_strategy(config.devices)
        tf.random.set_seed(1)
        with strategy.scope():
            state = TrainState(config, 3)
            step = steps.make_step(strategy, config, state, 6, number)
            size, channels = state.model.image_size, state.model.channels
            images = tf.constant(fill.images(6, size, size, channels))
            labels = tf.constant([0, 1, 2] * 2, tf.int64)
            batches = tf.data.Dataset.from_tensor_slices((images, labels))
            batches = batches.batch(6).repeat(number)
            for batch in strategy.experimental_distribute_dataset(batches):
                step(batch)
            return {n: np.array(v.numpy()) for n, v in state.variables().items()}

    def test_the_same_weights_slots_and_averages(self, strategy, monkeypatch):
        row = Network("units", two_units, scope, 5, "plain", 3, "", 0, 0.0, channels=4)
        monkeypatch.setitem(registry.NETWORKS, "units", row)
        flags = {"model": "units", "moving_average_decay": 0.5, **strategy}
        expected = self.steps(2, **flags)
        actual = self.steps(2, recompute_gradients=True, **flags)
        assert list(actual) == list(expected)
        for name, value in expected.items():
            assert_close(actual[name], value, name)

    def test_a_network_without_blocks_is_refused(self, strategy):
        with pytest.raises(errors.InputError, match="no blocks") as caught:
            self.steps(1, model="lenet", recompute_gradients=True, **strategy)
        assert "\n" not in str(caught.value)
