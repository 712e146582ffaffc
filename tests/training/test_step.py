"""One training step in float16: loss scaling, which checkpoints keep."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints
from slimnets.distribution import strategies
from slimnets.training import step as steps
from slimnets.training.loss_scale import LossScale
from slimnets.training.state import TrainState

CLASSES, BATCH = 3, 6
TOO_LARGE = 2.0**40  # of the loss: its gradients overflow in float16
NETWORK = {"model": "tiny_bn", "batch_size": BATCH, "learning_rate": 0.3}
MIRRORED = {"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True}


class Training:
    """A state and its step on one batch of noise."""

    def __init__(self, config, start: float | None = None, grow: int = 2000):
        run = config.run
        self.strategy = strategies.get_strategy(config.devices)
        tf.random.set_seed(run.seed)
        with self.strategy.scope():
            self.state = TrainState(config, CLASSES)
            if start is not None:
                self.state.loss_scale = LossScale(start, grow)
            self._step = steps.make_step(self.strategy, config, self.state, 60, None)
        size, channels = self.state.model.image_size, self.state.model.channels
        rng = np.random.default_rng(0)
        self._images = rng.normal(size=[BATCH, size, size, channels])
        self._labels = np.arange(BATCH) % CLASSES

    def take(self) -> steps.StepResult:
        """Takes a step."""
        share = BATCH // self.strategy.num_replicas_in_sync

        def distributed(values: np.ndarray, dtype: tf.DType):
            return self.strategy.experimental_distribute_values_from_function(
                lambda context: tf.constant(
                    values[share * context.replica_id_in_sync_group :][:share], dtype
                )
            )

        with self.strategy.scope():
            return self._step(
                (
                    distributed(self._images, tf.float32),
                    distributed(self._labels, tf.int64),
                )
            )

    @property
    def scale(self) -> float:
        """The loss scale."""
        return float(self.state.loss_scale.value)

    def values(self) -> dict[str, np.ndarray]:
        """Returns all that a checkpoint would hold."""
        return {name: v.numpy() for name, v in self.state.variables().items()}


@pytest.mark.parametrize("flags", [{}, MIRRORED], ids=["one", "mirrored"])
def test_float16_trains(config, flags):
    training = Training(config(**NETWORK, **flags, precision="float16"))
    results = [training.take() for _ in range(60)]
    losses = [float(result.losses.total) for result in results]
    assert np.isfinite(losses).all() and losses[-1] < losses[0] / 2
    assert training.scale == 2**15


@pytest.mark.slow
def test_a_network_of_the_zoo_trains_in_float16(config):
    # In larger images float16's matrix products would take a minute of a processor.
    flags = {"model": "lenet", "image_size": 16, "learning_rate": 0.001}
    training = Training(config(**NETWORK | flags, precision="float16"))
    losses = [float(training.take().losses.total) for _ in range(20)]
    assert np.isfinite(losses).all() and np.mean(losses[-5:]) < losses[0] / 2


@pytest.mark.parametrize("flags", [{}, MIRRORED], ids=["one", "mirrored"])
def test_an_overflow_leaves_the_update_out_and_halves_the_scale(config, flags):
    made = config(**NETWORK, **flags, precision="float16", optimizer="adam")
    training = Training(made, TOO_LARGE)
    before = training.values()
    result = training.take()
    after = training.values()
    assert training.scale == TOO_LARGE / 2
    assert np.isfinite(float(result.losses.total))
    changed = {name for name in before if np.any(before[name] != after[name])}
    # The forward pass was sound, and so are the averages that it moved.
    assert {name.rpartition("/")[2] for name in changed} == {
        "current_loss_scale",
        "moving_mean",
        "moving_variance",
        "global_step",
    }
    assert all(np.isfinite(value).all() for value in after.values())


def test_after_overflows_it_trains(config):
    training = Training(config(**NETWORK, precision="float16"), TOO_LARGE)
    losses, scales = [], []
    for _ in range(60):
        losses.append(float(training.take().losses.total))
        scales.append(training.scale)
    assert scales[0] == TOO_LARGE / 2 and scales[-1] == scales[-2]
    assert losses[-1] < losses[0] / 2


def test_good_steps_double_the_scale(config):
    training = Training(config(**NETWORK, precision="float16"), 4.0, grow=2)
    scales = []
    for _ in range(4):
        training.take()
        scales.append(training.scale)
    assert scales == [4, 8, 8, 16]


@pytest.mark.parametrize("model", ["tiny", "tiny_bn"])
def test_a_float16_update_is_float32s(config, model):
    """The update under sgd is the gradient; float16 has 11 bits."""
    full, half = (
        Training(config(**NETWORK | {"model": model}, precision=precision))
        for precision in ("float32", "float16")
    )
    before = full.values()
    for name, variable in half.state.model.variables_by_name.items():
        variable.assign(before[name])
    updates = []
    for training in (full, half):
        training.take()
        after, names = training.values(), training.state.trained
        updates.append(np.concatenate([(after[n] - before[n]).ravel() for n in names]))
    expected, actual = updates
    assert np.abs(expected).max() > 0.01
    assert np.abs(actual - expected).max() < 0.01 * np.abs(expected).max()
    assert np.any(actual != expected)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_what_is_kept_is_as_in_float32(config, precision):
    flags = NETWORK | {"optimizer": "adam", "moving_average_decay": 0.9}
    full, half = (
        Training(config(**flags, precision=each)) for each in ("float32", precision)
    )
    kinds = [
        {name: (v.dtype, v.shape) for name, v in each.state.variables().items()}
        for each in (full, half)
    ]
    scale = kinds[1].keys() - kinds[0].keys()
    assert scale == (set() if precision == "bfloat16" else set(checkpoints.LOSS_SCALE))
    assert kinds[0] == {
        name: kind for name, kind in kinds[1].items() if name not in scale
    }
    assert (half.state.loss_scale is None) == (precision == "bfloat16")
    assert full.state.loss_scale is None
