"""Batch norm folded into the convolution before it, in training too.

arXiv:1712.05877, section 3.2: what a device will run is one convolution whose weights
have gamma / sigma in them, so these products are what has to be rounded. In training
they are multiplied by the moving sigma, which changes slowly, and the convolution's
output is corrected to what the batch's own moments would have given.
"""

from typing import NamedTuple

import tensorflow as tf

from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.quantization.graph import (
    Ops,
    Unquantizable,
    get_parent,
    name_scope,
    trace_back,
)

LINEAR = frozenset({"Conv2D", "DepthwiseConv2dNative", "MatMul"})
BATCH_NORMS = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"})
_GRADIENT = "SlimnetsMomentsOfFoldedBatchNorm"


class Folded(NamedTuple):
    """A linear layer and its batch norm as one.

    Attributes:
      linear: the op that multiplies by the folded weights.
      bias: the op that adds what batch norm does.
    """

    linear: tf.Operation
    bias: tf.Operation


class _BatchNorm(NamedTuple):
    """A batch norm after a linear layer: the ops, and its values by channel.

    The moving moments are None where it normalizes by these anyway.
    """

    op: tf.Operation
    linear: tf.Operation
    gamma: tf.Tensor
    beta: tf.Tensor
    mean: tf.Tensor
    variance: tf.Tensor
    moving_mean: tf.Tensor | None = None
    moving_variance: tf.Tensor | None = None

    def invert_deviation(self, variance: tf.Tensor) -> tf.Tensor:
        """Returns by what values of a variance are multiplied to have variance 1."""
        return tf.math.rsqrt(variance + self.op.get_attr("epsilon"))


def fold(ops: Ops, settings: FakeQuantization) -> dict[str, Folded]:
    """Folds each batch norm that directly follows a convolution.

    Args:
      ops: of the graph; the convolutions that batch norm now is in take the place of
        those before it.
      settings: when batch norm is frozen, and in which scope.

    Returns:
      What was folded, by the name of its linear op.

    Raises:
      Unquantizable: a batch norm trains in a way that cannot be folded.
    """
    found = {}
    for op in list(ops):
        if op.type in BATCH_NORMS and ops.consumers(op.outputs[0]):
            linear = _find_linear(op)
            if linear is not None and linear.name.startswith(settings.scope):
                folded = _fold_one(_describe(op, linear, ops, settings), ops, settings)
                found[folded.linear.name] = folded
    return found


def _find_linear(op: tf.Operation) -> tf.Operation | None:
    """Returns the linear op whose output a batch norm normalizes, or None."""
    source = trace_back(op.inputs[0], frozenset({"Identity", "BatchToSpaceND"})).op
    return source if source.type in LINEAR - {"MatMul"} else None


