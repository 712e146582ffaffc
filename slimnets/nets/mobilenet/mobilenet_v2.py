"""MobileNet v2: "MobileNetV2: Inverted Residuals and Linear Bottlenecks".

Sandler et al., arXiv:1801.04381.

    with slim.arg_scope(mobilenet_v2.training_scope()):
        logits, end_points = mobilenet_v2.mobilenet(images)
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import partials
from slimnets.nets.mobilenet import conv_blocks
from slimnets.nets.mobilenet import mobilenet as lib
from slimnets.nets.row import Network, named_builder, set_image_size

op = lib.op
training_scope = lib.training_scope
expand_input = conv_blocks.expand_input_by_factor
wrapped_partial = partials.wrapped_partial

_EXPANSION = 6  # of blocks that name none


class Stage(NamedTuple):
    """A row of table 2: blocks that share a depth."""

    expansion: int  # t: channels inside a block, as a multiple of its input's
    depth: int  # c: output channels before depth_multiplier
    repeats: int  # n: blocks
    stride: int  # s: of the first block; the others have 1

    def layers(self) -> Iterator[lib.Op]:
        """Yields its blocks for a table's 'spec'."""
        params: dict[str, Any] = {"num_outputs": self.depth}
        # Not named where it is the default, so that a table's overrides reach it.
        if self.expansion != _EXPANSION:
            # Unrounded: a block of expansion 1 is not to expand at any depth.
            params["expansion_size"] = conv_blocks.expand_input_by_factor(
                self.expansion, divisible_by=1
            )
        for stride in (self.stride, *[1] * (self.repeats - 1)):
            yield op(conv_blocks.expanded_conv, stride=stride, **params)


# Table 2 of arXiv:1801.04381, the bottlenecks.
STAGES = (
    Stage(expansion=1, depth=16, repeats=1, stride=1),
    Stage(expansion=6, depth=24, repeats=2, stride=2),
    Stage(expansion=6, depth=32, repeats=3, stride=2),
    Stage(expansion=6, depth=64, repeats=4, stride=2),
    Stage(expansion=6, depth=96, repeats=3, stride=1),
    Stage(expansion=6, depth=160, repeats=3, stride=2),
    Stage(expansion=6, depth=320, repeats=1, stride=1),
)
_CONVOLUTIONS = (slim.conv2d, slim.fully_connected, slim.separable_conv2d)

V2_DEF: dict[str, Any] = {
    "defaults": {
        (slim.batch_norm,): {"center": True, "scale": True},
        _CONVOLUTIONS: {
            "normalizer_fn": slim.batch_norm,
            "activation_fn": tf.nn.relu6,
        },
        (conv_blocks.expanded_conv,): {
            "expansion_size": conv_blocks.expand_input_by_factor(_EXPANSION),
            "split_expansion": 1,
            "normalizer_fn": slim.batch_norm,
            "residual": True,
        },
        (slim.conv2d, slim.separable_conv2d): {"padding": "SAME"},
    },
    "spec": [
        op(slim.conv2d, stride=2, num_outputs=32, kernel_size=[3, 3]),
        *(layer for stage in STAGES for layer in stage.layers()),
        op(slim.conv2d, stride=1, num_outputs=1280, kernel_size=[1, 1]),
    ],
}

# The same table with group norm (arXiv:1803.08494) in batch norm's place.
V2_DEF_GROUP_NORM: dict[str, Any] = {
    **V2_DEF,
    "defaults": {
        (slim.group_norm,): {"groups": 8},  # divides every layer's channels
        _CONVOLUTIONS: {
            "normalizer_fn": slim.group_norm,
            "activation_fn": tf.nn.relu6,
        },
        (conv_blocks.expanded_conv,): {
            "expansion_size": conv_blocks.expand_input_by_factor(_EXPANSION),
            "split_expansion": 1,
            "normalizer_fn": slim.group_norm,
            "residual": True,
        },
        (slim.conv2d, slim.separable_conv2d): {"padding": "SAME"},
    },
}


