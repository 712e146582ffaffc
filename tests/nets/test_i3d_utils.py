"""Layers over frames: in one step or two, windows, first kernels."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import i3d_utils
from tests import filled, v1_graph

v1 = tf.compat.v1


@pytest.mark.parametrize("stride", [2, [2, 1, 1], (1, 2, 2)])
def test_two_steps_stride_as_one_does(stride):
    video = tf.random.uniform([1, 6, 8, 8, 3])
    shapes = []
    for separable in (False, True):
        with filled.variables() as variables:
            net = i3d_utils.conv3d_spatiotemporal(
                video, 4, 3, stride, separable=separable, scope="c"
            )
        shapes.append(net.shape)
    assert shapes[0] == shapes[1]
    assert {name: v.shape.as_list() for name, v in variables.items()} == {
        "c/weights": [1, 3, 3, 3, 4],
        "c/biases": [4],
        "c/temporal/weights": [3, 1, 1, 4, 4],
        "c/temporal/biases": [4],
    }


def test_kernels_of_one_frame_have_no_second_step():
    with tf.Graph().as_default(), v1_graph.placeholders() as shapes:
        video = v1.placeholder(tf.float32, [1, 6, 8, 8, 3])
        i3d_utils.conv3d_spatiotemporal(video, 4, [1, 3, 3], separable=True, scope="c")
    assert list(shapes) == ["c/weights", "c/biases"]


def test_a_module_joins_four_branches_and_gates_each():
    gated = []

    def halve(features: tf.Tensor, scope: str) -> tf.Tensor:
        gated.append(scope)
        return features / 2

    with filled.variables() as variables:
        video = tf.random.uniform([1, 3, 5, 5, 6])
        plain, halved = (
            i3d_utils.inception_block_v1_3d(
                video, 1, 2, 3, 4, 5, 6, self_gating_fn=gate, scope="Mixed"
            )
            for gate in (None, halve)
        )
    assert plain.shape == [1, 3, 5, 5, 1 + 3 + 5 + 6]
    np.testing.assert_allclose(halved, plain / 2)
    assert gated == ["Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_0b_3x3", "Conv2d_0b_1x1"]
    three = variables["Mixed/Branch_1/Conv2d_0b_3x3/weights"]
    assert three.shape == [3, 3, 3, 2, 3]


@pytest.mark.parametrize(
    ("shape", "window"),
    [
        ([2, 1, 9, 3, 8], [1, 7, 3]),
        ([2, 5, 9, 9, 8], [2, 7, 7]),
        ([2, None, 3, None, 8], [2, 3, 7]),
    ],
)
def test_windows_are_no_larger_than_features(shape, window):
    with tf.Graph().as_default():
        features = v1.placeholder(tf.float32, shape)
        assert i3d_utils.reduced_kernel_size_3d(features, [2, 7, 7]) == window


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
def test_first_kernels_over_time_hand_on_the_frame_they_are_at(dtype):
    kernel = i3d_utils.center_initializer()([3, 1, 1, 2, 2], dtype)
    assert kernel.dtype == dtype
    expected = np.zeros([3, 1, 1, 2, 2])
    expected[1, 0, 0] = [[1, 0], [0, 1]]
    np.testing.assert_array_equal(tf.cast(kernel, tf.float32), expected)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ([1, 1, 2, 2], "is for kernels"),
        ([3, 1, 3, 2, 2], "is for kernels"),
        ([3, 1, 1, 2, 4], "is for kernels"),
        ([2, 1, 1, 2, 2], "needs an odd number of frames, not 2"),
    ],
)
def test_kernels_that_have_no_middle_are_errors(shape, message):
    with pytest.raises(errors.InputError, match=message):
        i3d_utils.center_initializer()(shape)


def test_sizes_are_one_number_or_three():
    with (
        slim.arg_scope([slim.conv3d], reuse=None),
        pytest.raises(errors.InputError, match="a number or three"),
    ):
        i3d_utils.conv3d_spatiotemporal(tf.zeros([1, 2, 3, 3, 1]), 4, [3, 3], scope="c")
