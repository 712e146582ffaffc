"""A segmenter of U-Net's kind on ResNet v1 50: a class for each pixel.

    python examples/segmenter.py

prints what its maps are. The way up is that of U-Net (Ronneberger et al.,
arXiv:1505.04597): at each stride the map from below is doubled in size and joined with
the backbone's own.
"""

import tensorflow as tf

import slimnets
from slimnets import slim

WIDTHS = (256, 128, 64)  # channels on the way up
BACKBONE = slimnets.features("resnet_v1_50", strides=[4, 8, 16, 32])


def double(features, beside):
    """Returns features at the height and width of those beside them, joined."""
    size = tf.shape(beside)[1:3]
    return tf.concat([tf.image.resize(features, size), beside], axis=-1)


def build_segmenter(images, num_classes, is_training=False):
    """Adds the segmenter: logits [batch, height, width, classes], and end points."""
    *finer, net = BACKBONE(images, is_training)
    end_points = {}
    with (
        tf.compat.v1.variable_scope("Decoder"),
        slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm),
        slim.arg_scope([slim.batch_norm], is_training=is_training),
    ):
        for width, beside in zip(WIDTHS, reversed(finer), strict=True):
            net = slim.conv2d(double(net, beside), width, 3, scope=f"Up_{width}")
            end_points[f"Up_{width}"] = net
        net = slim.conv2d(
            net, num_classes, 1, activation_fn=None, normalizer_fn=None, scope="Logits"
        )
    logits = tf.image.resize(net, tf.shape(images)[1:3])
    end_points["Logits"] = logits
    return logits, end_points


if __name__ == "__main__":
    for found_map in BACKBONE.maps:
        print(found_map)
