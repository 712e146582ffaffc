"""What is trained and what is frozen, and the layers' shares of the learning rate."""

import numpy as np
import pytest

from slimnets.config.freezing import FreezingConfig
from slimnets.model import Model
from slimnets.training.state import TrainState
from slimnets.training.trained_variables import compute_rate_scales, select
from tests.tiny_runs import refused
from tests.training.test_step import Training

HEAD = {"Tiny/Logits/weights", "Tiny/Logits/biases"}
CONV = {"Tiny/Conv/weights", "Tiny/Conv/biases"}
NORM = {"Tiny/Conv/BatchNorm/beta", "Tiny/Conv/weights"}
MOMENTS = {
    "Tiny/Conv/BatchNorm/moving_mean": 0.1,
    "Tiny/Conv/BatchNorm/moving_variance": 2.0,
}
AVERAGES = set(MOMENTS)


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


def changed(config, **flags) -> set[str]:
    """Returns the names of what a step changes of a network and its optimizer."""
    training = Training(config(batch_size=6, **flags))
    before = training.values()
    training.take()
    after = training.values()
    names = {n for n in before if np.any(before[n] != after[n])}
    return names - {"global_step", "good_steps"}


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
def test_what_a_step_changes(config, flags, names):
    assert changed(config, model="tiny_bn", **flags) == names


def test_frozen_batch_norm_normalizes_by_its_averages(config):
    """So how many images it sees at once cannot matter to it."""
    ends = []
    for parts in (1, 3):
        flags = {"freeze_batch_norm": True, "num_microbatches": parts}
        training = Training(config(model="tiny_bn", batch_size=6, **flags))
        for name, value in MOMENTS.items():
            training.state.model.variables_by_name[name].assign([value] * 4)
        training.take()
        ends.append(training.values())
    for name, value in ends[0].items():
        np.testing.assert_allclose(value, ends[1][name], 1e-5, 1e-6, err_msg=name)
    assert all(np.all(ends[0][name] == value) for name, value in MOMENTS.items())


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


def test_a_step_is_as_long_as_the_share(config):
    """Under sgd: Tiny's two layers have a quarter of the rate, and all of it."""
    steps = []
    for decay in (1.0, 0.25):
        training = Training(config(batch_size=6, layer_decay=decay))
        before = training.values()
        training.take()
        after = training.values()
        steps.append({name: after[name] - before[name] for name in before})
    for name, share in [("Tiny/Conv/weights", 0.25), ("Tiny/Logits/weights", 1.0)]:
        assert np.abs(steps[0][name]).max() > 1e-3
        np.testing.assert_allclose(
            steps[1][name], share * steps[0][name], rtol=1e-3, atol=1e-6
        )