def _describe(
    op: tf.Operation, linear: tf.Operation, ops: Ops, settings: FakeQuantization
) -> _BatchNorm:
    _, gamma, beta, mean, variance = op.inputs[:5]
    if not op.get_attr("is_training"):
        return _BatchNorm(op, linear, gamma, beta, mean, variance)
    # Its own gradient leaves out what flows to the moments, which now are all.
    op._set_attr(
        "_gradient_op_type",
        tf.compat.v1.AttrValue(s=_GRADIENT.encode()),
    )
    mean, unbiased = op.outputs[1:3]
    with name_scope(get_parent(op.name)):
        size = tf.cast(tf.size(op.inputs[0]) // tf.size(mean), tf.float32)
        variance = unbiased * ((size - 1) / size)
    return _BatchNorm(
        op,
        linear,
        gamma,
        beta,
        mean,
        variance,
        _find_moving(mean, op, settings),
        _find_moving(unbiased, op, settings),
    )


def _find_moving(
    moment: tf.Tensor, op: tf.Operation, settings: FakeQuantization
) -> tf.Tensor:
    """Returns the moving average of a moment as it is before this step moves it."""
    differences = [
        reader
        for reader in moment.consumers()
        if reader.type == "Sub" and reader.inputs[1] is moment
    ]
    if len(differences) != 1 or "biased" in differences[0].inputs[0].op.name:
        raise Unquantizable(
            f"{op.name}: cannot fold a batch norm in training whose moving average"
            " moves in another way than by one difference to the batch's moment"
        )
    difference = differences[0].outputs[0]
    frozen = _is_frozen(settings)
    if frozen is not None:
        readers = difference.consumers()
        stopped = tf.where(frozen, tf.zeros_like(difference), difference)
        Ops(readers).redirect(difference, stopped, readers)
    return differences[0].inputs[0]


def _is_frozen(settings: FakeQuantization) -> tf.Tensor | None:
    """Returns whether batch norm is frozen at this step; None where it never is."""
    delay = settings.freeze_batch_norm_delay
    if delay is None or settings.step is None:
        return None
    return tf.convert_to_tensor(settings.step) >= delay


def _fold_one(norm: _BatchNorm, ops: Ops, settings: FakeQuantization) -> Folded:
    """Builds the folded layer, and lets what read the batch norm read it."""
    linear = norm.linear
    scope = get_parent(linear.name)
    moving = norm.moving_variance
    with name_scope(scope), tf.name_scope("BatchNorm_Fold"):
        variance = norm.variance if moving is None else moving
        factor = norm.gamma * norm.invert_deviation(variance)
        recip, bias = _correct(norm, factor, settings)
        per_channel = _shape_as_channels(factor, linear)
    with name_scope(scope):
        weights = tf.multiply(linear.inputs[1], per_channel, name="mul_fold")
        clone = _clone(linear, weights, norm.op.inputs[0])
        outputs = clone
        if recip is not None:
            outputs = tf.multiply(outputs, _spread(recip, linear), name="post_conv_mul")
        outputs = tf.add(outputs, _spread(bias, linear), name="add_fold")
    new = trace_back(clone, frozenset({"BatchToSpaceND"})).op
    ops.redirect(norm.op.outputs[0], outputs)
    ops.add(new, before=norm.op)
    ops.add(outputs.op, before=norm.op)
    ops.discard(linear)
    ops.discard(norm.op)
    return Folded(new, outputs.op)


def _correct(
    norm: _BatchNorm, factor: tf.Tensor, settings: FakeQuantization
) -> tuple[tf.Tensor | None, tf.Tensor]:
    """Returns by what to multiply the convolution's output, and what to add then.

    The weights have gamma / moving sigma in them. Before batch norm is frozen, outputs
    are to be those by the batch's moments, after it those by the moving ones.
    """
    if norm.moving_mean is None or norm.moving_variance is None:
        return None, norm.beta - norm.mean * factor
    by_batch = norm.invert_deviation(norm.variance)
    recip = by_batch / norm.invert_deviation(norm.moving_variance)
    bias = norm.beta - norm.mean * norm.gamma * by_batch
    frozen = _is_frozen(settings)
    if frozen is None:
        return recip, bias
    return (
        tf.where(frozen, tf.ones_like(recip), recip),
        tf.where(frozen, norm.beta - norm.moving_mean * factor, bias),
    )


def _shape_as_channels(values: tf.Tensor, linear: tf.Operation) -> tf.Tensor:
    """Shapes values by channel as the last axes of a layer's weights."""
    axes = 2 if linear.type == "DepthwiseConv2dNative" else 1
    return tf.reshape(values, linear.inputs[1].shape[-axes:])


def _spread(values: tf.Tensor, linear: tf.Operation) -> tf.Tensor:
    """Shapes values by channel as they are added to or multiply outputs."""
    if linear.get_attr("data_format") == b"NCHW":
        return tf.reshape(values, [1, -1, 1, 1])
    return values


def _clone(
    linear: tf.Operation, weights: tf.Tensor, normalized: tf.Tensor
) -> tf.Tensor:
    """Returns what a convolution of other weights gives, dilated as the first was."""
    options = {
        "strides": linear.get_attr("strides"),
        "padding": linear.get_attr("padding").decode(),
        "explicit_paddings": linear.get_attr("explicit_paddings"),
        "data_format": linear.get_attr("data_format").decode(),
        "dilations": linear.get_attr("dilations"),
        "name": linear.name.rpartition("/")[2] + "_Fold",
    }
    run = (
        tf.raw_ops.Conv2D
        if linear.type == "Conv2D"
        else tf.raw_ops.DepthwiseConv2dNative
    )
    outputs = run(input=linear.inputs[0], filter=weights, **options)
    dilated = trace_back(normalized, frozenset({"Identity"})).op
    if dilated.type != "BatchToSpaceND":
        return outputs
    return tf.raw_ops.BatchToSpaceND(
        input=outputs, block_shape=dilated.inputs[1], crops=dilated.inputs[2]
    )


@tf.RegisterGradient(_GRADIENT)
def _moments_gradient(
    op: tf.Operation, of_outputs: tf.Tensor, *of_others: tf.Tensor
) -> list[tf.Tensor | None]:
    """Returns the gradient of a batch's mean and unbiased variance; none of others."""
    of_mean, of_variance = of_others[:2]
    inputs, mean = op.inputs[0], op.outputs[1]
    nchw = op.get_attr("data_format") == b"NCHW"
    shape = [1, -1, 1, 1] if nchw else [1, 1, 1, -1]
    size = tf.cast(tf.size(inputs) // tf.size(mean), tf.float32)
    spread = tf.reshape(mean, shape)
    gradient = tf.reshape(of_mean, shape) / size
    gradient += 2 * tf.reshape(of_variance, shape) * (inputs - spread) / (size - 1)
    return [gradient, None, None, None, None]
