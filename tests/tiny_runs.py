"""Tiny images, networks that train in milliseconds, short runs, and what they left."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors, slim
from slimnets.config import dataclass_flags
from slimnets.config.train import TrainConfig
from slimnets.datasets import arrays
from slimnets.nets import registry
from slimnets.nets.row import Network
from slimnets.training import trainer

CLASSES = ("red", "green", "blue")
SIZE = 8
EXAMPLES = 12  # in train


def toy_split(examples: int, seed: int) -> arrays.Split:
    """Makes noisy images in which the channel of the class is the brightest."""
    labels = np.arange(examples) % len(CLASSES)
    images = np.random.default_rng(seed).integers(0, 100, (examples, SIZE, SIZE, 3))
    images[np.arange(examples), :, :, labels] += 120
    return arrays.Split(images.astype(np.uint8), labels)


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns a dataset's folder: 12 images in train, 7 in validation; to read only."""
    folder = tmp_path_factory.mktemp("toy")
    arrays.convert(
        arrays.ArrayDataset(
            name="toy",
            classes=CLASSES,
            splits={"train": toy_split(EXAMPLES, 0), "validation": toy_split(7, 1)},
        ),
        folder,
    )
    return str(folder)


def _build(normalizer: Callable | None) -> Callable[..., Any]:
    """Returns a builder of two layers under the scope Tiny."""

    def tiny(
        images: tf.Tensor,
        num_classes: int | None = 3,
        is_training: bool = True,
        reuse: bool | None = None,
        scope: str = "Tiny",
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        with (
            tf.compat.v1.variable_scope(scope, reuse=reuse),
            slim.arg_scope([slim.batch_norm], is_training=is_training),
        ):
            net = slim.conv2d(
                images, 4, 3, stride=2, normalizer_fn=normalizer, scope="Conv"
            )
            end_points = {"Conv": net}
            net = tf.reduce_mean(net, [1, 2])
            end_points["Pool"] = net
            if not num_classes:
                return net, end_points
            logits = slim.fully_connected(
                net, num_classes, activation_fn=None, scope="Logits"
            )
            end_points["Logits"] = logits
            end_points["Predictions"] = tf.nn.softmax(logits)
        return logits, end_points

    return tiny


def _arg_scope(weight_decay: float = 0.0) -> dict:
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(weight_decay),
    ) as defaults:
        return defaults


@pytest.fixture(autouse=True, scope="module")
def tiny_networks() -> Iterator[None]:
    """Registers `tiny`, which has no randomness, and two with batch norm.

    `tiny_bn` has no gamma, as is slim's default; `tiny_gamma` has.
    """
    normalizers = {
        "tiny": None,
        "tiny_bn": slim.batch_norm,
        "tiny_gamma": functools.partial(slim.batch_norm, scale=True),
    }
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, normalizer in normalizers.items():
            row = Network(
                name,
                _build(normalizer),
                _arg_scope,
                image_size=SIZE,
                preprocessing="plain",
                classes=1001,
                paper="",
                parameters=0,
                multiply_adds=0,
            )
            monkeypatch.setitem(registry.NETWORKS, name, row)
        yield


def make_config(data: str, folder: Path, /, **flags: Any) -> TrainConfig:
    """Returns a short training run in `folder`/run, given the flags that differ."""
    defaults = {
        "model": "tiny",
        "dataset_dir": data,
        "train_dir": str(folder / "run"),
        "batch_size": 4,
        "max_number_of_steps": 2,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "learning_rate_decay_type": "fixed",
        "seed": 1,
    }
    return dataclass_flags.from_dict(TrainConfig, defaults | flags)


@pytest.fixture
def config(toy_data: str, tmp_path: Path) -> Callable[..., TrainConfig]:
    """Returns a maker of short training runs, given the flags that differ."""
    return functools.partial(make_config, toy_data, tmp_path)


def silent(line: str) -> None:
    """Says nothing."""


def weights(path: str) -> dict[str, np.ndarray]:
    """Returns all that a checkpoint holds."""
    reader = tf.train.load_checkpoint(path)
    return {name: reader.get_tensor(name) for name in checkpoints.read_shapes(path)}


def changed(before: str, after: str) -> set[str]:
    """Returns the names whose values differ between two checkpoints."""
    old, new = weights(before), weights(after)
    assert old.keys() == new.keys()
    return {name for name in old if np.any(old[name] != new[name])} - {"global_step"}


def assert_same(one: str, other: str, **tolerance: float) -> None:
    """Compares all that two checkpoints hold."""
    ones, others = weights(one), weights(other)
    assert ones.keys() == others.keys()
    for name, value in ones.items():
        np.testing.assert_allclose(value, others[name], err_msg=name, **tolerance)


def refused(config: trainer.TrainConfig) -> str:
    """Returns the one line with which training refuses a configuration."""
    with pytest.raises(errors.InputError) as caught:
        trainer.train(config, silent)
    message = str(caught.value)
    assert "\n" not in message
    return message
