"""CycleGAN's generator: research/slim's figures, sizes, ways of upsampling."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.nets import cyclegan
from tests import filled, v1_graph
from tests.goldens import fill
from tests.nets import figures

v1 = tf.compat.v1
SMALL = {"num_resnet_blocks": 1, "num_filters": 4}


def test_variables_and_numbers_are_research_slims():
    images = tf.constant(fill.images(2, 32, 40))
    found = figures.take(
        lambda: cyclegan.cyclegan_generator_resnet(
            images, num_resnet_blocks=2, num_filters=8
        )
    )
    assert found[:3] == (1781251373, 27, 27)
    assert found.net.shape == images.shape
    expected = [-0.997987, -0.213101, -0.8040487, -0.9901339]
    np.testing.assert_allclose(found.net.ravel()[:4], expected, 1e-3)
    found.assert_norms(
        {
            "encoder_0": 109.5992,
            "encoder_1": 71.99918,
            "encoder_2": 51.05233,
            "resnet_block_0": 86.48404,
            "resnet_block_1": 113.1656,
            "decoder1": 102.2613,
            "decoder2": 115.6502,
            "logits": 146.9574,
            "predictions": 66.79901,
        }
    )


def test_its_row_has_its_costs():
    (row,) = cyclegan.NETWORKS
    costs = figures.count_costs(row, [1, row.image_size, row.image_size, 3])
    assert costs == (row.parameters, row.multiply_adds)


@pytest.mark.parametrize("kernel", [3, 4, 5, (2, 6)])
def test_images_keep_their_shape(kernel):
    with tf.Graph().as_default(), v1_graph.placeholders():
        for shape in ([2, 32, 48, 1], [None, 32, None, 3]):
            images = v1.placeholder(tf.float32, shape)
            made, end_points = cyclegan.cyclegan_generator_resnet(
                images, kernel_size=kernel, **SMALL
            )
            assert made.shape.as_list() == shape
            assert end_points["predictions"] is made


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ([1, 30, 32, 3], "^The input height must be a multiple of 4. It is 30$"),
        ([1, 32, 29, 3], "^The input width must be a multiple of 4. It is 29$"),
        ([1, 32, 32], "^inputs must have rank 4"),
    ],
)
def test_other_sizes_are_errors(shape, message):
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        cyclegan.cyclegan_generator_resnet(v1.placeholder(tf.float32, shape))


def test_a_slope_adds_a_line_to_tanh():
    with filled.variables():
        _, end_points = cyclegan.cyclegan_generator_resnet(
            tf.constant(fill.images(1, 16, 16)), tanh_linear_slope=0.5, **SMALL
        )
    logits = end_points["logits"]
    expected = np.tanh(logits) + 0.5 * logits
    np.testing.assert_allclose(end_points["predictions"], expected, 1e-5)


@pytest.mark.parametrize("method", cyclegan.METHODS)
@pytest.mark.parametrize("shape", [[1, 3, 5, 2], [None, None, 5, 2]])
def test_height_and_width_are_multiplied(method, shape):
    with tf.Graph().as_default(), v1_graph.placeholders() as variables:
        features = v1.placeholder(tf.float32, shape)
        net = cyclegan.cyclegan_upsample(features, 7, [2, 2], method)
    _, height, width, _ = shape
    assert net.shape.as_list()[1:] == [height and height * 2, width * 2, 7]
    scope = "Conv2d_transpose" if method == "conv2d_transpose" else "Conv"
    assert [*variables] == [f"upconv/{scope}/weights", f"upconv/{scope}/biases"]


def test_an_unknown_method_is_an_error():
    upsample = functools.partial(cyclegan.cyclegan_upsample, method="bilinear")
    with (
        tf.Graph().as_default(),
        pytest.raises(errors.InputError, match=r"^unknown method 'bilinear'; did you"),
    ):
        cyclegan.cyclegan_generator_resnet(
            tf.zeros([1, 16, 16, 3]), upsample_fn=upsample, **SMALL
        )


def test_its_arg_scope_normalizes_and_regularizes():
    defaults = functools.partial(
        cyclegan.cyclegan_arg_scope, instance_norm_scale=False, weight_decay=0.1
    )
    with tf.Graph().as_default():
        images = v1.placeholder(tf.float32, [1, 16, 16, 3])
        cyclegan.cyclegan_generator_resnet(images, defaults, **SMALL)
        names = list(v1_graph.all_variables())
        losses = v1.losses.get_regularization_losses()
    assert "input/Conv/InstanceNorm/beta" in names
    assert not any("gamma" in name for name in names)
    assert len(losses) == 6  # of convolutions, not of their transposes
