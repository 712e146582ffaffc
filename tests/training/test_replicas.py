"""Replicas together train as one device does with the whole batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from slimnets.datasets import pipeline
from slimnets.datasets.batching import Division
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.record_order import Order
from slimnets.model import Model
from slimnets.nets import registry
from slimnets.preprocessing import plain
from slimnets.preprocessing.mixing import Mixing
from slimnets.training import trainer
from slimnets.training.batches import TrainingBatches
from slimnets.training.resources import find_resources
from tests.soak import dropping
from tests.tiny_runs import SIZE, assert_same, silent, weights

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


@pytest.mark.slow
def test_replicas_mix_their_own_parts_and_go_on_where_they_were(config, toy_data):
    """Two logical devices get what the pipeline makes for two replicas, bit by bit."""
    mixing = {"mixup_alpha": 0.5, "cutmix_alpha": 1.0, "preprocessing_name": "plain"}
    made = config(**mixing, **MIRRORED)
    strategy, dataset, num_classes = find_resources(made)
    model = Model("tiny", num_classes)

    def take(count: int, first_step: int = 0) -> list[tuple[np.ndarray, ...]]:
        batches = TrainingBatches(strategy, made, dataset, model, first_step)
        return [
            tuple(part.numpy() for each in next(batches) for part in each.values)
            for _ in range(count)
        ]

    alone = iter(
        pipeline.train_batches(
            dataset,
            lambda image: plain.preprocess_image(image, SIZE, SIZE),
            made.data.known_batch_size // 2,
            order=Order(made.run.seed),
            decoding=Decoding(channels=3),
            division=Division(replicas=2),
            mix=Mixing(made.augmentation, num_classes),
        ).as_numpy_iterator()
    )
    whole = take(4)
    for images, other_images, targets, other_targets in whole:
        for mine in ((images, targets), (other_images, other_targets)):
            for part, expected in zip(mine, next(alone), strict=True):
                np.testing.assert_array_equal(part, expected)
    for part, other in zip(whole[2:], take(2, first_step=2), strict=True):
        for array, expected in zip(part, other, strict=True):
            np.testing.assert_array_equal(array, expected)
    assert any(0 < share < 1 for share in np.ravel(whole[0][2:]))


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
