"""The interpreter of the MobileNet family's tables.

A table is a dict: 'spec' lists the layers, each made by `op`; 'defaults' and
'overrides' map functions to default arguments, which layers may name themselves.

    V2_DEF = dict(defaults={(slim.batch_norm,): {'scale': True}}, spec=[op(...), ...])
    logits, end_points = mobilenet(images, conv_defs=V2_DEF)
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import scoping
from slimnets.nets import spatial, table
from slimnets.nets.mobilenet import conv_blocks

NoOpScope = contextlib.nullcontext


def apply_activation(
    x: tf.Tensor,
    name: str | None = None,
    activation_fn: Callable[..., tf.Tensor] | None = None,
) -> tf.Tensor:
    """Returns activation_fn(x, name=name); x itself if there is no function."""
    return x if activation_fn is None else activation_fn(x, name=name)


# What functions get by default: a table's 'defaults' and 'overrides'.
ArgScopes = Mapping[tuple[Callable, ...], Mapping[str, Any]]


@slim.add_arg_scope
def depth_multiplier(
    output_params: dict[str, Any],
    multiplier: float,
    divisible_by: int = 8,
    min_depth: int = 8,
) -> None:
    """Scales 'num_outputs' of a layer's arguments, in place, where it has one.

    Args:
      output_params: arguments of a layer.
      multiplier: scales the channels, > 0.
      divisible_by: the result is a multiple of it.
      min_depth: least result.
    """
    if "num_outputs" in output_params:
        output_params["num_outputs"] = conv_blocks.make_divisible(
            output_params["num_outputs"] * multiplier, divisible_by, min_depth
        )


class Op(NamedTuple):
    """A layer of a table, before depth_multiplier."""

    op: Callable[..., tf.Tensor]  # f(inputs, **params)
    params: dict[str, Any]
    multiplier_func: Callable[[dict[str, Any], float], Any]  # scales params in place


def op(
    opfunc: Callable[..., tf.Tensor],
    multiplier_func: Callable[[dict[str, Any], float], Any] = depth_multiplier,
    **params: Any,
) -> Op:
    """Returns a layer of a table: `opfunc(inputs, **params)`.

    Args:
      opfunc: the layer; it must take `stride`, and `rate` to be dilated. Under
        explicit padding its input is padded where params name a kernel_size; else it
        gets `use_explicit_padding=True`. See also conv_blocks.block.
      multiplier_func: `f(params, multiplier)` scales a copy of params in place.
      **params: its arguments, before scaling.
    """
    return Op(opfunc, params, multiplier_func)


class _Layer(NamedTuple):
    """A layer as it is built, after depth_multiplier."""

    name: str
    op: Callable[..., tf.Tensor]
    params: dict[str, Any]
    use_explicit_padding: bool

    @property
    def stride(self) -> int:
        return self.params.get("stride", 1)

    @property
    def kernel_size(self) -> tuple[int, int]:
        return scoping.to_pair(self.params.get("kernel_size", 3))

    def arguments(self, stride: int, rate: int) -> dict[str, Any]:
        """Returns the function's arguments."""
        dilated = rate > 1 and self.kernel_size != (1, 1)
        return self.params | {"stride": stride} | ({"rate": rate} if dilated else {})

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tf.Tensor | tuple[tf.Tensor, table.EndPoints]:
        arguments = self.arguments(stride, rate)
        if self.use_explicit_padding and "kernel_size" in arguments:
            net = spatial.fixed_padding(net, self.kernel_size, rate)
        elif self.use_explicit_padding:
            arguments["use_explicit_padding"] = True
        return self.op(net, **arguments)


class _Block(_Layer):
    """A layer that pads inside, and has end points there."""

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tuple[tf.Tensor, table.EndPoints]:
        arguments = self.arguments(stride, rate)
        if self.use_explicit_padding:
            arguments["use_explicit_padding"] = True
        inside = arguments.setdefault("endpoints", {})
        net = self.op(net, **arguments)
        named = {part: inside[part] for part in inside if part != "projection_output"}
        named["output"] = net
        return net, {f"{self.name}/{part}": tensor for part, tensor in named.items()}


