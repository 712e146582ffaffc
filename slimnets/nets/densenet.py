"""DenseNet: "Densely Connected Convolutional Networks".

Huang et al., arXiv:1608.06993: each layer of a block reads the outputs of all layers
before it. These are DenseNet-BC: 1x1 convolutions before the 3x3 ones (B), and
transitions that halve the channels (C).

    with slim.arg_scope(densenet.densenet_arg_scope()):
        logits, end_points = densenet.densenet_121(images, is_training=False)

Padding is that of the authors' code, so its weights, torchvision's and Keras' give
their own numbers here.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.nets import classifier, image_size, resnet_utils, spatial
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints, Row, run_table

BOTTLENECK = 4  # channels of a layer's 1x1 convolution, divided by the growth rate
COMPRESSION = 0.5  # a transition's channels, divided by its input's
OUTPUT_STRIDES = (4, 8, 16, 32)
SMALLEST = 29  # pixels: the stem makes 8 of them, which three transitions halve


class Table(NamedTuple):
    """A network: a column of table 1 of arXiv:1608.06993."""

    layers: tuple[int, ...]  # of each block
    growth_rate: int = 32  # channels that each layer adds
    stem: int = 64  # channels of the 7x7 convolution


DENSENET_121 = Table((6, 12, 24, 16))
DENSENET_169 = Table((6, 12, 32, 32))
DENSENET_201 = Table((6, 12, 48, 32))


class Stem(NamedTuple):
    """A 7x7 convolution, padded by 3 at every side."""

    name: str
    depth: int
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return resnet_utils.conv2d_same(
            net, self.depth, 7, stride, rate, scope=self.name
        )


class StemPool(NamedTuple):
    """Maxima of 3x3; the zeros around are none of them, after a relu."""

    name: str
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        padded = spatial.fixed_padding(net, 3, rate)
        return slim.max_pool2d(padded, 3, stride, "VALID", scope=self.name)


class Dense(NamedTuple):
    """Appends channels: batch norm, relu and convolution, 1x1, then 3x3."""

    name: str
    growth_rate: int
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        with tf.compat.v1.variable_scope(self.name):
            added = _normalize(net)
            added = slim.conv2d(added, BOTTLENECK * self.growth_rate, 1, scope="conv1")
            added = _convolve(added, self.growth_rate, 3, rate, "conv2")
            return tf.concat([net, added], 3, name="concat")


class EndPoint(NamedTuple):
    """A block's name for its last layer's output."""

    name: str
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return net


class Transition(NamedTuple):
    """Halves the channels by a 1x1 convolution, and height and width by means."""

    name: str
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        with tf.compat.v1.variable_scope(self.name):
            net = _normalize(net)
            net = _convolve(
                net, int(net.shape.as_list()[3] * COMPRESSION), 1, 1, "conv"
            )
            if stride > 1:
                return slim.avg_pool2d(net, 2, stride, "VALID", scope="pool")
            return _average_densely(net, rate)


class Norm(NamedTuple):
    """What another layer would begin with: batch norm and relu."""

    name: str
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return _normalize(net)


def _list_rows(table: Table) -> Iterator[Row]:
    """Yields a table's layers."""
    yield Stem("conv1", table.stem)
    yield StemPool("pool1")
    for number, layers in enumerate(table.layers, 1):
        for index in range(1, layers + 1):
            yield Dense(f"block{number}/layer_{index}", table.growth_rate)
        yield EndPoint(f"block{number}")
        if number < len(table.layers):
            yield Transition(f"transition{number}")
    yield Norm("norm")


def _normalize(net: tf.Tensor) -> tf.Tensor:
    """Applies batch norm and relu."""
    return slim.batch_norm(net, activation_fn=tf.nn.relu, scope="BatchNorm")


def _average_densely(net: tf.Tensor, rate: int) -> tf.Tensor:
    """Returns the mean of 2x2 pixels, `rate` apart, to the right of and below each.

    Every other one is what pooling by stride gives; edges are mirrored.
    """
    after = [(0, 0), (0, rate), (0, rate), (0, 0)]
    return tf.nn.pool(
        tf.pad(net, after, "SYMMETRIC"),
        [2, 2],
        "AVG",
        dilations=[rate, rate],
        padding="VALID",
        name="pool",
    )


def _convolve(
    net: tf.Tensor, depth: int, kernel: int, rate: int, scope: str
) -> tf.Tensor:
    """Convolves without biases: the batch norm that follows has them."""
    return slim.conv2d(
        net,
        depth,
        kernel,
        rate=rate,
        activation_fn=None,
        normalizer_fn=None,
        biases_initializer=None,
        scope=scope,
    )


