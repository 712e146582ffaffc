"""Every network trains a step with rounded values, from its short table."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.layers.computation import Computation, computing
from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.model import Model
from slimnets.nets import registry
from tests import tiny

QUANTIZED = Computation(quantization=FakeQuantization())


def take_step(name: str) -> tuple[Model, list[tf.Tensor | None]]:
    """Returns a model and the gradients of one step, all that it trains."""
    size = tiny.image_size(name)
    channels = registry.get_row(name).channels
    images = np.random.default_rng(0).uniform(-1, 1, [2, size, size, channels])
    with computing(QUANTIZED):
        model = Model(name, 3, is_training=True, image_size=size)

    @tf.function(autograph=False)
    def gradients(images: tf.Tensor) -> list[tf.Tensor | None]:
        with tf.GradientTape() as tape, computing(QUANTIZED):
            logits, end_points = model(images)
            auxiliary = [v for k, v in end_points.items() if k.startswith("AuxLogits")]
            loss = tf.add_n([tf.reduce_sum(tf.abs(v)) for v in [logits, *auxiliary]])
        return tape.gradient(loss, list(model.trainable_by_name.values()))

    return model, gradients(tf.constant(images, tf.float32))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "lenet" else pytest.mark.slow)
        for name in registry.list_networks(kind="classifier")
    ],
)
def test_it_trains_a_step_and_is_evaluated(short_networks, name):
    model, gradients = take_step(name)
    missing = [
        n for n, g in zip(model.trainable_by_name, gradients, strict=True) if g is None
    ]
    assert missing == []
    ranges = {n for n in model.variables_by_name if n.endswith("_quant/min")}
    kernels = [v for v in model.trainable_by_name.values() if v.shape.rank in (2, 4)]
    weights = {n for n in ranges if "/weights_quant" in n}
    assert len(weights) >= len(kernels) // 2 and ranges > weights
    size = tiny.image_size(name)
    with computing(QUANTIZED):
        evaluated = Model(name, 3, image_size=size)
        logits, _ = evaluated(tf.zeros([1, size, size, model.channels]))
    assert np.isfinite(logits).all()
    assert evaluated.variables_by_name.keys() <= model.variables_by_name.keys()