def safe_arg_scope(
    funcs: list[Callable], **kwargs: Any
) -> contextlib.AbstractContextManager:
    """Returns `slim.arg_scope(funcs, **kwargs)` without the arguments that are None."""
    given = {name: value for name, value in kwargs.items() if value is not None}
    return slim.arg_scope(funcs, **given) if given else NoOpScope()


@slim.add_arg_scope
def mobilenet_base(
    inputs: tf.Tensor,
    conv_defs: Mapping[str, Any],
    multiplier: float = 1.0,
    final_endpoint: str | None = None,
    output_stride: int | None = None,
    use_explicit_padding: bool = False,
    scope: Any = None,
    is_training: bool | tf.Tensor | None = False,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Builds a table's layers. Inference is the default: see `training_scope`.

    Args:
      inputs: float [batch, height, width, channels].
      conv_defs: the table.
      multiplier: scales every layer's channels, > 0.
      final_endpoint: the last layer built, 'layer_1' and so on; None for all.
      output_stride: 1 or even: images' size divided by features' size to stop at, by
        dilating what follows; None for the layers' own.
      use_explicit_padding: pad by what kernels overhang, then convolve unpadded.
      scope: variable scope, 'Mobilenet' if None.
      is_training: whether batch norm trains, and dropout in blocks; None leaves that to
        other scopes.

    Returns:
      The last layer's result, and the end points by name: 'layer_<i>', then what is
      inside blocks: 'layer_<i>/expansion_output', '/depthwise_output' and '/output'.

    Raises:
      ValueError: multiplier, output_stride or final_endpoint is none of the values
        above.
    """
    if multiplier <= 0:
        raise errors.InputError(
            f"multiplier must be greater than zero, not {multiplier}"
        )
    if output_stride is not None and (
        output_stride < 1 or (output_stride > 1 and output_stride % 2)
    ):
        raise errors.InputError(
            f"output_stride must be None, 1 or a multiple of 2, not {output_stride}"
        )
    padding: ArgScopes = {(slim.conv2d, slim.separable_conv2d): {"padding": "VALID"}}
    with (
        conv_blocks.scope_all(scope, "Mobilenet"),
        safe_arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
        _arg_scopes(
            conv_defs.get("defaults", {}),
            conv_defs.get("overrides", {}),
            padding if use_explicit_padding else {},
        ),
    ):
        rows = _scale(conv_defs["spec"], multiplier, use_explicit_padding)
        net, end_points = table.run_table(rows, inputs, final_endpoint, output_stride)
    layers = {row.name: end_points[row.name] for row in rows if row.name in end_points}
    return net, layers | end_points


def _scale(
    spec: Sequence[Op], multiplier: float, use_explicit_padding: bool
) -> list[_Layer]:
    """Returns a table's layers after depth_multiplier."""
    rows = []
    for number, layer in enumerate(spec, 1):
        params = dict(layer.params)
        layer.multiplier_func(params, multiplier)
        kind = _Block if conv_blocks.is_block(layer.op) else _Layer
        rows.append(kind(f"layer_{number}", layer.op, params, use_explicit_padding))
    return rows


@contextlib.contextmanager
def _arg_scopes(
    *tables: ArgScopes,
) -> Iterator[None]:
    """Opens an arg_scope for each item of a table's 'defaults', 'overrides', ..."""
    with contextlib.ExitStack() as scopes:
        for arguments in tables:
            for functions, defaults in arguments.items():
                scopes.enter_context(slim.arg_scope(functions, **defaults))
        yield


@slim.add_arg_scope
def mobilenet(
    inputs: tf.Tensor,
    num_classes: int | None = 1001,
    prediction_fn: Callable | None = slim.softmax,
    reuse: bool | None = None,
    scope: Any = "Mobilenet",
    base_only: bool = False,
    use_reduce_mean_for_pooling: bool = False,
    **mobilenet_args: Any,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A table's network for classification. Inference is the default.

    Args:
      inputs: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the pooled features instead.
      prediction_fn: `f(logits, scope)` gives the end point 'Predictions'; None for
        none.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      base_only: leave pooling and logits out.
      use_reduce_mean_for_pooling: see `global_pool`.
      **mobilenet_args: passed to mobilenet_base: conv_defs, multiplier,
        final_endpoint, output_stride, use_explicit_padding, is_training.

    Returns:
      float logits [batch, num_classes], or features [batch, 1, 1, depth], or the
      base's result; and the end points by name.

    Raises:
      ValueError: inputs' rank is not 4, or as mobilenet_base.
    """
    is_training = mobilenet_args.get("is_training", False)
    with tf.compat.v1.variable_scope(scope, "Mobilenet", reuse=reuse) as sc:
        inputs = tf.identity(inputs, "input")
        net, end_points = mobilenet_base(inputs, scope=sc, **mobilenet_args)
        if base_only:
            return net, end_points
        net = tf.identity(net, "embedding")
        with tf.compat.v1.variable_scope("Logits"):
            net = global_pool(net, use_reduce_mean_for_pooling)
            end_points["global_pool"] = net
            if not num_classes:
                return net, end_points
            with safe_arg_scope([slim.dropout], is_training=is_training):
                net = slim.dropout(net, scope="Dropout")
            logits = slim.conv2d(
                net,
                num_classes,
                1,
                activation_fn=None,
                normalizer_fn=None,
                biases_initializer=tf.compat.v1.zeros_initializer(),
                scope="Conv2d_1c_1x1",
            )
            logits = tf.identity(tf.squeeze(logits, [1, 2]), "output")
        end_points["Logits"] = logits
        if prediction_fn:
            end_points["Predictions"] = prediction_fn(logits, "Predictions")
    return logits, end_points


def global_pool(
    input_tensor: tf.Tensor,
    use_reduce_mean_for_pooling: bool = False,
    pool_op: Callable[..., tf.Tensor] = tf.nn.avg_pool2d,
) -> tf.Tensor:
    """Pools height and width down to one pixel.

    Args:
      input_tensor: float [batch, height, width, depth].
      use_reduce_mean_for_pooling: average by reduce_mean. Needed, and done anyway,
        where height or width is unknown, since a pooling op wants a known window.
      pool_op: the pooling op otherwise.

    Returns:
      float [batch, 1, 1, depth].
    """
    height, width = spatial.get_static_size(input_tensor)
    if use_reduce_mean_for_pooling or height is None or width is None:
        return tf.reduce_mean(input_tensor, [1, 2], keepdims=True)
    return pool_op(input_tensor, [height, width], 1, "VALID")


def training_scope(
    is_training: bool | None = True,
    weight_decay: float = 0.00004,
    stddev: float = 0.09,
    dropout_keep_prob: float | None = 0.8,
    bn_decay: float | None = 0.997,
) -> dict[str, Any]:
    """Returns the defaults for training, for `slim.arg_scope`.

    What changes the inference network belongs into the table, not here.

    Args:
      is_training: whether dropout and batch norm train; None leaves that to other
        scopes.
      weight_decay: of the L2 regularizers, >= 0; depthwise weights have none.
      stddev: standard deviation of the truncated normal initializer; Xavier's
        initializer if negative.
      dropout_keep_prob: the probability that a feature is kept; None for dropout's own.
      bn_decay: of the moving averages, in [0, 1]; None for batch_norm's own.
    """
    if stddev < 0:
        initializer = slim.xavier_initializer()
    else:
        initializer = tf.compat.v1.truncated_normal_initializer(stddev=stddev)
    regularizer = slim.l2_regularizer(weight_decay)
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected, slim.separable_conv2d],
            weights_initializer=initializer,
            normalizer_fn=slim.batch_norm,
        ),
        slim.arg_scope([mobilenet_base, mobilenet], is_training=is_training),
        safe_arg_scope([slim.batch_norm], decay=bn_decay, is_training=is_training),
        safe_arg_scope(
            [slim.dropout], is_training=is_training, keep_prob=dropout_keep_prob
        ),
        slim.arg_scope([slim.conv2d], weights_regularizer=regularizer),
        slim.arg_scope([slim.separable_conv2d], weights_regularizer=None) as defaults,
    ):
        return defaults
