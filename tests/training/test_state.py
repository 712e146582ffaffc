"""What training changes, and how it goes into checkpoints and comes back."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config.devices import DevicesConfig
from slimnets.distribution import strategies
from slimnets.nets import registry
from slimnets.training.state import TrainState
from tests.tiny_runs import silent

WEIGHTS = "Tiny/Conv/weights"
TINY = [WEIGHTS, "Tiny/Conv/biases", "Tiny/Logits/weights", "Tiny/Logits/biases"]
AVERAGE = "/ExponentialMovingAverage"


def saved(state: TrainState, folder, fill: float, step: int = 5) -> str:
    """Saves a state all of whose numbers are `fill`."""
    for variable in state.variables().values():
        variable.assign(tf.cast(tf.fill(variable.shape, fill), variable.dtype))
    state.global_step.assign(step)
    return state.save(folder, keep=5)


def means(state: TrainState) -> dict[str, float]:
    """Returns the mean of each variable."""
    return {name: np.mean(v.numpy()) for name, v in state.variables().items()}


def test_the_names_in_a_checkpoint(config):
    state = TrainState(config(optimizer="momentum", moving_average_decay=0.9), 3)
    assert list(state.variables()) == [
        *TINY,
        *(f"{name}/Momentum" for name in TINY),
        *(f"{name}{AVERAGE}" for name in TINY),
        "global_step",
    ]
    assert state.step == 0 and state.global_step.dtype == tf.int64


def test_a_state_comes_back_whole(config, tmp_path):
    make = config(optimizer="adam", moving_average_decay=0.9, model="tiny_bn")
    path = saved(TrainState(make, 3), tmp_path, 0.25)
    state = TrainState(make, 3)
    state.resume(path)
    assert state.step == 5
    assert set(means(state).values()) == {0.25, 5}


def test_a_loss_scale_comes_back_or_begins_anew(config, tmp_path):
    half = config(precision="float16")
    path = saved(TrainState(half, 3), tmp_path, 4)
    state = TrainState(half, 3)
    state.resume(path)
    assert [v.numpy() for v in state.loss_scale.variables.values()] == [4, 4]
    TrainState(config(), 3).resume(path)
    path = saved(TrainState(config(), 3), tmp_path, 0.25, step=6)
    state = TrainState(half, 3)
    state.resume(path)
    assert [v.numpy() for v in state.loss_scale.variables.values()] == [2**15, 0]


def test_image_size_gray_and_decay_come_from_the_settings(config):
    make = config(use_grayscale=True, image_size=16, weight_decay=0.5)
    state = TrainState(make, 4)
    assert state.model.variables_by_name[WEIGHTS].shape == [3, 3, 1, 4]
    assert state.model.variables_by_name["Tiny/Logits/biases"].shape == [4]
    assert state.model.image_size == 16 and state.model.regularization_loss() > 0


@pytest.mark.parametrize(
    ("scopes", "trained"),
    [
        ((), TINY),
        (("Tiny/Logits",), TINY[2:]),
        (("Tiny/Logits/b", "Tiny/Conv/w"), [TINY[0], TINY[3]]),
    ],
)
def test_trainable_scopes(config, scopes, trained):
    state = TrainState(config(trainable_scopes=scopes, optimizer="momentum"), 3)
    assert list(state.trained) == trained
    assert list(state.optimizer.variables) == [f"{name}/Momentum" for name in trained]


def test_a_trainable_scope_without_variables(config):
    with pytest.raises(
        errors.InputError,
        match="unknown trainable scope 'Tiny/Logit5'; did you mean Tiny/Logits",
    ):
        TrainState(config(trainable_scopes=("Tiny/Conv", "Tiny/Logit5")), 3)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"optimizer": "sgd"}, {"optimizer": "adam"}),
        ({"optimizer": "adam"}, {"optimizer": "sgd"}),
        ({"moving_average_decay": 0.9}, {}),
        ({}, {"moving_average_decay": 0.9}),
        (
            {"optimizer": "momentum"},
            {"optimizer": "momentum", "trainable_scopes": ("Tiny/Logits",)},
        ),
        ({"model": "tiny_bn"}, {"model": "tiny"}),
    ],
)
def test_a_run_with_other_settings_does_not_go_on(config, tmp_path, first, then):
    path = saved(TrainState(config(**first), 3), tmp_path, 0.25)
    with pytest.raises(errors.InputError) as caught:
        TrainState(config(**then), 3).resume(path)
    message = str(caught.value)
    assert message.startswith(f"cannot go on from train_dir's checkpoint: {path} ")
    assert "give another --train_dir" in message and "\n" not in message
    assert "exclude" not in message


def test_starting_from_weights_leaves_slots_and_step(config, tmp_path):
    other = config(optimizer="adam")
    path = saved(TrainState(other, 3), tmp_path, 0.25)
    state = TrainState(config(optimizer="momentum", moving_average_decay=0.9), 3)
    report = state.start_from(path, config(), silent)
    assert set(report.restored) == set(TINY)
    found = means(state)
    assert all(found[n] == 0.25 and found[f"{n}{AVERAGE}"] == 0.25 for n in TINY)
    assert all(found[f"{n}/Momentum"] == 0 for n in TINY) and state.step == 0


def test_starting_takes_the_averages_where_there_are_any(config, tmp_path):
    state = TrainState(config(moving_average_decay=0.9), 3)
    for name, variable in state.variables().items():
        variable.assign(
            tf.cast(
                tf.fill(variable.shape, 2 if AVERAGE in name else 1), variable.dtype
            )
        )
    path = state.save(tmp_path, keep=1)
    fresh = TrainState(config(), 3)
    assert fresh.start_from(path, config(), silent).averaged
    assert {means(fresh)[name] for name in TINY} == {2}


def test_a_head_of_as_many_classes_is_left_out_by_its_role(config, tmp_path):
    path = saved(TrainState(config(), 3), tmp_path, 0.25)
    state = TrainState(config(), 3)
    excluding = config(checkpoint_exclude_scopes=("logits",), checkpoint_path=path)
    report = state.start_from(path, excluding, silent)
    assert set(report.excluded) == set(TINY[2:])
    assert means(state)[WEIGHTS] == 0.25 and means(state)[TINY[2]] != 0.25


def test_a_head_of_other_classes_starts_anew(config, tmp_path):
    path = saved(TrainState(config(), 3), tmp_path, 0.25)
    state = TrainState(config(), 5)
    lines = []
    report = state.start_from(path, config(), lines.append)
    assert set(report.excluded) == set(TINY[2:])
    assert means(state)[WEIGHTS] == 0.25
    assert lines == [
        "the weights are for 3 classes and the network has 5: its head, Tiny/Logits,"
        " starts anew"
    ]


def test_another_shape_names_the_flag_that_helps(config, tmp_path):
    other = {n: v.numpy() for n, v in TrainState(config(), 3).variables().items()}
    other[WEIGHTS] = np.zeros([3, 3, 3, 7], np.float32)
    path = checkpoints.save(tmp_path, 1, other)
    with pytest.raises(errors.InputError) as caught:
        TrainState(config(), 5).start_from(path, config(), silent)
    assert "does not fit: Tiny/Conv/weights has shape [3, 3, 3, 7]" in str(caught.value)
    assert "anew give --checkpoint_exclude_scopes=Tiny/Conv" in str(caught.value)


def test_missing_ones_name_both_flags_that_help(config, tmp_path):
    tiny = TrainState(config(), 3).model.variables_by_name
    path = checkpoints.save(tmp_path, 1, {n: tiny[n].numpy() for n in TINY[:2]})
    excluding = config(checkpoint_exclude_scopes=("Tiny/Logits/w",))
    with pytest.raises(errors.InputError) as caught:
        TrainState(excluding, 3).start_from(path, excluding, silent)
    assert str(caught.value).endswith(
        "give --checkpoint_exclude_scopes=Tiny/Logits/w,Tiny/Logits or"
        " --ignore_missing_vars"
    )
    ignoring = config(ignore_missing_vars=True)
    report = TrainState(ignoring, 3).start_from(path, ignoring, silent)
    assert report.missing == tuple(TINY[2:])


@pytest.mark.parametrize("ignore", [True, False])
def test_another_networks_checkpoint_asks_for_the_network(config, tmp_path, ignore):
    path = checkpoints.save(tmp_path, 1, {"Other/weights": np.zeros(3, np.float32)})
    make = config(ignore_missing_vars=ignore)
    with pytest.raises(
        errors.InputError, match="is it a checkpoint of tiny\\? If not,"
    ):
        TrainState(make, 3).start_from(path, make, silent)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_not_saved(config, tmp_path, value):
    state = TrainState(config(optimizer="momentum"), 3)
    good = state.save(tmp_path, keep=1)
    state.optimizer.variables[f"{WEIGHTS}/Momentum"][0, 0, 0, 0].assign(value)
    state.global_step.assign(9)
    with pytest.raises(
        errors.InputError, match=f"^{WEIGHTS}/Momentum is not finite after step 9,"
    ):
        state.save(tmp_path, keep=1)
    assert checkpoints.find(tmp_path) == good


def test_replicas_averages_are_saved_as_their_mean(config, tmp_path):
    strategy = strategies.get_strategy(DevicesConfig("mirrored", num_clones=2))
    with strategy.scope():
        state = TrainState(config(model="tiny_bn"), 3)
        name = "Tiny/Conv/BatchNorm/moving_mean"
        mean = state.model.variables_by_name[name]
        for number, part in enumerate(strategy.experimental_local_results(mean)):
            part.assign(tf.fill([4], 2.0 * number))
        path = state.save(tmp_path, keep=1)
    loaded = tf.train.load_checkpoint(path)
    np.testing.assert_array_equal(loaded.get_tensor(name), np.ones(4))
    with strategy.scope():
        state.resume(path)
        parts = strategy.experimental_local_results(mean)
    assert all(np.all(part.numpy() == 1) for part in parts)


def test_a_network_that_changes_with_the_step_is_given_it(config, monkeypatch):
    seen = []

    def stepping(images, num_classes, is_training=True, current_step=None):
        seen.append(current_step)
        return registry.get_row("tiny").builder(images, num_classes, is_training)

    row = dataclasses.replace(registry.get_row("tiny"), name="s", builder=stepping)
    monkeypatch.setitem(registry.NETWORKS, "s", row)
    state = TrainState(config(model="s"), 3)
    assert seen == [state.global_step]
