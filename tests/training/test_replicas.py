"""Replicas together train as one device does with the whole batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from slimnets.nets import registry
from slimnets.training import trainer
from tests.soak import dropping
from tests.tiny_runs import assert_same, silent, weights

MIRRORED = {"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True}
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture
def trained(config, tmp_path) -> Callable[..., str]:
    """Returns what trains and gives the last checkpoint."""

    def train(name: str, **flags: Any) -> str:
        made = config(max_number_of_steps=5, train_dir=str(tmp_path / name), **flags)
        return trainer.train(made, silent).checkpoint

    return train


@pytest.mark.slow
@pytest.mark.parametrize("steps_per_call", [1, 2])
def test_what_is_drawn_is_drawn_for_the_whole_batch(
    trained, monkeypatch, steps_per_call
):
    monkeypatch.setitem(registry.NETWORKS, "dropping", dropping.NETWORK)
    flags = {
        "model": "dropping",
        "preprocessing_name": "inception",
        "sync_batch_norm": True,
    }
    one = trained("one", **flags)
    two = trained("two", steps_per_call=steps_per_call, **flags, **MIRRORED)
    assert_same(one, two, **CLOSE)


@pytest.mark.slow  # tests/layers/test_synced_moments.py has it of a layer
def test_batch_norm_sees_all_replicas_where_asked_to(trained):
    flags = {
        "model": "tiny_bn",
        "optimizer": "momentum",
        "weight_decay": 0.1,
        "moving_average_decay": 0.9,
    }
    one = trained("one", **flags)
    apart = trained("apart", **flags, **MIRRORED)
    synced = trained("synced", sync_batch_norm=True, **flags, **MIRRORED)
    assert_same(one, synced, **CLOSE)
    variance = "Tiny/Conv/BatchNorm/moving_variance"
    assert not np.allclose(weights(one)[variance], weights(apart)[variance], rtol=1e-3)
