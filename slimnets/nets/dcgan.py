"""DCGAN: "Unsupervised Representation Learning with Deep Convolutional GANs".

Radford, Metz and Chintala, arXiv:1511.06434: a generator of images from noise, and a
discriminator that tells them from real ones.

    images, _ = dcgan.generator(tf.random.normal([16, 64]))
    logits, end_points = dcgan.discriminator(images)
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import spatial
from slimnets.nets.row import DISCRIMINATOR, GENERATOR, Network
from slimnets.nets.table import EndPoints, Row, run_table

SMALLEST = 8  # pixels that a generator makes
NORMALIZED: Mapping[str, Any] = {
    "normalizer_fn": slim.batch_norm,
    "activation_fn": tf.nn.relu,
}
LINEAR: Mapping[str, Any] = {"normalizer_fn": None, "activation_fn": None}


class Conv(NamedTuple):
    """A convolution that halves height and width, activated by a leaky relu."""

    name: str
    depth: int
    normalizer_fn: Callable | None
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.conv2d(
            net,
            self.depth,
            4,
            stride=stride,
            normalizer_fn=self.normalizer_fn,
            activation_fn=tf.nn.leaky_relu,
            scope=self.name,
        )


class Verdict(NamedTuple):
    """A logit for each image, of the one pixel that is left of it."""

    name: str = "logits"
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        net = slim.conv2d(net, 1, 1, padding="VALID", scope="Conv", **LINEAR)
        return tf.reshape(net, [-1, 1])


class Project(NamedTuple):
    """4x4 pixels from a vector of noise."""

    name: str
    depth: int
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.conv2d_transpose(
            net[:, None, None],
            self.depth,
            4,
            stride=1,
            padding="VALID",
            scope=self.name,
            **NORMALIZED,
        )


class Deconv(NamedTuple):
    """A transposed convolution that doubles height and width."""

    name: str
    depth: int
    options: Mapping[str, Any]  # NORMALIZED or LINEAR
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.conv2d_transpose(
            net, self.depth, 4, stride=2, scope=self.name, **self.options
        )


class Pixels(NamedTuple):
    """The channels of each pixel, not bounded."""

    name: str
    channels: int
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.conv2d(
            net, self.channels, 1, padding="VALID", scope=self.name, **LINEAR
        )


def discriminator_rows(depth: int, layers: int) -> list[Row]:
    """Returns the table of a discriminator (section 3 of arXiv:1511.06434).

    Args:
      depth: of the first layer; each has twice as many channels as that before it.
      layers: how often height and width are halved.
    """
    return [
        *[
            Conv(f"conv{n + 1}", depth * 2**n, slim.batch_norm if n else None)
            for n in range(layers)
        ],
        Verdict(),
    ]


def generator_rows(depth: int, layers: int, channels: int) -> list[Row]:
    """Returns the table of a generator (figure 1 of arXiv:1511.06434).

    Args:
      depth: of the last layer but that of pixels; each before it has twice as many.
      layers: 4x4 pixels, and how often height and width are doubled.
      channels: of the images.
    """
    return [
        Project("deconv1", depth * 2 ** (layers - 1)),
        *[
            Deconv(f"deconv{n}", depth * 2 ** (layers - n), NORMALIZED)
            for n in range(2, layers)
        ],
        Deconv(f"deconv{layers}", depth, LINEAR),
        Pixels("logits", channels),
    ]


def discriminator(
    inputs: tf.Tensor,
    depth: int = 64,
    is_training: bool | tf.Tensor = True,
    reuse: bool | None = None,
    scope: Any = "Discriminator",
    fused_batch_norm: bool = False,
) -> tuple[tf.Tensor, EndPoints]:
    """Tells real images from generated ones.

    Args:
      inputs: float [batch, size, size, channels], of a size that is a power of 2 and
        known.
      depth: channels of the first layer.
      is_training: whether batch norm trains.
      reuse: reuse the network's variables.
      scope: variable scope.
      fused_batch_norm: the faster kernel, whose gradients have no gradients.

    Returns:
      float logits [batch, 1], and the end points by name: 'conv1', 'conv2' and so on,
      one for each halving of the size, then 'logits'.

    Raises:
      InputError: the rank or the size is none that it takes.
    """
    size = _check_images(inputs)
    rows = discriminator_rows(depth, _log2(size))
    with tf.compat.v1.variable_scope(scope, reuse=reuse):
        return _run(rows, inputs, is_training, fused_batch_norm)


def generator(
    inputs: tf.Tensor,
    depth: int = 64,
    final_size: int = 32,
    num_outputs: int = 3,
    is_training: bool | tf.Tensor = True,
    reuse: bool | None = None,
    scope: Any = "Generator",
    fused_batch_norm: bool = False,
) -> tuple[tf.Tensor, EndPoints]:
    """Makes images from noise.

    Args:
      inputs: float [batch, n].
      depth: channels of the last layer but that of pixels.
      final_size: height and width of the images, in pixels: 8, 16, 32, ...
      num_outputs: channels of the images.
      is_training: whether batch norm trains.
      reuse: reuse the network's variables.
      scope: variable scope.
      fused_batch_norm: the faster kernel, whose gradients have no gradients.

    Returns:
      float images [batch, final_size, final_size, num_outputs], not bounded (the paper
      takes their tanh), and the end points by name: 'deconv1', of 4x4 pixels, 'deconv2'
      and so on, one for each doubling of the size, then 'logits'.

    Raises:
      InputError: inputs' rank is not 2, or final_size is none of these.
    """
    rank = tf.TensorShape(inputs.shape).rank
    if rank != 2:
        raise errors.InputError(f"inputs must have rank 2 (batch, noise), not {rank}")
    _check_power_of_2("final_size", final_size)
    if final_size < SMALLEST:
        raise errors.InputError(
            f"final_size must be greater than 8, or 8, not {final_size}"
        )
    rows = generator_rows(depth, _log2(final_size) - 1, num_outputs)
    with tf.compat.v1.variable_scope(scope, reuse=reuse):
        return _run(rows, inputs, is_training, fused_batch_norm)


def _run(
    rows: list[Row], net: tf.Tensor, is_training: bool | tf.Tensor, fused: bool
) -> tuple[tf.Tensor, EndPoints]:
    with slim.arg_scope(
        [slim.batch_norm],
        is_training=is_training,
        zero_debias_moving_mean=True,
        fused=fused,
    ):
        return run_table(rows, net, recompute=False)


def _check_images(images: tf.Tensor) -> int:
    """Returns height and width, or raises an InputError about them."""
    height, width = spatial.require_static_size(
        images, "a discriminator's images need a known height and width"
    )
    if height != width:
        raise errors.InputError(
            f"images of {height}x{width} do not have equal width and height"
        )
    _check_power_of_2("the images' width", width)
    return width


def _check_power_of_2(what: str, size: int) -> None:
    if size < 1 or size & (size - 1):
        raise errors.InputError(
            f"{what} must be a power of 2: {size} is not a power of 2"
        )


def _log2(size: int) -> int:
    return size.bit_length() - 1


NETWORKS = (
    Network(
        "dcgan_generator",
        generator,
        image_size=32,
        preprocessing="",
        classes=0,
        paper="arXiv:1511.06434, figure 1",
        parameters=3_277_955,
        multiply_adds=101.4,
        kind=GENERATOR,
    ),
    Network(
        "dcgan_discriminator",
        discriminator,
        image_size=32,
        preprocessing="",
        classes=0,
        paper="arXiv:1511.06434, section 3",
        parameters=11_147_201,
        multiply_adds=34.3,
        kind=DISCRIMINATOR,
    ),
)
