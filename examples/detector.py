"""A detector of SSD's kind on MobileNet v2: boxes and classes at two strides.

    python examples/detector.py

prints what its maps are. The heads are those of SSDLite (Sandler et al.,
arXiv:1801.04381, section 6.2): a separable convolution for the classes of each anchor,
another for its box. Training on boxes is up to you; tests/examples has a few steps.
"""

from typing import NamedTuple

import tensorflow as tf

import slimnets
from slimnets import slim

ANCHORS = 6  # at each place of a map
BACKBONE = slimnets.features("mobilenet_v2", strides=[16, 32])


class Detections(NamedTuple):
    """What a map tells of its anchors.

    Attributes:
      classes: float [batch, height * width * anchors, classes], logits.
      boxes: float [batch, height * width * anchors, 4], offsets from the anchor.
    """

    classes: tf.Tensor
    boxes: tf.Tensor


def predict_map(features, num_classes, scope):
    """Adds the heads of one map."""
    with tf.compat.v1.variable_scope(scope):
        parts = []
        for name, depth in (("Classes", num_classes), ("Boxes", 4)):
            values = slim.separable_conv2d(
                features,
                ANCHORS * depth,
                3,
                1,
                activation_fn=None,
                normalizer_fn=None,
                scope=name,
            )
            shape = [tf.shape(values)[0], -1, depth]
            parts.append(tf.reshape(values, shape))
        return Detections(*parts)


def build_detector(images, num_classes, is_training=False):
    """Adds the detector: class logits [batch, anchors, classes], and end points."""
    maps = BACKBONE(images, is_training)
    end_points = {}
    for feature_map, features in zip(BACKBONE.maps, maps, strict=True):
        found = predict_map(features, num_classes, f"Head_{feature_map.stride}")
        end_points[f"classes_{feature_map.stride}"] = found.classes
        end_points[f"boxes_{feature_map.stride}"] = found.boxes
    strides = [feature_map.stride for feature_map in BACKBONE.maps]
    classes = tf.concat([end_points[f"classes_{s}"] for s in strides], axis=1)
    end_points["boxes"] = tf.concat([end_points[f"boxes_{s}"] for s in strides], axis=1)
    return classes, end_points


if __name__ == "__main__":
    for found_map in BACKBONE.maps:
        print(found_map)
