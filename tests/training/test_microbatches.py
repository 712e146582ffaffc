"""A batch in parts trains as it does at once."""

import functools

import numpy as np
import pytest

from slimnets.nets import registry
from tests.soak import dropping
from tests.training.test_step import MIRRORED, Training

FLAGS = {"model": "tiny", "batch_size": 6, "optimizer": "momentum"}


def taken(config, count: int = 3, **flags) -> dict[str, np.ndarray]:
    """Returns what a checkpoint would hold after some steps."""
    training = Training(config(**FLAGS | flags))
    for _ in range(count):
        training.take()
    return training.values()


slow = functools.partial(pytest.param, marks=pytest.mark.slow)


def assert_alike(one, other, **tolerance) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], err_msg=name, **tolerance)


@pytest.mark.parametrize(
    "flags",
    [
        {"weight_decay": 0.5, "label_smoothing": 0.1},
        slow({"clip_gradient_norm": 0.1, **MIRRORED}),
        slow({"optimizer": "adam", "opt_epsilon": 1e-3, "moving_average_decay": 0.9}),
    ],
    ids=["decay", "mirrored", "adam"],
)
def test_parts_give_the_weights_of_the_whole(config, flags):
    assert_alike(
        taken(config, **flags),
        taken(config, num_microbatches=3, **flags),
        rtol=1e-5,
        atol=1e-6,
    )


def test_parts_report_the_loss_and_accuracy_of_the_whole(config):
    whole, parts = (
        Training(config(**FLAGS, num_microbatches=count)).take() for count in (1, 3)
    )
    np.testing.assert_allclose(parts.losses, whole.losses, rtol=1e-5)
    np.testing.assert_allclose(parts.accuracy, whole.accuracy, rtol=1e-5)


def test_float16_scales_each_part(config):
    whole, parts = (
        taken(config, precision="float16", num_microbatches=count) for count in (1, 2)
    )
    assert_alike(whole, parts, rtol=0.02, atol=2e-3)


def test_batch_norm_sees_a_part_at_a_time(config):
    whole, parts = (
        taken(config, model="tiny_bn", num_microbatches=count) for count in (1, 3)
    )
    name = "Tiny/Conv/BatchNorm/moving_mean"
    assert np.any(np.abs(whole[name] - parts[name]) > 1e-4)


def test_what_has_no_gradient_stays(config):
    flags = {"trainable_scopes": ("logits",), "optimizer": "sgd"}
    start, end = (taken(config, n, **flags, num_microbatches=2) for n in (0, 2))
    changed = {name for name in start if np.any(start[name] != end[name])}
    assert changed == {"Tiny/Logits/weights", "Tiny/Logits/biases", "global_step"}


def test_dropout_of_parts_is_that_of_the_whole(config, monkeypatch):
    monkeypatch.setitem(registry.NETWORKS, "dropping", dropping.NETWORK)
    flags = {"model": "dropping", "freeze_batch_norm": True}
    whole = taken(config, **flags)
    assert_alike(whole, taken(config, **flags, num_microbatches=2), atol=1e-6)


@pytest.mark.slow
def test_parts_are_recomputed_as_the_whole_is(config, short_networks):
    """Gradient checkpointing inside of the loop over the parts."""
    flags = {"model": "convnext_tiny", "image_size": 32, "learning_rate": 0.01}
    whole = taken(config, 1, **flags)
    parts = taken(config, 1, **flags, num_microbatches=2, recompute_gradients=True)
    assert_alike(whole, parts, rtol=1e-3, atol=1e-5)
