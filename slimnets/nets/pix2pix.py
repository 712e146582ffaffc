"""pix2pix: "Image-to-Image Translation with Conditional Adversarial Networks".

Isola, Zhu, Zhou and Efros, arXiv:1611.07004: a U-Net that makes one image from another,
and a discriminator that judges overlapping patches.

    with slim.arg_scope(pix2pix.pix2pix_arg_scope()):
        logits, end_points = pix2pix.pix2pix_generator(images, num_outputs=3)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import spatial
from slimnets.nets.row import DISCRIMINATOR, GENERATOR, Network
from slimnets.nets.table import EndPoints, Row, run_table

LEAKY: Mapping[str, Any] = {"activation_fn": tf.nn.leaky_relu}
LINEAR: Mapping[str, Any] = {"normalizer_fn": None, "activation_fn": None}
METHODS = ("nn_upsample_conv", "conv2d_transpose")


class Block(NamedTuple):
    """A convolution of the encoder and the one of the decoder that is its inverse.

    Attributes:
      num_filters: channels of both.
      decoder_keep_prob: the probability that a feature of the decoder's is kept, in
        inference too; 0 keeps all of them.
    """

    num_filters: int
    decoder_keep_prob: float


# Section 6.1.1 of arXiv:1611.07004, outermost first.
GENERATOR_BLOCKS = (
    Block(64, 0.5),
    Block(128, 0.5),
    Block(256, 0.5),
    Block(512, 0),
    Block(512, 0),
    Block(512, 0),
    Block(512, 0),
)
# Section 6.1.2, the discriminator of 70x70 patches.
DISCRIMINATOR_FILTERS = (64, 128, 256, 512)


def _default_generator_blocks() -> list[Block]:
    """Returns GENERATOR_BLOCKS, under the name by which research/slim's users do."""
    return list(GENERATOR_BLOCKS)


def pix2pix_arg_scope() -> dict[str, Any]:
    """Returns the networks' defaults, for `slim.arg_scope`."""
    with slim.arg_scope(
        [slim.conv2d, slim.conv2d_transpose],
        normalizer_fn=slim.instance_norm,
        normalizer_params={"center": True, "scale": True, "epsilon": 0.00001},
        weights_initializer=tf.compat.v1.random_normal_initializer(0, 0.02),
    ) as defaults:
        return defaults


def upsample(
    net: tf.Tensor,
    num_outputs: int,
    kernel_size: Sequence[int],
    method: str = "nn_upsample_conv",
    scope: str | None = None,
) -> tf.Tensor:
    """Multiplies height and width.

    Args:
      net: float [batch, height, width, depth].
      num_outputs: channels of the result.
      kernel_size: what height and width are multiplied by.
      method: 'nn_upsample_conv', which repeats pixels and convolves, or
        'conv2d_transpose'.
      scope: of the convolution; None takes the layer's own name.

    Returns:
      float [batch, height * kernel_size[0], width * kernel_size[1], num_outputs].

    Raises:
      InputError: there is no such method.
    """
    if method not in METHODS:
        raise errors.unknown("method", method, METHODS)
    if method == "conv2d_transpose":
        return slim.conv2d_transpose(
            net,
            num_outputs,
            [4, 4],
            stride=kernel_size,
            activation_fn=None,
            scope=scope,
        )
    net = spatial.enlarge(net, kernel_size)
    return slim.conv2d(net, num_outputs, [4, 4], activation_fn=None, scope=scope)


class Encode(NamedTuple):
    """A convolution that halves height and width."""

    name: str
    scope: str
    depth: int
    options: Mapping[str, Any]  # where it differs from its neighbours
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.conv2d(
            net, self.depth, [4, 4], stride=stride, scope=self.scope, **self.options
        )