@slim.add_arg_scope
def mobilenet(
    input_tensor: tf.Tensor,
    num_classes: int | None = 1001,
    depth_multiplier: float = 1.0,
    scope: Any = "MobilenetV2",
    conv_defs: Mapping[str, Any] | None = None,
    finegrain_classification_mode: bool = False,
    min_depth: int | None = None,
    divisible_by: int | None = None,
    activation_fn: Callable | None = None,
    **kwargs: Any,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v2 (arXiv:1801.04381). Inference is the default: see training_scope.

    Args:
      input_tensor: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the pooled features instead.
      depth_multiplier: scales every layer's channels, > 0.
      scope: variable scope.
      conv_defs: the table; None takes V2_DEF.
      finegrain_classification_mode: keep the last layer's channels where
        depth_multiplier is below 1, which tells many classes apart better.
      min_depth: least channels of a layer; None for depth_multiplier's own, 8.
      divisible_by: channels are a multiple of it; None likewise, 8.
      activation_fn: in place of relu6.
      **kwargs: passed to the family's `mobilenet.mobilenet`: prediction_fn, reuse,
        base_only, use_reduce_mean_for_pooling, final_endpoint, output_stride,
        use_explicit_padding, is_training.

    Returns:
      float logits [batch, num_classes], or features [batch, 1, 1, depth]; and the end
      points by name.

    Raises:
      ValueError: `multiplier` is given, or as the family's `mobilenet.mobilenet`.
    """
    if "multiplier" in kwargs:
        raise errors.InputError("mobilenet_v2 takes depth_multiplier, not multiplier")
    conv_defs = V2_DEF if conv_defs is None else conv_defs
    if finegrain_classification_mode and depth_multiplier < 1:
        conv_defs = _keep_last_layer(conv_defs, depth_multiplier)
    if activation_fn is not None:
        activated = {_CONVOLUTIONS: {"activation_fn": activation_fn}}
        conv_defs = {
            **conv_defs,
            "overrides": activated | conv_defs.get("overrides", {}),
        }
    # A None would hide what an outer arg_scope says of depth_multiplier.
    with lib.safe_arg_scope(
        [lib.depth_multiplier], min_depth=min_depth, divisible_by=divisible_by
    ):
        return lib.mobilenet(
            input_tensor,
            num_classes=num_classes,
            conv_defs=conv_defs,
            scope=scope,
            multiplier=depth_multiplier,
            **kwargs,
        )


@slim.add_arg_scope
def mobilenet_base(
    input_tensor: tf.Tensor, depth_multiplier: float = 1.0, **kwargs: Any
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v2 without pooling and logits; takes `mobilenet`'s arguments."""
    return mobilenet(
        input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs
    )


@slim.add_arg_scope
def mobilenet_base_group_norm(
    input_tensor: tf.Tensor, depth_multiplier: float = 1.0, **kwargs: Any
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """The same with group norm in batch norm's place."""
    return mobilenet_base(
        input_tensor, depth_multiplier, conv_defs=V2_DEF_GROUP_NORM, **kwargs
    )


def _keep_last_layer(
    conv_defs: Mapping[str, Any], depth_multiplier: float
) -> dict[str, Any]:
    """Returns the table with a last layer that depth_multiplier brings back to size."""
    *spec, last = conv_defs["spec"]
    params = last.params | {
        "num_outputs": last.params["num_outputs"] / depth_multiplier
    }
    return {**conv_defs, "spec": [*spec, last._replace(params=params)]}


_row = functools.partial(
    Network,
    builder=mobilenet,
    arg_scope=training_scope,
    image_size=224,
    preprocessing="inception",
    classes=1001,
    paper="arXiv:1801.04381, table 2",
)
NETWORKS = (
    _row(
        "mobilenet_v2",
        arguments={"conv_defs": V2_DEF},
        parameters=3_506_153,
        multiply_adds=300.8,
        top1=71.8,
        top5=91.0,
    ),
    _row(
        "mobilenet_v2_140",
        arguments={"conv_defs": V2_DEF, "depth_multiplier": 1.4},
        parameters=6_110_569,
        multiply_adds=582.2,
        top1=75.0,
        top5=92.5,
    ),
    _row(
        "mobilenet_v2_035",
        arguments={
            "conv_defs": V2_DEF,
            "depth_multiplier": 0.35,
            "finegrain_classification_mode": True,
        },
        parameters=1_678_409,
        multiply_adds=59.3,
        top1=60.3,
        top5=82.9,
    ),
)

set_image_size(mobilenet, NETWORKS[0].image_size)
mobilenet_v2_140 = named_builder(NETWORKS, "mobilenet_v2_140")
mobilenet_v2_035 = named_builder(NETWORKS, "mobilenet_v2_035")
# In research/slim it is a function alone, no network by name.
mobilenet_v2_050 = functools.update_wrapper(
    functools.partial(
        mobilenet, depth_multiplier=0.50, finegrain_classification_mode=True
    ),
    mobilenet,
)
