"""What is said before training, and that it is said once."""

import pytest

from slimnets.training import trainer
from slimnets.training.notices import list_notices
from slimnets.training.state import TrainState


def said(config) -> list[str]:
    return list(list_notices(config, TrainState(config, 3)))


def test_nothing_is_said_of_what_is_usual(config):
    assert said(config(model="tiny_bn")) == []
    assert said(config(optimizer="adam", opt_epsilon=1e-8)) == []
    assert said(config(optimizer="rmsprop")) == []
    assert said(config(num_microbatches=2)) == []  # without batch norm


@pytest.mark.parametrize(
    ("optimizer", "usual"), [("adam", "1e-8"), ("adamw", "1e-8"), ("lamb", "1e-6")]
)
def test_adam_with_rmsprops_epsilon_is_warned_of(config, optimizer, usual):
    (line,) = said(config(optimizer=optimizer))
    assert line.startswith(f"--opt_epsilon=1 with --optimizer={optimizer}: TF-Slim's")
    assert f"give --opt_epsilon={usual}" in line


def test_a_scaled_rate_is_said(config):
    (line,) = said(config(scale_learning_rate=True, learning_rate=0.1, batch_size=64))
    assert line == (
        "--scale_learning_rate: 0.1 for 256 images is 0.025 for --batch_size=64"
    )


def test_batch_norm_of_parts_is_said(config):
    (line,) = said(config(model="tiny_bn", num_microbatches=2))
    assert line.endswith("the moments of 2 images at a time, not by those of the batch")
    frozen = config(model="tiny_bn", num_microbatches=2, freeze_batch_norm=True)
    (line,) = said(frozen)
    assert line.startswith(
        "--freeze_batch_norm without --checkpoint_path: the averages"
    )
    tuned = config(model="tiny_bn", freeze_batch_norm=True, checkpoint_path="x")
    assert said(tuned) == []


def test_folded_batch_norm_is_said(config):
    tuned = config(model="tiny_bn", checkpoint_path="folded")
    (line,) = said(tuned)
    assert line.startswith("folded has a mean of 0 in every batch norm, as where")
    assert "`slimnets checkpoints unfold` gives it moments" in line
    state = TrainState(tuned, 3)
    state.model.variables_by_name["Tiny/Conv/BatchNorm/moving_mean"].assign([1.0] * 4)
    assert list(list_notices(tuned, state)) == []
    assert said(config(checkpoint_path="without batch norm")) == []


def test_layer_decay_is_said(config):
    (line,) = said(config(layer_decay=0.5))
    assert line == (
        "--layer_decay=0.5: the learning rate is multiplied by 0.5 for"
        " Tiny/Conv/weights to 1 for Tiny/Logits/weights"
    )


def test_training_says_them_once(config):
    lines: list[str] = []
    trainer.train(config(optimizer="adam"), lines.append)
    assert sum("--opt_epsilon" in line for line in lines) == 1