class Decode(NamedTuple):
    """Relu and twice the height and width, with what the encoder knew of that size."""

    name: str
    scope: str
    block: Block
    method: str
    skipped: tf.Tensor | None  # the encoder's features; None at the innermost
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        if self.skipped is not None:
            net = tf.concat([net, self.skipped], 3)
        depth, keep_prob = self.block
        net = upsample(tf.nn.relu(net), depth, [2, 2], self.method, self.scope)
        if not keep_prob:
            return net
        # The noise is dropout's, at test time too (section 3.1).
        return slim.dropout(net, keep_prob, is_training=True, scope="decoder/Dropout")


class Output(NamedTuple):
    """The logits of the image's pixels, and their tanh."""

    sizes: Sequence[int | tf.Tensor]  # of the image
    name: str = ""
    stride: int = 1

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tuple[tf.Tensor, EndPoints]:
        channels = self.sizes[-1]
        with tf.compat.v1.variable_scope("output"):
            logits = slim.conv2d(net, channels, [4, 4], scope="Conv", **LINEAR)
            logits = tf.reshape(logits, self.sizes)
            return logits, {"logits": logits, "predictions": tf.tanh(logits)}


class Judge(NamedTuple):
    """A convolution that pads evenly or not at all, for the discriminator."""

    name: str
    scope: str
    depth: int
    padding: int
    pad_mode: str
    options: Mapping[str, Any]
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        if self.padding:
            # as an int32: TensorFlow would take 1.5 pixels for 1
            each = tf.constant([self.padding] * 2, tf.int32)
            with tf.compat.v1.variable_scope(self.scope):
                net = tf.pad(net, [[0, 0], each, each, [0, 0]], self.pad_mode)
        return slim.conv2d(
            net,
            self.depth,
            [4, 4],
            stride=stride,
            padding="VALID",
            scope=self.scope,
            **self.options,
        )


def generator_encoder(blocks: Sequence[Block]) -> list[Row]:
    """Returns the first half of the generator's table, outermost block first."""
    options: list[Mapping[str, Any]] = [LEAKY for _ in blocks]
    options[0] = {"normalizer_fn": None, **LEAKY}
    options[-1] = LINEAR if len(blocks) > 1 else options[0]
    return [
        Encode(f"encoder{n}", _number("encoder/Conv", n), block.num_filters, given)
        for n, (block, given) in enumerate(zip(blocks, options, strict=True))
    ]


def generator_decoder(
    blocks: Sequence[Block], method: str, encoded: EndPoints
) -> list[Row]:
    """Returns the second half of the generator's table, innermost block first.

    Args:
      blocks: of the whole network, outermost first.
      method: of `upsample`.
      encoded: the first half's end points.
    """
    layer = "Conv2d_transpose" if method == "conv2d_transpose" else "Conv"
    skipped = [None, *[*encoded.values()][-2::-1]]
    return [
        Decode(f"decoder{n}", _number(f"decoder/{layer}", n), block, method, features)
        for n, (block, features) in enumerate(
            zip(reversed(blocks), skipped, strict=True)
        )
    ]


def pix2pix_generator(
    net: tf.Tensor,
    num_outputs: int,
    blocks: Sequence[Block] | None = None,
    upsample_method: str = "nn_upsample_conv",
    is_training: bool = False,
) -> tuple[tf.Tensor, EndPoints]:
    """Makes an image from another, by a U-Net.

    Args:
      net: float [batch, height, width, channels]; height and width can be halved as
        often as there are blocks: multiples of 128 for those of the paper.
      num_outputs: channels of the image made.
      blocks: the network, outermost first; None for GENERATOR_BLOCKS.
      upsample_method: of `upsample`.
      is_training: of no effect: its dropout drops at test time too.

    Returns:
      float logits [batch, height, width, num_outputs], and the end points by name:
      'encoder0' and so on, 'decoder0' and so on, innermost first, 'logits', and
      'predictions', the image in (-1, 1).

    Raises:
      InputError: height and width cannot be halved as often, or there is no such
        method.
    """
    del is_training
    blocks = blocks or GENERATOR_BLOCKS
    _check_halving(net, len(blocks))
    sizes = [*spatial.get_sizes(net)[:3], num_outputs]
    net, end_points = run_table(generator_encoder(blocks), net, recompute=False)
    rows = generator_decoder(blocks, upsample_method, end_points)
    net, decoded = run_table([*rows, Output(sizes)], net, recompute=False)
    return net, end_points | decoded


