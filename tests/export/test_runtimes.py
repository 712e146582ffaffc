"""Every runtime gives the same numbers for the same function."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.export import runtimes
from slimnets.inference.folded_model import FoldedModel
from tests import extras

RUNTIMES = [
    pytest.param(name, marks=extras.marks(name)) if name in extras.MODULES else name
    for name in runtimes.RUNTIMES
]


@pytest.mark.parametrize("batch_size", [3, 4])  # 4 may be shared among cores
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_same_end_points(model, images, runtime, batch_size):
    images = np.concatenate([images, images[::-1]])[:batch_size]
    folded = FoldedModel(model)

    @tf.function(autograph=False)
    def function(images):
        logits, end_points = folded(images)
        named = {f"of/{name}": value for name, value in end_points.items()}
        return {"logits": logits, "twice": 2 * logits, **named}

    spec = tf.TensorSpec(images.shape, name="images")
    run = runtimes.prepare(runtime, function, spec)
    _, expected = model(tf.constant(images))
    found = run(tf.constant(images))
    assert found.keys() == {"logits", "twice", *(f"of/{name}" for name in expected)}
    for name, value in expected.items():
        bound = runtimes.BOUNDS["float32"] * np.abs(value).max()
        np.testing.assert_allclose(found[f"of/{name}"], value, 0, bound, err_msg=name)
    np.testing.assert_array_equal(found["logits"] * 2, found["twice"])


def test_litert_has_no_bfloat16(model):
    with pytest.raises(errors.InputError, match="--runtime=litert computes in float32"):
        runtimes.prepare("litert", None, tf.TensorSpec([1, 8, 8, 3]), "bfloat16")
