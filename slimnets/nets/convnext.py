"""ConvNeXt: a ResNet brought up to what vision transformers are trained and built like.

"A ConvNet for the 2020s", Liu et al., arXiv:2201.03545: 7x7 depthwise convolutions, an
inverted bottleneck, layer norm in place of batch norm, and few activations.

    with slim.arg_scope(convnext.convnext_arg_scope()):
        logits, end_points = convnext.convnext_tiny(images, is_training=False)
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.layers import scoping
from slimnets.nets import image_size, spatial
from slimnets.nets.row import Network, named_builder, set_image_size
from slimnets.nets.table import EndPoints, run_table

EPSILON = 1e-6  # of layer norm
LAYER_SCALE = 1e-6  # where each channel of a block's branch starts (appendix A)
EXPANSION = 4  # channels inside a block, divided by its input's
OUTPUT_STRIDES = (4, 8, 16, 32)
SMALLEST = 32  # pixels: the patches of the patches leave one


class Stage(NamedTuple):
    """A stage: a strided convolution, then blocks of one depth.

    The convolution's kernel is its stride: it cuts the image into patches.
    """

    entry: str  # name of the convolution
    stride: int
    depth: int  # channels
    blocks: int


# Section 3 of arXiv:2201.03545.
TINY = (
    Stage("stem", 4, 96, 3),
    Stage("downsample2", 2, 192, 3),
    Stage("downsample3", 2, 384, 9),
    Stage("downsample4", 2, 768, 3),
)
SMALL = (
    Stage("stem", 4, 96, 3),
    Stage("downsample2", 2, 192, 3),
    Stage("downsample3", 2, 384, 27),
    Stage("downsample4", 2, 768, 3),
)


class Patches(NamedTuple):
    """Convolves patches; the stem normalizes after that, the others before."""

    name: str
    depth: int
    stride: int

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        patch = self.stride
        with tf.compat.v1.variable_scope(self.name):
            if self.name != "stem":
                net = slim.layer_norm(net)
            if stride != patch:  # dilated: as many pixels as before
                overhang = rate * (patch - 1)
                # All of it after the image: the first patch stays the strided one's.
                net = tf.pad(net, [(0, 0), (0, overhang), (0, overhang), (0, 0)])
            net = slim.conv2d(
                net,
                self.depth,
                patch,
                stride=stride,
                rate=rate,
                padding="VALID",
                scope="conv",
            )
            return slim.layer_norm(net) if self.name == "stem" else net


class Block(NamedTuple):
    """An inverted bottleneck beside a shortcut (figure 4)."""

    name: str
    drop_rate: float  # of stochastic depth
    stride: int = 1

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tuple[tf.Tensor, EndPoints]:
        shortcut, depth = net, net.shape.as_list()[-1]
        with tf.compat.v1.variable_scope(self.name):
            net = slim.separable_conv2d(net, None, 7, rate=rate, scope="depthwise")
            inside = {f"{self.name}/depthwise_output": net}
            net = slim.layer_norm(net)
            net = slim.conv2d(
                net, EXPANSION * depth, 1, activation_fn=tf.nn.gelu, scope="expand"
            )
            inside[f"{self.name}/expansion_output"] = net
            net = slim.conv2d(net, depth, 1, scope="project")
            net *= _create_layer_scale(depth, net.dtype)
            if self.drop_rate:
                net = _drop_examples(net, 1 - self.drop_rate)
        return shortcut + net, inside


def _create_layer_scale(depth: int, dtype: tf.DType) -> tf.Variable | tf.Tensor:
    """Returns what a block's branch is multiplied by, [depth]; learnt."""
    scale = slim.model_variable(
        "layer_scale",
        [depth],
        dtype=scoping.get_stored_type(dtype),
        initializer=tf.compat.v1.constant_initializer(LAYER_SCALE),
    )
    return scoping.cast_to(scale, dtype)


def _drop_examples(net: tf.Tensor, keep_prob: float) -> tf.Tensor:
    """Zeroes examples at random in training: stochastic depth, arXiv:1603.09382."""
    examples = [tf.shape(net)[0], 1, 1, 1]
    return slim.dropout(net, keep_prob, noise_shape=examples, scope="drop_path")


def _list_rows(
    stages: tuple[Stage, ...], drop_path_rate: float
) -> Iterator[Patches | Block]:
    """Yields the stages' layers; blocks' rates of stochastic depth grow from 0."""
    blocks = sum(stage.blocks for stage in stages)
    drop_rates = (drop_path_rate * i / (blocks - 1) for i in range(blocks))
    for number, stage in enumerate(stages, 1):
        yield Patches(stage.entry, stage.depth, stage.stride)
        for block in range(1, stage.blocks + 1):
            yield Block(f"stage{number}/block{block}", next(drop_rates))


