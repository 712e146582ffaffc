"""What is trained and what is frozen, and the layers' shares of the learning rate."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.config.freezing import FreezingConfig
from slimnets.model import Model
from slimnets.training import trainer
from slimnets.training.state import TrainState
from slimnets.training.trained_variables import compute_rate_scales, select
from tests.tiny_runs import assert_same, changed, refused, silent, weights

HEAD = {"Tiny/Logits/weights", "Tiny/Logits/biases"}
CONV = {"Tiny/Conv/weights", "Tiny/Conv/biases"}
NORM = {"Tiny/Conv/BatchNorm/beta", "Tiny/Conv/weights"}
AVERAGES = {
    "Tiny/Conv/BatchNorm/moving_mean",
    "Tiny/Conv/BatchNorm/moving_variance",
}


@pytest.mark.parametrize(
    ("trainable", "frozen", "names"),
    [
        ((), (), CONV | HEAD),
        (("logits",), (), HEAD),
        (("Tiny/Conv",), (), CONV),
        (("logits", "Tiny/Conv"), (), CONV | HEAD),
        ((), ("logits",), CONV),
        ((), ("Tiny/Conv",), HEAD),
        (("Tiny",), ("Tiny/Conv/biases", "logits"), {"Tiny/Conv/weights"}),
    ],
)
def test_what_is_trained(trainable, frozen, names):
    config = FreezingConfig(trainable, frozen)
    assert set(select(Model("tiny", 3, is_training=True), config)) == names


@pytest.mark.slow  # tests/nets/test_anatomy.py finds such heads
def test_an_auxiliary_head_is_trained_too(short_networks):
    model = Model("nasnet_cifar", 3, is_training=True, image_size=32)
    assert list(select(model, FreezingConfig(("logits",)))) == [
        "aux_1/aux_logits/FC/weights",
        "aux_1/aux_logits/FC/biases",
        "final_layer/FC/weights",
        "final_layer/FC/biases",
    ]


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"trainable_scopes": ("logit",)}, "unknown trainable scope 'logit'; did you"),
        ({"freeze_scopes": ("Tiny/Con_",)}, "unknown frozen scope 'Tiny/Con_'; did"),
        ({"freeze_scopes": ("Tiny",)}, "--freeze_scopes leaves no variable to train"),
        ({"freeze_batch_norm": True}, "--freeze_batch_norm: tiny has no batch norm"),
        (
            {"freeze_batch_norm": True, "sync_batch_norm": True, "model": "tiny_bn"},
            "--sync_batch_norm shares the moments of all images",
        ),
    ],
)
def test_what_cannot_be_frozen(config, flags, line):
    assert line in refused(config(**flags))


def two_steps(config, tmp_path, **flags) -> list[str]:
    """Returns the checkpoints of the first step and of the second."""
    return [
        trainer.train(
            config(
                max_number_of_steps=steps,
                train_dir=str(tmp_path / "run"),
                model="tiny_bn",
                **flags,
            ),
            silent,
        ).checkpoint
        for steps in (1, 2)
    ]


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ({}, HEAD | NORM | AVERAGES),
        ({"freeze_batch_norm": True}, HEAD | NORM),
        ({"freeze_batch_norm": True, "precision": "float16"}, HEAD | NORM),
        ({"trainable_scopes": ("logits",)}, HEAD | AVERAGES),
        ({"trainable_scopes": ("logits",), "freeze_batch_norm": True}, HEAD),
        (
            {
                "freeze_batch_norm": True,
                "strategy": "mirrored",
                "num_clones": 2,
                "clone_on_cpu": True,
            },
            HEAD | NORM,
        ),
    ],
)
def test_what_a_step_changes(config, tmp_path, flags, names):
    found = changed(*two_steps(config, tmp_path, **flags))
    assert found - {"good_steps"} == names


def test_frozen_batch_norm_normalizes_by_its_averages(config, tmp_path):
    """As a network in evaluation: by hand, from what the first step left."""
    first, second = two_steps(config, tmp_path, freeze_batch_norm=True)
    held = weights(first)
    assert np.all(held["Tiny/Conv/BatchNorm/moving_mean"] == 0)
    assert np.all(held["Tiny/Conv/BatchNorm/moving_variance"] == 1)
    assert np.any(weights(second)["Tiny/Conv/weights"] != held["Tiny/Conv/weights"])
    # Images a batch cannot matter to it: microbatches give the weights of the whole.
    parts = trainer.train(
        config(
            model="tiny_bn",
            freeze_batch_norm=True,
            num_microbatches=2,
            train_dir=str(tmp_path / "parts"),
        ),
        silent,
    )
    assert_same(second, parts.checkpoint, rtol=1e-5, atol=1e-6)


def test_layers_share_the_rate_by_their_depth():
    layers = [["stem/w"], ["block/w", "block/b"], ["head/w", "head/b"]]
    scale = compute_rate_scales(layers, ["head/w", "head/b", "aux/w"], 0.5)
    names = ["stem/w", "block/w", "block/b", "head/w", "head/b", "aux/w"]
    assert [scale(name) for name in names] == [0.25, 0.5, 0.5, 1, 1, 1]


def test_a_networks_layers_share_the_rate(config, short_networks):
    state = TrainState(config(model="mobilenet_v2", image_size=32, layer_decay=0.5), 3)
    scales = state.rate_scales
    assert scales.keys() == state.trained.keys()
    assert scales["MobilenetV2/Logits/Conv2d_1c_1x1/weights"] == 1
    assert scales["MobilenetV2/Conv_1/BatchNorm/gamma"] == 0.5
    of_blocks = [
        scales[f"MobilenetV2/expanded_conv_{i}/project/weights"] for i in (1, 2)
    ]
    assert of_blocks[1] == 2 * of_blocks[0]
    assert min(scales.values()) == scales["MobilenetV2/Conv/weights"] < 0.001


def test_a_step_is_as_long_as_the_share(config, tmp_path):
    """Under sgd, without weight decay that would pull."""
    paths = [
        trainer.train(
            config(
                max_number_of_steps=1,
                layer_decay=decay,
                train_dir=str(tmp_path / f"{decay}"),
            ),
            silent,
        ).checkpoint
        for decay in (1.0, 0.25)
    ]
    start = {n: v.numpy() for n, v in _initial(config).items()}
    whole, quarter = map(weights, paths)
    for name, share in [("Tiny/Conv/weights", 0.25), ("Tiny/Logits/weights", 1.0)]:
        np.testing.assert_allclose(
            quarter[name] - start[name],
            share * (whole[name] - start[name]),
            rtol=1e-3,
            atol=1e-6,
        )


def _initial(config) -> dict:
    tf.random.set_seed(1)
    return TrainState(config(), 3).model.variables_by_name
