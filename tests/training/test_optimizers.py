"""Each optimizer against TensorFlow 1's own, slots and their names included."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.config.devices import DevicesConfig
from slimnets.config.optimization import OptimizerConfig
from slimnets.distribution import strategies
from slimnets.training import optimizers
from slimnets.training.optimizers import Optimizer

STEPS = 5
RATE = 0.3
NAMES = ("net/fc/weights", "net/fc/biases", "net/frozen")
INPUTS = np.random.default_rng(0).normal(size=[8, 3]).astype(np.float32)
TARGETS = np.random.default_rng(1).normal(size=[8, 2]).astype(np.float32)
WEIGHTS = np.random.default_rng(2).normal(size=[3, 2]).astype(np.float32)

# Other values than the defaults, so that each is seen to reach its kernel.
SETTINGS = {
    "adadelta": {"adadelta_rho": 0.8, "opt_epsilon": 0.1},
    "adagrad": {"adagrad_initial_accumulator_value": 0.2},
    "adam": {"adam_beta1": 0.8, "adam_beta2": 0.9, "opt_epsilon": 0.01},
    "ftrl": {
        "ftrl_learning_rate_power": -0.6,
        "ftrl_initial_accumulator_value": 0.2,
        "ftrl_l1": 0.01,
        "ftrl_l2": 0.02,
    },
    "momentum": {"momentum": 0.7},
    "rmsprop": {"rmsprop_momentum": 0.7, "rmsprop_decay": 0.8, "opt_epsilon": 0.5},
    "sgd": {},
}
NESTEROV = OptimizerConfig("momentum", momentum=0.7, use_nesterov=True)
ADAMW = OptimizerConfig("adamw", adamw_weight_decay=0.2, opt_epsilon=1e-3)
LAMB = OptimizerConfig("lamb", lamb_weight_decay=0.2, opt_epsilon=1e-3)
LARS = OptimizerConfig(
    "lars", lars_coefficient=0.02, lars_weight_decay=0.2, momentum=0.7
)
CONFIGS = [OptimizerConfig(name, **kwargs) for name, kwargs in SETTINGS.items()]


def tensorflow_1_optimizer(c: OptimizerConfig) -> tf.compat.v1.train.Optimizer:
    train = tf.compat.v1.train
    made = {
        "adadelta": lambda: train.AdadeltaOptimizer(
            RATE, rho=c.adadelta_rho, epsilon=c.opt_epsilon
        ),
        "adagrad": lambda: train.AdagradOptimizer(
            RATE, c.adagrad_initial_accumulator_value
        ),
        "adam": lambda: train.AdamOptimizer(
            RATE, c.adam_beta1, c.adam_beta2, c.opt_epsilon
        ),
        "ftrl": lambda: train.FtrlOptimizer(
            RATE,
            c.ftrl_learning_rate_power,
            c.ftrl_initial_accumulator_value,
            c.ftrl_l1,
            c.ftrl_l2,
        ),
        "momentum": lambda: train.MomentumOptimizer(
            RATE, c.momentum, use_nesterov=c.use_nesterov
        ),
        "rmsprop": lambda: train.RMSPropOptimizer(
            RATE, c.rmsprop_decay, c.rmsprop_momentum, c.opt_epsilon
        ),
        "sgd": lambda: train.GradientDescentOptimizer(RATE),
    }
    return made[c.optimizer]()


def sum_of_losses(weights, biases, inputs, targets) -> tf.Tensor:
    errors_ = tf.matmul(inputs, weights) + biases - targets
    return tf.reduce_sum(tf.square(errors_)) / len(INPUTS)


def trained_by_tensorflow_1(config: OptimizerConfig) -> list[dict[str, np.ndarray]]:
    """Returns every variable by name, before the first step and after each."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        weights = v1.get_variable(NAMES[0], initializer=WEIGHTS)
        biases = v1.get_variable(NAMES[1], initializer=tf.zeros([2]))
        loss = sum_of_losses(weights, biases, INPUTS, TARGETS)
        step = tensorflow_1_optimizer(config).minimize(loss)
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        states = [session.run(variables)]
        for _ in range(STEPS):
            session.run(step)
            states.append(session.run(variables))
        return states