def _check_halving(images: tf.Tensor, times: int) -> None:
    for size in spatial.get_static_size(images):
        if size is not None and size % 2**times:
            raise errors.InputError(
                f"a generator of {times} blocks needs images whose height and width are"
                f" multiples of {2**times}, not {size}"
            )


def discriminator_rows(
    num_filters: Sequence[int],
    padding: int,
    pad_mode: str,
    activation_fn: Callable | None,
) -> list[Row]:
    """Returns the discriminator's table; see pix2pix_discriminator."""
    act = {"activation_fn": activation_fn}
    *halving, last = num_filters
    first = {"normalizer_fn": None, **act}
    names = [f"conv{n}" for n in range(len(num_filters) + 1)]
    return [
        *[
            Judge(name, name, depth, padding, pad_mode, act if n else first)
            for n, (name, depth) in enumerate(zip(names, halving, strict=False))
        ],
        Judge(names[-2], names[-2], last, padding, pad_mode, act, stride=1),
        Judge("", names[-1], 1, padding, pad_mode, LINEAR, stride=1),
    ]


def pix2pix_discriminator(
    net: tf.Tensor,
    num_filters: Sequence[int],
    padding: int = 2,
    pad_mode: str = "REFLECT",
    activation_fn: Callable | None = tf.nn.leaky_relu,
    is_training: bool = False,
) -> tuple[tf.Tensor, EndPoints]:
    """Judges overlapping patches of images.

    Args:
      net: float [batch, height, width, channels]: with pix2pix, an image and the one
        made from it.
      num_filters: channels of the layers, at least two; all but the last halve height
        and width.
      padding: pixels on each side before each layer; 0 for none.
      pad_mode: of tf.pad: 'CONSTANT', 'REFLECT' or 'SYMMETRIC'.
      activation_fn: of all layers but the last.
      is_training: of no effect: nothing in it differs in training.

    Returns:
      float logits [batch, rows, columns, 1], one for each patch, and the end points by
      name: 'conv0' and so on, 'logits', and 'predictions', their sigmoid.

    Raises:
      InputError: there are fewer than two layers, or padding is negative.
    """
    del is_training
    if len(num_filters) < 2:
        raise errors.InputError(
            f"num_filters needs two layers or more, not {list(num_filters)}"
        )
    if padding < 0:
        raise errors.InputError(f"padding must not be negative: it is {padding}")
    rows = discriminator_rows(num_filters, padding, pad_mode, activation_fn)
    logits, end_points = run_table(rows, net, recompute=False)
    end_points |= {"logits": logits, "predictions": tf.sigmoid(logits)}
    return logits, end_points


def _number(scope: str, n: int) -> str:
    """Returns the n-th scope of a name, as variable scopes number them."""
    return f"{scope}_{n}" if n else scope


NETWORKS = (
    Network(
        "pix2pix_generator",
        pix2pix_generator,
        pix2pix_arg_scope,
        image_size=256,
        preprocessing="",
        classes=0,
        paper="arXiv:1611.07004, section 6.1.1",
        parameters=48_839_875,
        multiply_adds=52210.7,
        arguments={"num_outputs": 3},
        kind=GENERATOR,
    ),
    Network(
        "pix2pix_discriminator",
        pix2pix_discriminator,
        pix2pix_arg_scope,
        image_size=256,
        preprocessing="",
        classes=0,
        paper="arXiv:1611.07004, section 6.1.2",
        parameters=2_768_705,
        multiply_adds=3661.3,
        arguments={"num_filters": DISCRIMINATOR_FILTERS},
        channels=6,  # of an image and the one made from it
        kind=DISCRIMINATOR,
    ),
)
