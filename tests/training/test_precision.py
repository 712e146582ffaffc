"""The number type: which is chosen, and what stays float32 in each."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import hardware
from slimnets.model import Model
from slimnets.nets import registry
from slimnets.training import precision as precisions
from tests import tiny

RESNET, MOBILENET = map(registry.get_row, ("resnet_v1_50", "mobilenet_v2"))


@pytest.fixture
def machine(monkeypatch):
    """Returns a function that sets what the machine has."""

    def set_up(processor: str, gpus: list[tuple[int, int]] | None = None) -> None:
        monkeypatch.setattr(hardware, "instruction_set", lambda: processor)
        monkeypatch.setattr(precisions, "_list_gpus", lambda: gpus or [])
        monkeypatch.setattr(
            tf.config.experimental,
            "get_device_details",
            lambda capability: {"compute_capability": capability},
        )

    return set_up


@pytest.mark.parametrize(
    ("processor", "network", "chosen"),
    [
        ("amx", RESNET, tf.bfloat16),
        ("amx", MOBILENET, tf.float32),
        ("avx512_bf16", RESNET, tf.bfloat16),
        ("avx512", RESNET, tf.float32),
        ("", RESNET, tf.float32),
    ],
)
def test_auto_on_a_processor(machine, processor, network, chosen):
    machine(processor)
    assert precisions.choose_training_type("auto", network) == chosen


@pytest.mark.parametrize(
    ("gpus", "chosen"),
    [
        ([(9, 0)], tf.bfloat16),
        ([(8, 0), (7, 5)], tf.float16),  # the older one would emulate bfloat16
        ([(7, 0)], tf.float16),
        ([(8, 0), (6, 1)], tf.float32),
    ],
)
def test_auto_on_gpus(machine, gpus, chosen):
    machine("amx", gpus)
    assert precisions.choose_training_type("auto", MOBILENET) == chosen


@pytest.mark.parametrize("choice", ["float32", "bfloat16", "float16"])
def test_a_choice_is_kept_whatever_the_machine(machine, choice):
    machine("amx" if choice == "float32" else "avx2")
    assert precisions.choose_training_type(choice, RESNET).name == choice


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("alexnet_v2", tf.bfloat16),
        ("cifarnet", tf.bfloat16),
        ("cifarnet", tf.float16),
        pytest.param("inception_v1", tf.bfloat16, marks=pytest.mark.slow),
        pytest.param("mobilenet_v2_035", tf.bfloat16, marks=pytest.mark.slow),
    ],
)
def test_it_changes_what_is_computed_and_nothing_that_is_kept(name, precision):
    size, channels = tiny.image_size(name), registry.get_row(name).channels
    images = np.random.default_rng(0).normal(size=(2, size, size, channels))
    images = images.astype(np.float32)
    row = tiny.short_row(name)
    models = [
        Model(row, 5, is_training=True, image_size=size, precision=dtype)
        for dtype in (tf.float32, precision)
    ]
    full, half = models
    assert {v.dtype for v in half.variables_by_name.values()} == {tf.float32}
    for variable_name, variable in half.variables_by_name.items():
        variable.assign(full.variables_by_name[variable_name])
    expected, actual = [model(images, is_training=False) for model in models]
    assert actual[0].dtype == tf.float32
    assert actual[1]["Logits" if "Logits" in actual[1] else name + "/fc8"].dtype == (
        precision
    )
    scale = np.abs(expected[0]).max()
    assert np.abs(actual[0] - expected[0]).max() < 0.1 * scale
    assert np.any(actual[0] != expected[0])


@pytest.mark.parametrize("precision", [tf.bfloat16, tf.float16])
def test_gradients_are_float32(precision):
    model = Model("lenet", 5, is_training=True, precision=precision)
    with tf.GradientTape() as tape:
        logits, _ = model(tf.ones([2, 28, 28, 1]))
        loss = tf.reduce_sum(logits**2)
    gradients = tape.gradient(loss, list(model.trainable_by_name.values()))
    assert {gradient.dtype for gradient in gradients} == {tf.float32}
    assert all(np.isfinite(gradient).all() for gradient in gradients)