class Problem:
    """Least squares, with a frozen variable."""

    def __init__(self, config: OptimizerConfig) -> None:
        values = (WEIGHTS, np.zeros([2], np.float32), np.ones([2], np.float32))
        self.trainable = [
            tf.Variable(value, name=name)
            for name, value in zip(NAMES, values, strict=True)
        ]
        self.optimizer = Optimizer(config, self.trainable, NAMES)

    def step(self, inputs: tf.Tensor, targets: tf.Tensor) -> None:
        weights, biases, _ = self.trainable
        with tf.GradientTape() as tape:
            loss = sum_of_losses(weights, biases, inputs, targets)
        gradients = tape.gradient(loss, [weights, biases])
        context = tf.distribute.get_replica_context()
        gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        self.optimizer.apply([*gradients, None], tf.constant(RATE))

    def variables(self) -> dict[str, tf.Variable]:
        return dict(zip(NAMES, self.trainable, strict=True)) | self.optimizer.variables


def copied(variables: dict[str, tf.Variable]) -> dict[str, np.ndarray]:
    return {name: variable.numpy() for name, variable in variables.items()}


@pytest.mark.parametrize(
    "config", [*CONFIGS, NESTEROV], ids=lambda config: config.optimizer
)
@pytest.mark.parametrize("as_function", [True, False])
def test_every_step_is_tensorflow_1s(config, as_function):
    problem = Problem(config)
    step = tf.function(problem.step, autograph=False) if as_function else problem.step
    for i, expected in enumerate(trained_by_tensorflow_1(config)):
        if i > 0:
            step(tf.constant(INPUTS), tf.constant(TARGETS))
        actual = copied(problem.variables())
        assert {k for k in actual if not k.startswith(NAMES[2])} == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(
                actual[name], value, rtol=1e-5, atol=1e-6, err_msg=name
            )


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_a_variable_without_gradient_is_left_alone(name):
    problem = Problem(OptimizerConfig(optimizer=name))
    before = copied(problem.variables())
    problem.step(tf.constant(INPUTS), tf.constant(TARGETS))
    after = copied(problem.variables())
    for key in before:
        same = np.array_equal(before[key], after[key])
        assert same == key.startswith(NAMES[2]), key


@pytest.mark.parametrize(
    "config",
    [*CONFIGS, NESTEROV, ADAMW, LAMB, LARS],
    ids=lambda config: config.optimizer,
)
def test_two_replicas_do_what_one_does(config):
    strategy = strategies.get_strategy(DevicesConfig("mirrored", num_clones=2))
    with strategy.scope():
        mirrored = Problem(config)

    @tf.function(autograph=False)
    def step(inputs, targets):
        strategy.run(mirrored.step, (inputs, targets))

    def halves(array):
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(array[context.replica_id_in_sync_group :: 2])
        )

    alone = Problem(config)
    for _ in range(STEPS):
        step(halves(INPUTS), halves(TARGETS))
        alone.step(tf.constant(INPUTS), tf.constant(TARGETS))
    for name, variable in mirrored.variables().items():
        first, second = (
            v.numpy() for v in strategy.experimental_local_results(variable)
        )
        np.testing.assert_array_equal(first, second, err_msg=name)
        expected = alone.variables()[name].numpy()
        np.testing.assert_allclose(first, expected, rtol=1e-5, atol=1e-6, err_msg=name)


def test_adamw_decays_matrices_apart_from_adams_step():
    problem = Problem(ADAMW)
    assert {f"{NAMES[0]}/AdamW", f"{NAMES[0]}/AdamW_1", "beta1_power"} <= set(
        problem.optimizer.variables
    )
    weights, biases = WEIGHTS.astype(np.float64), np.zeros(2)
    mean, square = [0.0, 0.0], [0.0, 0.0]
    for i in range(1, STEPS + 1):
        error = (INPUTS @ weights + biases - TARGETS) * 2 / len(INPUTS)
        weights = weights * (1 - RATE * 0.2)
        for k, gradient in enumerate((INPUTS.T @ error, error.sum(0))):
            mean[k] = 0.9 * mean[k] + 0.1 * gradient
            square[k] = 0.999 * square[k] + 0.001 * gradient**2
            rate = RATE * np.sqrt(1 - 0.999**i) / (1 - 0.9**i)
            change = rate * mean[k] / (np.sqrt(square[k]) + 1e-3)
            if k == 0:
                weights = weights - change
            else:
                biases = biases - change
        problem.step(tf.constant(INPUTS), tf.constant(TARGETS))
        np.testing.assert_allclose(problem.trainable[0], weights, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(problem.trainable[1], biases, rtol=1e-4, atol=1e-5)


def gradients_of(weights: np.ndarray, biases: np.ndarray) -> list[np.ndarray]:
    """Returns those of the problem's loss."""
    error = (INPUTS @ weights + biases - TARGETS) * 2 / len(INPUTS)
    return [INPUTS.T @ error, error.sum(0)]


def test_lamb_is_the_papers():
    """Algorithm 2 of arXiv:1904.00962, with Adam's step and no decay for biases."""
    problem = Problem(LAMB)
    assert {f"{NAMES[0]}/LAMB", f"{NAMES[0]}/LAMB_1", "beta2_power"} <= set(
        problem.optimizer.variables
    )
    values = [WEIGHTS.astype(np.float64), np.zeros(2)]
    mean, square = [0.0, 0.0], [0.0, 0.0]
    for i in range(1, STEPS + 1):
        for k, gradient in enumerate(gradients_of(*values)):
            mean[k] = 0.9 * mean[k] + 0.1 * gradient
            square[k] = 0.999 * square[k] + 0.001 * gradient**2
            step = mean[k] / (1 - 0.9**i) / (np.sqrt(square[k] / (1 - 0.999**i)) + 1e-3)
            if k == 0:
                step = step + 0.2 * values[0]
                step *= np.linalg.norm(values[0]) / np.linalg.norm(step)
            values[k] = values[k] - RATE * step
        problem.step(tf.constant(INPUTS), tf.constant(TARGETS))
        for variable, value in zip(problem.trainable, values, strict=False):
            np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-5)


