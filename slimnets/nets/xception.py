"""Xception: "Xception: Deep Learning with Depthwise Separable Convolutions".

Chollet, arXiv:1610.02357: Inception's idea taken to its end, separable convolutions
alone, in residual blocks.

    with slim.arg_scope(xception.xception_arg_scope()):
        logits, end_points = xception.xception(images, is_training=False)

For dense prediction pass global_pool=False and an output_stride, and give images of
32 k + 7 pixels (71, 231, 295): then the undilated network's features are among them.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.nets import classifier, image_size, spatial
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints, Row, run_table

OUTPUT_STRIDES = (4, 8, 16, 32)
SMALLEST = 7  # pixels: two unpadded 3x3 convolutions make one of them


class Conv(NamedTuple):
    """A 3x3 convolution without padding, normalized and activated."""

    name: str
    depth: int
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.conv2d(
            net,
            self.depth,
            3,
            stride=stride,
            rate=rate,
            padding="VALID",
            scope=self.name,
        )


class SepConv(NamedTuple):
    """A separable 3x3 convolution, normalized and activated."""

    name: str
    depth: int
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.separable_conv2d(net, self.depth, 3, rate=rate, scope=self.name)


class Residual(NamedTuple):
    """Separable convolutions, each after a relu, added to a shortcut."""

    name: str
    depths: tuple[int, ...]  # of the separable convolutions
    stride: int = 1  # 2: maxima of 3x3 at their end; the shortcut is a convolution
    starts_with_relu: bool = True
    pads_evenly: bool = False  # before the maxima, at every side

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tuple[tf.Tensor, EndPoints]:
        inside: EndPoints = {}
        with (
            tf.compat.v1.variable_scope(self.name),
            slim.arg_scope([slim.conv2d, slim.separable_conv2d], activation_fn=None),
        ):
            shortcut = net
            if self.stride > 1:
                shortcut = slim.conv2d(
                    net, self.depths[-1], 1, stride=stride, scope="shortcut"
                )
            for number, depth in enumerate(self.depths, 1):
                if number > 1 or self.starts_with_relu:
                    net = tf.nn.relu(net)
                name = f"sepconv{number}"
                net = slim.separable_conv2d(net, depth, 3, rate=rate, scope=name)
                inside[f"{self.name}/{name}"] = net
            if self.stride > 1:
                net = _max_pool(net, stride, rate, self.pads_evenly)
            return net + shortcut, inside


# Figure 5 of arXiv:1610.02357; block 1 and block 14 have no shortcut.
XCEPTION: tuple[Row, ...] = (
    Conv("block1/conv1", 32, stride=2),
    Conv("block1/conv2", 64),
    Residual("block2", (128, 128), stride=2, starts_with_relu=False),
    Residual("block3", (256, 256), stride=2),
    Residual("block4", (728, 728), stride=2),
    *[Residual(f"block{number}", (728, 728, 728)) for number in range(5, 13)],
    Residual("block13", (728, 1024), stride=2),
    SepConv("block14/sepconv1", 1536),
    SepConv("block14/sepconv2", 2048),
)


def _max_pool(net: tf.Tensor, stride: int, rate: int, pads_evenly: bool) -> tf.Tensor:
    """Takes maxima of 3x3 pixels, `rate` apart where there is no stride."""
    if stride > 1 and not pads_evenly:
        return slim.max_pool2d(net, 3, stride, "SAME", scope="pool")
    net = spatial.fixed_padding(net, 3, rate, value=net.dtype.min)
    if stride > 1:
        return slim.max_pool2d(net, 3, stride, "VALID", scope="pool")
    return tf.nn.pool(
        net,
        [3, 3],
        "MAX",
        dilations=[rate, rate],
        padding="VALID",
        name="pool",
    )


def xception_arg_scope(
    weight_decay: float = 0.00001,
    batch_norm_decay: float = 0.99,
    batch_norm_epsilon: float = 0.001,
    batch_norm_updates_collections: Any = tf.compat.v1.GraphKeys.UPDATE_OPS,
) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizer of all weights, >= 0; the paper's was found
        by hand for ImageNet (section 4.2).
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance.
      batch_norm_updates_collections: as batch_norm's updates_collections.
    """
    with (
        slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
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


def xception_base(
    inputs: tf.Tensor,
    final_endpoint: str | None = None,
    output_stride: int | None = None,
    scope: Any = None,
    *,
    use_explicit_padding: bool = False,
    table: tuple[Row, ...] = XCEPTION,
) -> tuple[tf.Tensor, EndPoints]:
    """Xception without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels], at least 7x7.
      final_endpoint: the last row of figure 5 built: 'block1/conv1', 'block1/conv2',
        'block2' to 'block13', 'block14/sepconv1', 'block14/sepconv2'; None for all.
      output_stride: 4, 8, 16 or 32: images' size divided by features' size to stop
        at, by dilating what follows; None for the layers' own, 32.
      scope: variable scope, 'xception' if None.
      use_explicit_padding: pad at every side before the pools, as timm does, whatever
        the size of the images; it changes nothing for those of 32 k + 7 pixels.
      table: the network.

    Returns:
      The final end point, and all end points by name: those above, and each
      'block<k>/sepconv<i>', before its relu.

    Raises:
      InputError: final_endpoint or output_stride is none of the values above, or the
        images are too small.
    """
    image_size.check_image_size(inputs, "Xception", SMALLEST)
    rows = [
        row._replace(pads_evenly=use_explicit_padding)
        if isinstance(row, Residual)
        else row
        for row in table
    ]
    with tf.compat.v1.variable_scope(scope, "xception", [inputs]):
        return run_table(rows, inputs, final_endpoint, output_stride, OUTPUT_STRIDES)


def build_xception(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.5,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "xception",
    *,
    use_explicit_padding: bool = False,
    table: tuple[Row, ...],
) -> tuple[tf.Tensor, EndPoints]:
    """Xception for classification.

    Args:
      inputs: float [batch, height, width, channels], at least 7x7.
      num_classes: number of logits; None or 0 returns the features before them.
      is_training: whether dropout and batch norm train.
      dropout_keep_prob: the probability that a feature is kept in training.
      global_pool: average over height and width before the logits.
      output_stride: see `xception_base`.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      use_explicit_padding: see `xception_base`.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features; and the end points: those of `xception_base`, then
      'global_pool', 'PreLogits', 'Logits' and 'Predictions'.

    Raises:
      InputError: as `xception_base`, or the logits to squeeze are a map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "xception", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = xception_base(
            inputs,
            output_stride=output_stride,
            scope=sc,
            use_explicit_padding=use_explicit_padding,
            table=table,
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


NETWORKS = (
    Network(
        "xception",
        build_xception,
        xception_arg_scope,
        image_size=299,
        preprocessing="inception",
        classes=1000,
        paper="arXiv:1610.02357, figure 5",
        arguments={"table": XCEPTION},
        parameters=22_855_952,
        multiply_adds=8357.4,
        # the paper's (table 1), which keras.io lists of keras.applications' weights
        top1=79.0,
        top5=94.5,
    ),
)

xception = named_builder(NETWORKS, "xception")
