"""Layers: what they are. That they add up to their network: tests/conformance."""

import tensorflow as tf

from slimnets import slim
from slimnets.nets import blueprint, registry
from slimnets.report import layers


def test_kinds_shapes_and_costs(monkeypatch):
    def build(images, num_classes, is_training=False):
        with tf.compat.v1.variable_scope("Net"):
            net = slim.conv2d(images, 4, 3, stride=2, scope="a")
            net = slim.batch_norm(net, scope="b", is_training=False)
            net = slim.separable_conv2d(net, 6, 5, scope="c")
            net = slim.separable_conv2d(
                net,
                None,
                (1, 3),
                normalizer_fn=slim.batch_norm,
                normalizer_params={"is_training": False},
                scope="d",
            )
            weights = slim.model_variable("e/weights", [3, 3, 2, 9])
            net = tf.nn.conv2d(net, weights, 1, "SAME")
            net *= slim.model_variable("gamma", [9])
            similar = tf.matmul(net, net, transpose_b=True)  # of rows of the image
            net = slim.fully_connected(slim.flatten(similar), num_classes, scope="f")
        return net, {"f": net}

    row = registry.get_row("lenet")
    tiny = {"builder": build, "arg_scope": lambda weight_decay: {}, "image_size": 8}
    changed = type(row)(**(vars(row) | tiny | {"channels": 3, "arguments": {}}))
    monkeypatch.setitem(registry.NETWORKS, "tiny", changed)
    listed = layers.list_layers(blueprint.trace("tiny", 10))
    assert [layer[:5] for layer in listed] == [
        ("Net/a", "conv 3x3/2", (4, 4, 4), 27 * 4 + 4, 16 * 27 * 4),
        ("Net/b", "norm", (4, 4, 4), 4, 0),
        ("Net/c", "sep 5x5", (4, 4, 6), 100 + 24 + 6, 16 * (100 + 24)),
        ("Net/d", "depthwise 1x3", (4, 4, 6), 18 + 6, 16 * 18),
        ("Net/e", "conv 3x3 g3", (4, 4, 9), 162, 16 * 162),
        ("Net", "scale", (4, 4, 9), 9, 0),
        ("Net/MatMul", "dense", (4, 4, 4), 0, 4 * 4 * 4 * 9),
        ("Net/f", "dense", (10,), 64 * 10 + 10, 640),
    ]
