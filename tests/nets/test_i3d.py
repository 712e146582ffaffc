"""I3D: research/slim's figures, costs, and its two ways of looking at frames."""

import numpy as np
import tensorflow as tf

from slimnets import slim
from slimnets.nets import i3d
from tests import v1_graph
from tests.nets import figures
from tests.nets.test_s3dg import videos

v1 = tf.compat.v1


def test_variables_and_numbers_are_research_slims():
    with slim.arg_scope(i3d.i3d_arg_scope()):
        found = figures.take(lambda: i3d.i3d(videos(9, 64, 64), 7, is_training=False))
    assert found[:3] == (3089383651, 230, 116)
    expected = [-1.557585, -0.7679709, 3.3524, 4.800825]
    np.testing.assert_allclose(found.net[0, :4], expected, 1e-3)
    found.assert_norms(
        {
            "Conv2d_1a_7x7": 299.1931,
            "MaxPool_2a_3x3": 332.5058,
            "Conv2d_2b_1x1": 402.3679,
            "Conv2d_2c_3x3": 631.3188,
            "MaxPool_3a_3x3": 451.5661,
            "Mixed_3b": 563.5041,
            "Mixed_3c": 828.9926,
            "MaxPool_4a_3x3": 461.354,
            "Mixed_4b": 459.8331,
            "Mixed_4c": 389.9276,
            "Mixed_4d": 389.4539,
            "Mixed_4e": 412.2745,
            "Mixed_4f": 631.5436,
            "MaxPool_5a_2x2": 346.1028,
            "Mixed_5b": 288.8768,
            "Mixed_5c": 290.9195,
            "Logits": 7.765318,
            "Predictions": 0.7466615,
        }
    )


def test_its_row_has_its_costs():
    (row,) = i3d.NETWORKS
    costs = figures.count_costs(row, [1, 64, 224, 224, 3])
    assert costs == (row.parameters, row.multiply_adds)


def test_its_arg_scope_splits_convolutions_and_regularizes():
    with tf.Graph().as_default():
        video = v1.placeholder(tf.float32, [1, 4, 32, 32, 3])
        with slim.arg_scope(i3d.i3d_arg_scope(0.1, separable_conv3d=True)):
            i3d.i3d_base(video, "Conv2d_2c_3x3")
        names = list(v1_graph.all_variables())
        losses = v1.losses.get_regularization_losses()
        averages = v1_graph.by_name(v1.get_collection("moving_vars"))
    kernels = [name for name in names if name.endswith("weights")]
    assert kernels == [
        "InceptionV1/Conv2d_1a_7x7/weights",
        "InceptionV1/Conv2d_2b_1x1/weights",
        "InceptionV1/Conv2d_2c_3x3/weights",
        "InceptionV1/Conv2d_2c_3x3/temporal/weights",
    ]
    assert len(losses) == 4
    assert list(averages) == [name for name in names if "moving" in name]
