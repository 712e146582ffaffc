"""DCGAN: research/slim's figures, sizes, and what it cannot take."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.nets import dcgan
from tests import v1_graph
from tests.goldens import fill
from tests.nets import figures

v1 = tf.compat.v1


def test_the_generators_variables_and_numbers_are_research_slims():
    random = np.random.default_rng(fill.IMAGE_SEED)
    noise = tf.constant(random.standard_normal((2, 20)), tf.float32)
    found = figures.take(lambda: dcgan.generator(noise, 8, is_training=False))
    assert found[:3] == (3700389731, 16, 10)
    assert found.net.shape == (2, 32, 32, 3)
    expected = [-0.110287, 0.1136711, 0.1148836, 0.03099585]
    np.testing.assert_allclose(found.net.ravel()[:4], expected, 1e-3)
    found.assert_norms(
        {
            "deconv1": 7.940796,
            "deconv2": 9.355803,
            "deconv3": 9.431013,
            "deconv4": 16.20409,
            "logits": 14.33375,
        }
    )


def test_the_discriminators_variables_and_numbers_are_research_slims():
    images = tf.constant(fill.images(2, 32, 32))
    found = figures.take(lambda: dcgan.discriminator(images, 8, is_training=False))
    assert found[:3] == (4152189773, 20, 12)
    np.testing.assert_allclose(found.net, [[-0.5812134], [-0.1847801]], 1e-3)
    found.assert_norms(
        {
            "conv1": 37.53743,
            "conv2": 27.94753,
            "conv3": 20.87281,
            "conv4": 13.08518,
            "conv5": 4.822339,
            "logits": 0.6098792,
        }
    )


@pytest.mark.parametrize(("name", "shape"), [("generator", 64), ("discriminator", 0)])
def test_rows_have_their_costs(name, shape):
    (row,) = [row for row in dcgan.NETWORKS if row.name == f"dcgan_{name}"]
    size = row.image_size
    costs = figures.count_costs(row, [1, shape] if shape else [1, size, size, 3])
    assert costs == (row.parameters, row.multiply_adds)


@pytest.mark.parametrize("size", [8, 16, 64])
def test_images_of_any_power_of_2_are_made_and_judged(size):
    layers = {8: 3, 16: 4, 64: 6}[size]
    with tf.Graph().as_default():
        noise = v1.placeholder(tf.float32, [None, 5])
        images, made = dcgan.generator(noise, 2, final_size=size, num_outputs=1)
        logits, judged = dcgan.discriminator(images, 2)
    assert images.shape.as_list() == [None, size, size, 1]
    assert logits.shape.as_list() == [None, 1]
    depths = [net.shape[-1] for net in made.values()]
    assert depths == [2 * 2**n for n in reversed(range(1, layers - 1))] + [2, 1]
    assert [*judged] == [f"conv{n}" for n in range(1, layers + 1)] + ["logits"]


def test_both_train_by_what_the_other_says():
    """A step of each in a v1 graph; the discriminator is used twice."""
    with tf.Graph().as_default(), v1.Session() as session:
        images, _ = dcgan.generator(tf.random.normal([4, 6]), 2, final_size=8)
        real, _ = dcgan.discriminator(tf.constant(fill.images(4, 8, 8)), 2)
        fake, _ = dcgan.discriminator(images, 2, reuse=True)
        loss = tf.reduce_mean(fake - real)
        step = []
        for sign, scope in ((1, "Discriminator"), (-1, "Generator")):
            variables = v1.trainable_variables(scope)
            optimizer = v1.train.GradientDescentOptimizer(0.1)
            step.append(optimizer.minimize(sign * loss, var_list=variables))
        session.run(v1.global_variables_initializer())
        before = session.run(v1_graph.by_name(v1.trainable_variables()))
        session.run([step, v1.get_collection(v1.GraphKeys.UPDATE_OPS)])
        after = session.run(v1_graph.by_name(v1.trainable_variables()))
    # a shift of all logits alike is nothing to the difference
    still = {name for name in after if np.array_equal(before[name], after[name])}
    assert still <= {"Discriminator/Conv/biases"}


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ([2, 32, 32], "^inputs must have rank 4"),
        ([2, 32, None, 3], "^a discriminator's images need a known height and width$"),
        ([2, 32, 16, 3], "^images of 32x16 do not have equal width and height$"),
        ([2, 30, 30, 3], "^the images' width must be a power of 2: 30 is not a power"),
    ],
)
def test_images_it_cannot_judge_are_errors(shape, message):
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        dcgan.discriminator(v1.placeholder(tf.float32, shape))


@pytest.mark.parametrize(
    ("shape", "size", "message"),
    [
        ([2, 1, 5], 32, r"^inputs must have rank 2 \(batch, noise\), not 3$"),
        ([2, 5], 30, "^final_size must be a power of 2: 30 is not a power of 2$"),
        ([2, 5], 0, "^final_size must be a power of 2"),
        ([2, 5], 4, "^final_size must be greater than 8, or 8, not 4$"),
    ],
)
def test_images_it_cannot_make_are_errors(shape, size, message):
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        dcgan.generator(v1.placeholder(tf.float32, shape), final_size=size)
