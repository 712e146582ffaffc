"""What networks do to height and width: padding, dilation, windows, squeezing."""

from collections.abc import Sequence

import tensorflow as tf

from slimnets import errors
from slimnets.layers import scoping


def get_static_size(images: tf.Tensor) -> tuple[int | None, int | None]:
    """Returns height and width, each None where it is not known before the run.

    Args:
      images: [batch, height, width, channels].

    Raises:
      InputError: the rank is not 4.
    """
    shape = tf.TensorShape(images.shape)  # of a NumPy array too
    if shape.rank != 4:
        raise errors.InputError(
            "inputs must have rank 4 (batch, height, width, channels), not"
            f" {shape.rank}"
        )
    _, height, width, _ = shape.as_list()  # ints whatever TF 1 mode is on
    return height, width


def get_sizes(images: tf.Tensor) -> list[int | tf.Tensor]:
    """Returns each of a tensor's sizes: an int, or a scalar where the run decides."""
    static, dynamic = tf.TensorShape(images.shape).as_list(), tf.shape(images)
    return [dynamic[axis] if size is None else size for axis, size in enumerate(static)]


def require_static_size(images: tf.Tensor, message: str) -> tuple[int, int]:
    """Returns height and width; InputError of `message` where one is not known."""
    height, width = get_static_size(images)
    if height is None or width is None:
        raise errors.InputError(message)
    return height, width


def fixed_padding(
    inputs: tf.Tensor,
    kernel_size: int | Sequence[int],
    rate: int = 1,
    value: float = 0.0,
) -> tf.Tensor:
    """Pads by what a kernel overhangs, whatever the images' size and the stride.

    A 'VALID' convolution of the result gives the size that 'SAME' would. But 'SAME'
    pads less before a strided kernel when the size is even, which shifts features by
    a pixel between odd and even sizes; this does not.

    Args:
      inputs: float [batch, height, width, channels].
      kernel_size: int or (height, width).
      rate: dilation of the kernel, >= 1.
      value: what to pad with.

    Returns:
      float [batch, height + overhang, width + overhang, channels].
    """
    overhangs = [(size - 1) * rate for size in scoping.to_pair(kernel_size)]
    if not any(overhangs):
        return inputs
    before_and_after = [(total // 2, total - total // 2) for total in overhangs]
    around = [(0, 0), *before_and_after, (0, 0)]
    return tf.pad(inputs, around, constant_values=value)


def enlarge(
    images: tf.Tensor,
    factors: Sequence[int],
    bilinear: bool = False,
    align_corners: bool = False,
) -> tf.Tensor:
    """Multiplies height and width as TF 1 did: a pixel begins at its index.

    Args:
      images: float [batch, height, width, channels].
      factors: of height and width.
      bilinear: interpolate; False repeats the nearest pixels.
      align_corners: of a bilinear one: corners keep their values.

    Returns:
      [batch, height * factors[0], width * factors[1], channels], of the same type.
    """
    pairs = zip(get_sizes(images)[1:3], factors, strict=True)
    sizes = [size * factor for size, factor in pairs]
    if bilinear:
        net = tf.raw_ops.ResizeBilinear(
            images=images, size=sizes, align_corners=align_corners
        )
    else:
        net = tf.raw_ops.ResizeNearestNeighbor(images=images, size=sizes)
    known = [size if isinstance(size, int) else None for size in sizes]
    net = tf.ensure_shape(net, [None, *known, None])
    return tf.cast(net, images.dtype)  # TensorFlow interpolates to float32


def replace_stride_with_dilation(
    strides: Sequence[int], output_stride: int | None
) -> list[tuple[int, int]]:
    """Turns strides beyond `output_stride` into dilation of the layers that follow.

    So the features stay dense: those of the undilated network are every so many of
    them (the atrous algorithm, section 3.1 of arXiv:1606.00915).

    Args:
      strides: of the layers, first to last.
      output_stride: images' size divided by features' size to stop at; None for no
        limit.

    Returns:
      (stride, rate) of each layer.

    Raises:
      InputError: the layers' strides step over output_stride.
    """
    current, rate, result = 1, 1, []
    for stride in strides:
        if current == output_stride:
            result.append((1, rate))
            rate *= stride
            continue
        if output_stride is not None and current < output_stride < current * stride:
            raise errors.InputError(
                f"output_stride={output_stride} cannot be reached: the layers' strides"
                f" go from {current} to {current * stride}"
            )
        result.append((stride, 1))
        current *= stride
    return result


def clip_window(net: tf.Tensor, size: int) -> list[int]:
    """Returns `size` by `size`, or all of `net` where that is known to be smaller."""
    height, width = get_static_size(net)
    return [min(height or size, size), min(width or size, size)]


def squeeze_logits(logits: tf.Tensor, name: str) -> tf.Tensor:
    """Drops height and width of logits that have one pixel.

    Args:
      logits: float [batch, 1, 1, classes]; unknown sizes must be 1 at run time.
      name: of the op.

    Returns:
      float [batch, classes].

    Raises:
      InputError: the logits are known to have more pixels.
    """
    height, width = get_static_size(logits)
    if (height or 1, width or 1) != (1, 1):
        raise errors.InputError(
            f"images this large give {height}x{width} logits, not one vector: pass"
            " spatial_squeeze=False to keep the map, or global_pool=True to average"
        )
    return tf.squeeze(logits, [1, 2], name=name)
