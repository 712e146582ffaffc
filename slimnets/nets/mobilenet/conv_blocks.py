"""The blocks of the MobileNet family, under research/slim's names and arguments."""

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import spatial

Function = TypeVar("Function", bound=Callable[..., tf.Tensor])


def block(function: Function) -> Function:
    """Marks a function as a block, for a table's `mobilenet.op`.

    A block takes `use_explicit_padding`, and pads inside, whatever its kernel_size; and
    `endpoints`, a dict in which it puts what is to be an end point of its layer.
    """
    vars(function)["is_block"] = True
    return function


def is_block(function: Callable[..., tf.Tensor]) -> bool:
    """Whether a function, or the one that it is a partial of, is marked as a block."""
    if isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "is_block", False)


def make_divisible(depth: float, divisor: int = 8, min_value: int | None = None) -> int:
    """Rounds a number of channels to a multiple that hardware likes.

    Args:
      depth: the number of channels asked for.
      divisor: the result is a multiple of it.
      min_value: least result; None for `divisor`.

    Returns:
      The nearest multiple, but never less than 90% of `depth`.
    """
    least = divisor if min_value is None else min_value
    rounded = max(least, int(depth + divisor / 2) // divisor * divisor)
    return int(rounded + divisor if rounded < 0.9 * depth else rounded)


def expand_input_by_factor(n: float, divisible_by: int = 8) -> Callable[..., int]:
    """Returns `f(num_inputs=...)`, which gives `n` times as many channels, rounded."""
    return lambda num_inputs, **_: make_divisible(num_inputs * n, divisible_by)


def split_conv(
    input_tensor: tf.Tensor,
    num_outputs: int,
    num_ways: int,
    scope: str,
    divisible_by: int = 8,
    **kwargs: Any,
) -> tf.Tensor:
    """A 1x1 convolution in groups: the i-th share of channels in gives the i-th out.

    Args:
      input_tensor: float [batch, height, width, channels].
      num_outputs: number of filters over all groups.
      num_ways: number of groups. Where a group would have fewer than `divisible_by`
        channels in or out, there is one group.
      scope: variable scope of the convolution; '<scope>_part_<i>' with groups.
      divisible_by: every group's channels, in and out, are a multiple of it.
      **kwargs: passed to conv2d.

    Returns:
      float [batch, height, width, num_outputs].

    Raises:
      ValueError: channels do not divide into such groups.
    """
    depth = _depth(input_tensor)
    if num_ways == 1 or min(depth, num_outputs) // num_ways < divisible_by:
        return slim.conv2d(input_tensor, num_outputs, 1, scope=scope, **kwargs)
    shares = tf.split(
        input_tensor,
        _divide_channels(depth, num_ways, divisible_by),
        3,
        name=f"split_{scope}",
    )
    sizes = _divide_channels(num_outputs, num_ways, divisible_by)
    outputs = [
        slim.conv2d(share, size, 1, scope=f"{scope}_part_{i}", **kwargs)
        for i, (share, size) in enumerate(zip(shares, sizes, strict=True))
    ]
    return tf.concat(outputs, 3, name=f"{scope}_concat")


@block
@slim.add_arg_scope
def split_separable_conv2d(
    input_tensor: tf.Tensor,
    num_outputs: int,
    scope: str | None = None,
    normalizer_fn: Callable | None = None,
    stride: int = 1,
    rate: int = 1,
    endpoints: dict[str, tf.Tensor] | None = None,
    use_explicit_padding: bool = False,
) -> tf.Tensor:
    """MobileNet v1's block: 3x3 depthwise, then 1x1, both normalized and activated.

    Args:
      input_tensor: float [batch, height, width, channels].
      num_outputs: number of filters of the 1x1 convolution.
      scope: gives variable scopes '<scope>_depthwise' and '<scope>_pointwise', as in
        v1's checkpoints; None gives 'separable/depthwise' and 'separable/pointwise'.
      normalizer_fn: of both convolutions.
      stride: of the depthwise one.
      rate: dilation of the depthwise one.
      endpoints: receives both results, by scope.
      use_explicit_padding: pad by what the kernel overhangs, then convolve unpadded.

    Returns:
      float [batch, ceil(height / stride), ceil(width / stride), num_outputs].
    """
    endpoints = {} if endpoints is None else endpoints
    block = scope_all(None, "separable") if scope is None else contextlib.nullcontext()
    prefix = "" if scope is None else f"{scope}_"
    with block:
        if use_explicit_padding:
            input_tensor = spatial.fixed_padding(input_tensor, 3, rate)
        net = endpoints[f"{prefix}depthwise"] = slim.separable_conv2d(
            input_tensor,
            None,
            3,
            stride=stride,
            rate=rate,
            normalizer_fn=normalizer_fn,
            padding="VALID" if use_explicit_padding else "SAME",
            scope=f"{prefix}depthwise",
        )
        net = endpoints[f"{prefix}pointwise"] = slim.conv2d(
            net, num_outputs, 1, normalizer_fn=normalizer_fn, scope=f"{prefix}pointwise"
        )
    return net


@block
@slim.add_arg_scope
def expanded_conv(
    input_tensor: tf.Tensor,
    num_outputs: int,
    expansion_size: int | Callable[..., int] = expand_input_by_factor(6),  # noqa: B008
    stride: int = 1,
    rate: int = 1,
    kernel_size: int | Sequence[int] = (3, 3),
    residual: bool | Callable[..., tf.Tensor] = True,
    normalizer_fn: Callable | None = None,
    split_projection: int = 1,
    split_expansion: int = 1,
    split_divisible_by: int = 8,
    expansion_transform: Callable[..., tf.Tensor] | None = None,
    depthwise_location: str | None = "expansion",
    depthwise_channel_multiplier: int = 1,
    endpoints: dict[str, tf.Tensor] | None = None,
    use_explicit_padding: bool = False,
    padding: str = "SAME",
    inner_activation_fn: Callable | None = None,
    depthwise_activation_fn: Callable | None = None,
    project_activation_fn: Callable | None = tf.identity,
    depthwise_fn: Callable[..., tf.Tensor] = slim.separable_conv2d,
    expansion_fn: Callable[..., tf.Tensor] = split_conv,
    projection_fn: Callable[..., tf.Tensor] = split_conv,
    scope: Any = None,
) -> tf.Tensor:
    """Inverted residual: expand 1x1, depthwise 3x3, project 1x1 (arXiv:1801.04381).

    Section 3 and figure 3 of the paper. Activations inside are those of the scope
    around, where the arguments name none.

    Args:
      input_tensor: float [batch, height, width, channels].
      num_outputs: channels of the result.
      expansion_size: channels inside, or `f(num_inputs=channels)` that gives them.
        There is no expansion where they are no more than the input's.
      stride: of the depthwise convolution.
      rate: its dilation.
      kernel_size: its kernel, int or (height, width).
      residual: add the input where stride is 1 and channels agree; or
        `f(input_tensor=..., output_tensor=...)` in place of the sum.
      normalizer_fn: of all three convolutions.
      split_projection: groups of the projection.
      split_expansion: groups of the expansion.
      split_divisible_by: every group's channels are a multiple of it.
      expansion_transform: `f(expansion_tensor=..., input_tensor=...)` applied before
        the projection, such as squeeze_excite.
      depthwise_location: 'expansion', 'input' (before the expansion), 'output' (after
        the projection), or None for no depthwise convolution.
      depthwise_channel_multiplier: depthwise filters per channel.
      endpoints: receives 'expansion_output' and 'depthwise_output' where there are
        such, and 'projection_output'.
      use_explicit_padding: pad by what the kernel overhangs, then convolve unpadded.
      padding: of the depthwise convolution otherwise.
      inner_activation_fn: of expansion and depthwise; None for the scope's.
      depthwise_activation_fn: of the depthwise convolution alone; None for the former.
      project_activation_fn: of the projection.
      depthwise_fn: takes separable_conv2d's arguments.
      expansion_fn: `f(inputs, num_outputs, scope=..., normalizer_fn=...)`; groups mean
        something to split_conv alone.
      projection_fn: likewise, with activation_fn.
      scope: variable scope, 'expanded_conv' if None.

    Returns:
      float [batch, ceil(height / stride), ceil(width / stride), num_outputs].

    Raises:
      TypeError: depthwise_location is unknown, or padding is not 'SAME' with
        use_explicit_padding.
    """
    if depthwise_location not in (None, "input", "output", "expansion"):
        raise TypeError(f"depthwise_location must not be {depthwise_location!r}")
    if use_explicit_padding and padding != "SAME":
        raise TypeError(f"use_explicit_padding needs padding='SAME', not {padding!r}")
    endpoints = {} if endpoints is None else endpoints

    def depthwise(net: tf.Tensor, **activation: Any) -> tf.Tensor:
        if use_explicit_padding:
            net = spatial.fixed_padding(net, kernel_size, rate)
        net = depthwise_fn(
            net,
            num_outputs=None,
            kernel_size=kernel_size,
            depth_multiplier=depthwise_channel_multiplier,
            stride=stride,
            rate=rate,
            normalizer_fn=normalizer_fn,
            padding="VALID" if use_explicit_padding else padding,
            scope="depthwise",
            **activation,
        )
        return _record(endpoints, "depthwise_output", net)

    with (
        scope_all(scope, "expanded_conv"),
        _activation_scope(inner_activation_fn, depthwise_activation_fn),
    ):
        net = input_tensor = tf.identity(input_tensor, "input")
        if depthwise_location == "input":
            net = depthwise(net, activation_fn=None)
        inner_size = (
            expansion_size(num_inputs=_depth(input_tensor))
            if callable(expansion_size)
            else expansion_size
        )
        if inner_size > _depth(net):
            expand = _set_groups(expansion_fn, split_expansion, split_divisible_by)
            net = expand(net, inner_size, scope="expand", normalizer_fn=normalizer_fn)
            net = _record(endpoints, "expansion_output", net)
        if depthwise_location == "expansion":
            net = depthwise(net)
        if expansion_transform is not None:
            net = expansion_transform(expansion_tensor=net, input_tensor=input_tensor)
        net = _set_groups(projection_fn, split_projection, split_divisible_by)(
            net,
            num_outputs,
            scope="project",
            normalizer_fn=normalizer_fn,
            activation_fn=project_activation_fn,
        )
        endpoints["projection_output"] = net
        if depthwise_location == "output":
            net = depthwise(net, activation_fn=None)
        if callable(residual):
            net = residual(input_tensor=input_tensor, output_tensor=net)
        elif residual and stride == 1 and _depth(net) == _depth(input_tensor):
            net += input_tensor
        return tf.identity(net, "output")


@slim.add_arg_scope
def squeeze_excite(
    input_tensor: tf.Tensor,
    divisible_by: int = 8,
    squeeze_factor: float = 3,
    inner_activation_fn: Callable = tf.nn.relu,
    gating_fn: Callable = tf.sigmoid,
    squeeze_input_tensor: tf.Tensor | None = None,
    pool: int | None = None,
) -> tf.Tensor:
    """Weighs channels by what the whole image holds (arXiv:1709.01507).

    Args:
      input_tensor: float [batch, height, width, channels].
      divisible_by: the inner channels are a multiple of it.
      squeeze_factor: how many times fewer the inner channels are.
      inner_activation_fn: of the inner layer.
      gating_fn: of the weights.
      squeeze_input_tensor: what the weights are computed from; None for input_tensor.
      pool: average windows of this size and stride, and resize the weights back;
        None averages the whole image. Needs a known height and width.

    Returns:
      A tensor of input_tensor's shape.

    Raises:
      InputError: pool is given, and height or width is unknown.
    """
    source = input_tensor if squeeze_input_tensor is None else squeeze_input_tensor
    with tf.compat.v1.variable_scope("squeeze_excite"):
        if pool is not None and min(_get_size(source)) >= pool:
            net = slim.avg_pool2d(source, pool, pool)
        else:
            net = tf.reduce_mean(source, [1, 2], keepdims=True)
        squeezed = make_divisible(_depth(source) / squeeze_factor, divisible_by)
        for depth, activation_fn in (
            (squeezed, inner_activation_fn),
            (_depth(input_tensor), gating_fn),
        ):
            net = slim.conv2d(
                net, depth, 1, normalizer_fn=None, activation_fn=activation_fn
            )
        if pool is not None:
            net = tf.compat.v1.image.resize_bilinear(
                net, _get_size(input_tensor), align_corners=True
            )
        return input_tensor * net


def _get_size(net: tf.Tensor) -> tuple[int, int]:
    """Returns height and width, for squeeze_excite's windows."""
    height, width = spatial.get_static_size(net)
    if height is None or width is None:
        raise errors.InputError(
            "squeeze_excite needs features of a known height and width to pool them by"
            " windows; pass pool=None to average the whole image"
        )
    return height, width


def _depth(net: tf.Tensor) -> int:
    """Returns the number of channels."""
    return net.shape.as_list()[3]


def _divide_channels(total: int, num_ways: int, divisible_by: int) -> list[int]:
    """Divides a number of channels into multiples, as evenly as they go."""
    if total % divisible_by:
        raise errors.InputError(
            f"{total} channels do not divide into {num_ways} groups of multiples of"
            f" {divisible_by}"
        )
    units = total // divisible_by
    ends = [-(-units * i // num_ways) for i in range(num_ways + 1)]
    return [(end - start) * divisible_by for start, end in itertools.pairwise(ends)]


def _record(endpoints: dict[str, tf.Tensor], name: str, net: tf.Tensor) -> tf.Tensor:
    """Files `net` under `name`, also the op's."""
    endpoints[name] = tf.identity(net, name)
    return endpoints[name]


def _set_groups(
    convolution: Callable[..., tf.Tensor], num_ways: int, divisible_by: int
) -> Callable[..., tf.Tensor]:
    """Tells split_conv its groups; other functions know none."""
    if convolution is not split_conv:
        return convolution
    return functools.partial(split_conv, num_ways=num_ways, divisible_by=divisible_by)


@contextlib.contextmanager
def _activation_scope(
    inner: Callable | None, depthwise: Callable | None
) -> Iterator[None]:
    """Sets the activations of a block's convolutions, those given."""
    depthwise = inner if depthwise is None else depthwise
    with (
        slim.arg_scope([slim.conv2d], **_unless_none(activation_fn=inner)),
        slim.arg_scope(
            [slim.separable_conv2d], **_unless_none(activation_fn=depthwise)
        ),
    ):
        yield


def _unless_none(**arguments: Any) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


@contextlib.contextmanager
def scope_all(scope: Any, default_name: str) -> Iterator[Any]:
    """Opens a variable scope, and its first name scope even when it is reopened."""
    with (
        tf.compat.v1.variable_scope(scope, default_name) as sc,
        tf.compat.v1.name_scope(sc.original_name_scope),
    ):
        yield sc