def test_lars_is_the_papers():
    """Algorithm 1 of arXiv:1708.03888, with momentum alone for biases."""
    problem = Problem(LARS)
    assert f"{NAMES[0]}/LARS" in problem.optimizer.variables
    values, moved = [WEIGHTS.astype(np.float64), np.zeros(2)], [0.0, 0.0]
    for _ in range(STEPS):
        for k, gradient in enumerate(gradients_of(*values)):
            rate = RATE
            if k == 0:
                length = np.linalg.norm(values[0])
                rate *= 0.02 * length / (np.linalg.norm(gradient) + 0.2 * length)
                gradient = gradient + 0.2 * values[0]
            moved[k] = 0.7 * moved[k] + rate * gradient
            values[k] = values[k] - moved[k]
        problem.step(tf.constant(INPUTS), tf.constant(TARGETS))
        for variable, value in zip(problem.trainable, values, strict=False):
            np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["lamb", "lars"])
def test_weights_that_begin_at_zero_leave_it(name):
    kernel = tf.Variable(tf.zeros([2, 2]))
    optimizer = Optimizer(OptimizerConfig(name, opt_epsilon=1e-6), [kernel], ["k"])
    for _ in range(2):
        optimizer.apply([tf.eye(2)], 0.1)
        optimizer.apply([tf.zeros([2, 2])], 0.1)
    assert np.isfinite(kernel).all() and np.diag(kernel).max() < -0.05


def test_rates_are_scaled_by_variable():
    """Of sgd and adamw, each of whose steps is the rate times something."""
    for config in (OptimizerConfig("sgd"), ADAMW):
        variables = [tf.Variable([[1.0]]) for _ in range(3)]
        optimizer = Optimizer(config, variables, list("abc"), [1.0, 0.5, 0.0])
        optimizer.apply([tf.constant([[2.0]])] * 3, 0.1)
        whole, half, none = (1 - float(variable[0, 0]) for variable in variables)
        np.testing.assert_allclose([half, none], [whole / 2, 0], rtol=1e-5)


def test_sparse_gradients_are_applied_densely():
    table = tf.Variable(tf.zeros([4, 2]))
    optimizer = Optimizer(OptimizerConfig("momentum"), [table], ["table"])

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.gather(table, [1, 3, 3]))
        (gradient,) = tape.gradient(loss, [table])
        assert isinstance(gradient, tf.IndexedSlices)
        optimizer.apply([gradient], 1.0)

    step()
    np.testing.assert_array_equal(table[:, 0], [0, -1, 0, -2])
    step()  # momentum moves every row on, as a dense step does
    np.testing.assert_allclose(table[:, 0], [0, -2.9, 0, -5.8], rtol=1e-6)


def test_no_gradient_at_all_is_an_error():
    problem = Problem(OptimizerConfig())
    with pytest.raises(errors.InputError, match="no variable has a gradient"):
        problem.optimizer.apply([None, None, None], RATE)


def test_as_many_names_as_variables():
    with pytest.raises(ValueError, match="zip"):
        Optimizer(OptimizerConfig(), [tf.Variable([1.0])], [])
