"""A seeded run that was stopped, killed and resumed is the run that never stopped."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from slimnets.nets import registry
from slimnets.training import loss_scale, optimizers, trainer
from slimnets.training.loop import Loop
from tests.soak import dropping
from tests.tiny_runs import silent, weights

STEPS = 5


@pytest.fixture(autouse=True)
def dropping_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers `dropping`."""
    monkeypatch.setitem(registry.NETWORKS, "dropping", dropping.NETWORK)


class Killed(BaseException):
    """Ends a run on the spot."""


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Lets a run end behind a step, with what its last checkpoint holds."""
    take = Loop._take_steps

    def take_or_die(self: Loop, batches: Any) -> float:
        if self._step >= step:
            raise Killed
        return take(self, batches)

    monkeypatch.setattr(Loop, "_take_steps", take_or_die)


def train_with_kills(
    config: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    kills: tuple[int, ...],
    **flags: Any,
) -> dict[str, np.ndarray]:
    """Returns what a run's last checkpoint holds that was killed at some steps."""
    made = config(max_number_of_steps=STEPS, **flags)
    for step in kills:
        with monkeypatch.context() as patch, pytest.raises(Killed):
            kill_at(patch, step)
            trainer.train(made, silent)
    return weights(trainer.train(made, silent).checkpoint)


def assert_same_bytes(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    """Compares two checkpoints, byte for byte."""
    assert one.keys() == other.keys()
    assert [n for n in one if one[n].tobytes() != other[n].tobytes()] == []


RUNS = {
    "float16": {
        "model": "dropping",
        "precision": "float16",
        "optimizer": "momentum",
        "steps_per_call": 2,
        "preprocessing_name": "inception",
        "sample": ("red=3", "blue=0.5"),
    },
    "frozen": {
        "model": "tiny_bn",
        "freeze_batch_norm": True,
        "freeze_scopes": ("Tiny/Conv/weights",),
        "layer_decay": 0.5,
        "moving_average_decay": 0.9,
        "moving_average_start": 2,
        "optimizer": "lars",
        "loss": "sigmoid",
    },
    "microbatches": {
        "model": "dropping",
        "num_microbatches": 2,
        "clip_gradient_norm": 0.1,
        "optimizer": "lamb",
        "loss": "softmax_focal",
        "class_weights": ("balanced",),
        "learning_rate_decay_type": "multistep",
        "decay_epochs": ("1",),
        "mixup_alpha": 0.5,
    },
    "quantized": {
        "model": "tiny_bn",
        "quantize_delay": 2,
        "freeze_bn_delay": 3,
        "moving_average_decay": 0.9,
    },
    "mirrored": {
        "model": "dropping",
        "optimizer": "adam",
        "strategy": "mirrored",
        "num_clones": 2,
        "clone_on_cpu": True,
        "moving_average_decay": 0.9,
        "mixup_alpha": 0.5,
        "cutmix_alpha": 1.0,
    },
}
MORE_RUNS = {
    "microbatches in one call": RUNS["microbatches"] | {"steps_per_call": 2},
    "quantized replicas": RUNS["mirrored"] | {"quantize_delay": 0},
    "quantized microbatches": RUNS["microbatches"] | {"quantize_delay": 0},
    "cached": {"cache": True, "preprocessing_name": "vgg"},
    "cifar's recipe": {"preprocessing_name": "cifarnet", "num_readers": 1},
    "lenet": {"model": "lenet", "batch_size": 5},
    "recomputed": {"model": "convnext_tiny", "recompute_gradients": True},
    **{optimizer: {"optimizer": optimizer} for optimizer in optimizers.OPTIMIZERS},
}
BOTH = [
    pytest.param(RUNS["float16"], id="float16", marks=pytest.mark.slow),
    pytest.param(RUNS["microbatches"], id="microbatches"),
    pytest.param(RUNS["frozen"], id="frozen", marks=pytest.mark.slow),
    pytest.param(RUNS["quantized"], id="quantized", marks=pytest.mark.slow),
    pytest.param(RUNS["mirrored"], id="mirrored", marks=pytest.mark.slow),
    *[
        pytest.param(flags, id=name, marks=pytest.mark.slow)
        for name, flags in MORE_RUNS.items()
    ],
]


@pytest.mark.parametrize("flags", BOTH)
def test_a_killed_run_ends_as_one_never_killed(
    config, tmp_path, monkeypatch, short_networks, flags
):
    monkeypatch.setattr(loss_scale, "STEPS_TO_GROW", 2)
    flags = {"model": "tiny_bn", "save_interval_steps": 3} | flags
    whole, killed = (
        train_with_kills(
            config, monkeypatch, kills, train_dir=str(tmp_path / name), **flags
        )
        for name, kills in (("whole", ()), ("killed", (4,)))
    )
    assert_same_bytes(whole, killed)