def densenet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.99,
    batch_norm_epsilon: float = 1.001e-5,
    batch_norm_updates_collections: Any = tf.compat.v1.GraphKeys.UPDATE_OPS,
) -> dict[str, Any]:
    """Returns the networks' defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizer of all weights, >= 0.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance; the default is Keras'.
      batch_norm_updates_collections: as batch_norm's updates_collections.
    """
    with (
        slim.arg_scope(
            [slim.conv2d],
            weights_initializer=slim.variance_scaling_initializer(),
            weights_regularizer=slim.l2_regularizer(weight_decay),
            normalizer_fn=slim.batch_norm,
        ),
        slim.arg_scope(
            [slim.batch_norm],
            scale=True,
            decay=batch_norm_decay,
            epsilon=batch_norm_epsilon,
            updates_collections=batch_norm_updates_collections,
        ) as defaults,
    ):
        return defaults


def densenet_base(
    inputs: tf.Tensor,
    table: Table = DENSENET_121,
    final_endpoint: str | None = None,
    output_stride: int | None = None,
    scope: Any = None,
) -> tuple[tf.Tensor, EndPoints]:
    """A DenseNet without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels], at least 29x29.
      table: the network.
      final_endpoint: the last layer built: 'conv1', 'pool1', then 'block1/layer_1' to
        the block's last, 'block1', 'transition1' and so on, 'norm'; None for all. A
        layer's end point is what the next one reads: its own channels are the last.
      output_stride: 4, 8, 16 or 32: images' size divided by features' size to stop
        at, by dilating what follows; None for the layers' own, 32. Where 32 divides
        the images' size, the undilated network's features are among them.
      scope: variable scope, 'densenet' if None.

    Returns:
      The final end point, and all end points by name.

    Raises:
      InputError: final_endpoint or output_stride is none of the values above, or the
        images are too small.
    """
    image_size.check_image_size(inputs, "DenseNet", SMALLEST)
    rows = list(_list_rows(table))
    with tf.compat.v1.variable_scope(scope, "densenet", [inputs]):
        return run_table(rows, inputs, final_endpoint, output_stride, OUTPUT_STRIDES)


def densenet(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 1.0,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "densenet",
    *,
    table: Table,
) -> tuple[tf.Tensor, EndPoints]:
    """A DenseNet of any table, for classification.

    Args:
      inputs: float [batch, height, width, channels], at least 29x29.
      num_classes: number of logits; None or 0 returns the features before them.
      is_training: whether dropout and batch norm train.
      dropout_keep_prob: the probability that a feature before the logits is kept in
        training; the paper has no dropout on ImageNet.
      global_pool: average over height and width before the logits.
      output_stride: see `densenet_base`.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features; and the end points: those of `densenet_base`, then
      'global_pool', 'PreLogits', 'Logits' and 'Predictions'.

    Raises:
      InputError: as `densenet_base`, or the logits to squeeze are a map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "densenet", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = densenet_base(
            inputs, table, output_stride=output_stride, scope=sc
        )
        net = classifier.add_classifier(
            net,
            end_points,
            num_classes,
            dropout_keep_prob,
            global_pool,
            spatial_squeeze,
        )
    return net, end_points


def _row(name: str, table: Table, **published: Any) -> Network:
    """Returns a network's row."""
    return Network(
        name,
        densenet,
        densenet_arg_scope,
        image_size=224,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1608.06993, table 1",
        arguments={"table": table, "scope": name},
        **published,
    )


# Accuracies are of keras.applications' weights, as keras.io lists them.
NETWORKS = (
    _row(
        "densenet_121",
        DENSENET_121,
        parameters=7_978_856,
        multiply_adds=2834.2,
        top1=75.0,
        top5=92.3,
    ),
    _row(
        "densenet_169",
        DENSENET_169,
        parameters=14_149_480,
        multiply_adds=3359.8,
        top1=76.2,
        top5=93.2,
    ),
    _row(
        "densenet_201",
        DENSENET_201,
        parameters=20_013_928,
        multiply_adds=4291.4,
        top1=77.3,
        top5=93.6,
    ),
)

densenet_121 = named_builder(NETWORKS, "densenet_121")
densenet_169 = named_builder(NETWORKS, "densenet_169")
densenet_201 = named_builder(NETWORKS, "densenet_201")
