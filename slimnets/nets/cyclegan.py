"""CycleGAN's generator: "Unpaired Image-to-Image Translation".

Zhu, Park, Isola and Efros, arXiv:1703.10593: images in the manner of others, by a
ResNet between two strides and their inverse. Its discriminator is pix2pix's.

    images, end_points = cyclegan.cyclegan_generator_resnet(photos)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import scoping
from slimnets.nets import spatial
from slimnets.nets.row import GENERATOR, Network
from slimnets.nets.table import EndPoints, Row, run_table

RELU: Mapping[str, Any] = {"activation_fn": tf.nn.relu}
LINEAR: Mapping[str, Any] = {"normalizer_fn": None, "activation_fn": None}
METHODS = ("nn_upsample_conv", "bilinear_upsample_conv", "conv2d_transpose")
Kernel = tuple[int, int]  # height and width
# f(net, num_outputs=..., stride=[2, 2]) -> net
Upsample = Callable[..., tf.Tensor]


def cyclegan_arg_scope(
    instance_norm_center: bool = True,
    instance_norm_scale: bool = True,
    instance_norm_epsilon: float = 0.001,
    weights_init_stddev: float = 0.02,
    weight_decay: float = 0.0,
) -> dict[str, Any]:
    """Returns the generator's defaults, for `slim.arg_scope`; it opens them itself.

    Args:
      instance_norm_center: whether instance norm adds `beta`.
      instance_norm_scale: whether it multiplies by `gamma`.
      instance_norm_epsilon: added to the variance.
      weights_init_stddev: of the first weights.
      weight_decay: of the L2 regularizers; 0 for none.
    """
    with slim.arg_scope(
        [slim.conv2d],
        normalizer_fn=slim.instance_norm,
        normalizer_params={
            "center": instance_norm_center,
            "scale": instance_norm_scale,
            "epsilon": instance_norm_epsilon,
        },
        weights_initializer=tf.compat.v1.random_normal_initializer(
            0, weights_init_stddev
        ),
        weights_regularizer=(
            slim.l2_regularizer(weight_decay) if weight_decay > 0 else None
        ),
    ) as defaults:
        return defaults


def cyclegan_upsample(
    net: tf.Tensor,
    num_outputs: int,
    stride: Sequence[int],
    method: str = "conv2d_transpose",
    pad_mode: str = "REFLECT",
    align_corners: bool = False,
) -> tf.Tensor:
    """Multiplies height and width, under the variable scope 'upconv'.

    Args:
      net: float [batch, height, width, depth].
      num_outputs: channels of the result.
      stride: what height and width are multiplied by.
      method: 'nn_upsample_conv' or 'bilinear_upsample_conv', which resize and then
        convolve, or 'conv2d_transpose'.
      pad_mode: of tf.pad, before the convolution.
      align_corners: of a bilinear resize: corners keep their values.

    Returns:
      float [batch, height * stride[0], width * stride[1], num_outputs].

    Raises:
      InputError: there is no such method.
    """
    if method not in METHODS:
        raise errors.unknown("method", method, METHODS)
    with tf.compat.v1.variable_scope("upconv"):
        if method == "conv2d_transpose":
            net = slim.conv2d_transpose(
                net,
                num_outputs,
                kernel_size=[3, 3],
                stride=stride,
                padding="VALID",
                scope="Conv2d_transpose",
            )
            # Its own padding begins a pixel before that of a convolution.
            return net[:, 1:, 1:, :]
        bilinear = method == "bilinear_upsample_conv"
        net = spatial.enlarge(net, stride, bilinear, align_corners)
        return _conv(net, num_outputs, (3, 3), pad_mode, scope="Conv")


class Conv(NamedTuple):
    """A convolution of an image that is mirrored at its borders."""

    name: str
    scope: str
    depth: int
    kernel: Kernel
    options: Mapping[str, Any]
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return _conv(
            net,
            self.depth,
            self.kernel,
            stride=stride,
            scope=self.scope,
            **self.options,
        )


class Residual(NamedTuple):
    """Two convolutions, whose sum with their own input is the output."""

    name: str
    scope: str
    kernel: Kernel
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        depth = scoping.get_channels(net, "NHWC")
        with tf.compat.v1.variable_scope(self.scope):
            residual = _conv(net, depth, self.kernel, scope="Conv", **RELU)
            residual = _conv(
                residual, depth, self.kernel, scope="Conv_1", activation_fn=None
            )
            return net + residual


class Up(NamedTuple):
    """Twice the height and width."""

    name: str
    depth: int
    kernel: Kernel
    upsample_fn: Upsample
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        with (
            tf.compat.v1.variable_scope(f"decoder/{self.name}"),
            slim.arg_scope(
                [slim.conv2d], kernel_size=list(self.kernel), stride=1, **RELU
            ),
        ):
            return self.upsample_fn(net, num_outputs=self.depth, stride=[2, 2])


class Output(NamedTuple):
    """The image: logits of the input's shape, between -1 and 1 where slope is 0."""

    images: tf.Tensor
    slope: float  # of the line that is added to tanh
    name: str = "predictions"
    stride: int = 1

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tuple[tf.Tensor, EndPoints]:
        depth = scoping.get_channels(self.images, "NHWC")
        with tf.compat.v1.variable_scope("output"):
            logits = _conv(net, depth, (7, 7), scope="Conv", **LINEAR)
            logits = tf.reshape(logits, spatial.get_sizes(self.images))
            return tf.tanh(logits) + logits * self.slope, {"logits": logits}