def convnext_arg_scope(weight_decay: float = 0.0, stddev: float = 0.02) -> dict:
    """Returns the networks' defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers of all weights, >= 0. None by default: the
        paper leaves the decay, 0.05, to its optimizer, AdamW.
      stddev: standard deviation of the truncated normal initializer.
    """
    with (
        slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
            activation_fn=None,
            weights_initializer=tf.compat.v1.truncated_normal_initializer(
                stddev=stddev
            ),
            weights_regularizer=slim.l2_regularizer(weight_decay),
        ),
        slim.arg_scope(
            [slim.layer_norm], begin_norm_axis=-1, epsilon=EPSILON
        ) as defaults,
    ):
        return defaults


def convnext_base(
    inputs: tf.Tensor,
    stages: tuple[Stage, ...] = TINY,
    final_endpoint: str | None = None,
    drop_path_rate: float = 0.1,
    output_stride: int | None = None,
    scope: Any = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """ConvNeXt without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels].
      stages: the network, TINY or SMALL.
      final_endpoint: the last layer built: 'stem', 'stage1/block1' and so on, or
        'downsample2' to 'downsample4', which come before stages 2 to 4; None for all.
      drop_path_rate: the probability that an example goes past the last block by its
        shortcut alone; grows linearly from 0 at the first. In [0, 1). For training:
        where the arg scope has dropout's is_training=False, none does.
      output_stride: 4, 8, 16 or 32: images' size divided by features' size to stop at,
        by dilating what follows; None for the layers' own, 32.
      scope: variable scope, 'convnext' if None.

    Returns:
      The last layer's output, and the end points by name: the layers, and what is
      inside stage1/block1: 'stage1/block1/depthwise_output', '/expansion_output';
      likewise of the other blocks.

    Raises:
      InputError: final_endpoint or output_stride is none of the values above.
    """
    rows = list(_list_rows(stages, drop_path_rate))
    with tf.compat.v1.variable_scope(scope, "convnext", [inputs]):
        return run_table(rows, inputs, final_endpoint, output_stride, OUTPUT_STRIDES)


def convnext(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    drop_path_rate: float = 0.1,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: str | None = "convnext",
    stages: tuple[Stage, ...] = TINY,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """ConvNeXt (arXiv:2201.03545) for classification.

    Args:
      inputs: float [batch, height, width, channels], at least 32x32 pixels.
      num_classes: number of logits; None or 0 gives the features before them.
      is_training: whether stochastic depth drops.
      drop_path_rate: see convnext_base.
      global_pool: average over height and width before the logits.
      output_stride: see convnext_base.
      spatial_squeeze: drop height and width of the logits; they must be 1.
      reuse: reuse the variables of `scope`.
      scope: variable scope.
      stages: the network, TINY or SMALL.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features of 768 channels; and the end points: those of
      convnext_base, then 'global_pool', 'PreLogits', 'Logits' and 'Predictions'.

    Raises:
      InputError: as convnext_base, the images are too small, or the logits to squeeze
        are a map.
    """
    image_size.check_image_size(inputs, "convnext", SMALLEST)
    with (
        tf.compat.v1.variable_scope(scope, "convnext", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.dropout], is_training=is_training),
    ):
        net, end_points = convnext_base(
            inputs,
            stages,
            drop_path_rate=drop_path_rate,
            output_stride=output_stride,
            scope=sc,
        )
        if global_pool:
            net = tf.reduce_mean(net, [1, 2], keepdims=True, name="global_pool")
            end_points["global_pool"] = net
        if num_classes:
            net = end_points["PreLogits"] = slim.layer_norm(net, scope="PreLogits")
            net = slim.conv2d(net, num_classes, 1, scope="Logits")
            if spatial_squeeze:
                net = spatial.squeeze_logits(net, "SpatialSqueeze")
            end_points["Logits"] = net
            end_points["Predictions"] = slim.softmax(net, scope="Predictions")
    return net, end_points


def _row(
    name: str, stages: tuple[Stage, ...], drop_path_rate: float, **published: Any
) -> Network:
    """Returns a network's row, with its drop path rate of appendix A."""
    return Network(
        name,
        convnext,
        convnext_arg_scope,
        image_size=224,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:2201.03545, section 3",
        arguments={
            "stages": stages,
            "drop_path_rate": drop_path_rate,
            "scope": name,
        },
        **published,
    )


# Accuracies are of the paper's weights, table 1.
NETWORKS = (
    _row(
        "convnext_tiny",
        TINY,
        0.1,
        parameters=28_589_128,
        multiply_adds=4455.5,
        top1=82.1,
    ),
    _row(
        "convnext_small",
        SMALL,
        0.4,
        parameters=50_223_688,
        multiply_adds=8683.7,
        top1=83.1,
    ),
)

set_image_size(convnext, NETWORKS[0].image_size)
convnext_tiny = named_builder(NETWORKS, "convnext_tiny")
convnext_small = named_builder(NETWORKS, "convnext_small")