def cyclegan_generator_resnet(
    images: tf.Tensor,
    arg_scope_fn: Callable[[], dict[str, Any]] = cyclegan_arg_scope,
    num_resnet_blocks: int = 6,
    num_filters: int = 64,
    upsample_fn: Upsample = cyclegan_upsample,
    kernel_size: int | Sequence[int] = 3,
    tanh_linear_slope: float = 0.0,
    is_training: bool = False,
) -> tuple[tf.Tensor, EndPoints]:
    """Makes images in the manner of others (appendix 7.2 of arXiv:1703.10593).

    Args:
      images: float [batch, height, width, channels] in [-1, 1]; height and width are
        multiples of 4.
      arg_scope_fn: makes the defaults of its layers.
      num_resnet_blocks: how many residual blocks are in its middle.
      num_filters: channels of the first layer.
      upsample_fn: `f(net, num_outputs=..., stride=[2, 2])` doubles height and width.
      kernel_size: of the inner layers, one number or height and width.
      tanh_linear_slope: of a line that is added to the last tanh.
      is_training: of no effect: nothing in it differs in training.

    Returns:
      float images of the same shape, and the end points by name: 'encoder_0' to
      'encoder_2', 'resnet_block_0' and so on, 'decoder1', 'decoder2', 'logits',
      'predictions'.

    Raises:
      InputError: height or width is known not to be a multiple of 4.
    """
    del is_training
    sizes = spatial.get_static_size(images)
    for what, size in zip(("height", "width"), sizes, strict=True):
        if size is not None and size % 4:
            raise errors.InputError(
                f"The input {what} must be a multiple of 4. It is {size}"
            )
    kernel = scoping.to_pair(kernel_size)
    rows: list[Row] = [
        Conv("encoder_0", "input/Conv", num_filters, (7, 7), {}),
        Conv("encoder_1", "encoder/Conv", num_filters * 2, kernel, RELU, 2),
        Conv("encoder_2", "encoder/Conv_1", num_filters * 4, kernel, RELU, 2),
        *[
            Residual(f"resnet_block_{n}", f"residual_blocks/block_{n}", kernel)
            for n in range(num_resnet_blocks)
        ],
        Up("decoder1", num_filters * 2, kernel, upsample_fn),
        Up("decoder2", num_filters, kernel, upsample_fn),
        Output(images, tanh_linear_slope),
    ]
    with slim.arg_scope(arg_scope_fn()):
        return run_table(rows, images, recompute=False)


def _conv(
    net: tf.Tensor,
    depth: int,
    kernel: Kernel,
    pad_mode: str = "REFLECT",
    **options: Any,
) -> tf.Tensor:
    """Convolves after padding by what the kernel overhangs."""
    around = [((size - 1) // 2, size // 2) for size in kernel]
    net = tf.pad(net, [(0, 0), *around, (0, 0)], pad_mode)
    return slim.conv2d(net, depth, kernel_size=list(kernel), padding="VALID", **options)


NETWORKS = (
    Network(
        "cyclegan_generator_resnet",
        cyclegan_generator_resnet,
        cyclegan_arg_scope,
        image_size=128,
        preprocessing="",
        classes=0,
        paper="arXiv:1703.10593, appendix 7.2",
        parameters=7_841_219,
        multiply_adds=8764.0,
        kind=GENERATOR,
    ),
)
