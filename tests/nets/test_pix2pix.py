"""pix2pix: research/slim's figures, blocks, dropout, patches."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import pix2pix
from slimnets.nets.pix2pix import Block
from tests import filled, v1_graph
from tests.goldens import fill
from tests.nets import figures

v1 = tf.compat.v1
BLOCKS = [Block(8, 0), Block(16, 0), Block(32, 0), Block(16, 0)]
ENCODED = {
    "encoder0": 76.07955,
    "encoder1": 69.06081,
    "encoder2": 45.59468,
    "encoder3": 21.59118,
}


@pytest.mark.parametrize(
    ("method", "names", "first", "norms"),
    [
        (
            "nn_upsample_conv",
            1202289593,
            [0.4486786, 0.0805506, 0.2546099, 0.1209801],
            [48.50781, 126.9922, 167.3436, 279.3198, 287.8201, 133.364],
        ),
        (
            "conv2d_transpose",
            568186916,
            [0.3303987, 1.067379, -0.5346507, -1.157835],
            [46.09806, 144.4437, 213.7451, 273.7827, 298.9395, 134.4651],
        ),
    ],
)
def test_the_generators_variables_and_numbers_are_research_slims(
    method, names, first, norms
):
    images = tf.constant(fill.images(2, 64, 64))
    with slim.arg_scope(pix2pix.pix2pix_arg_scope()):
        found = figures.take(
            lambda: pix2pix.pix2pix_generator(images, 4, BLOCKS, method)
        )
    assert found[:3] == (names, 24, 24)
    assert found.net.shape == (2, 64, 64, 4)
    np.testing.assert_allclose(found.net.ravel()[:4], first, 1e-3)
    decoded = [f"decoder{n}" for n in range(4)] + ["logits", "predictions"]
    found.assert_norms(ENCODED | dict(zip(decoded, norms, strict=True)))


def test_the_discriminators_variables_and_numbers_are_research_slims():
    images = tf.constant(fill.images(2, 64, 64))
    with slim.arg_scope(pix2pix.pix2pix_arg_scope()):
        found = figures.take(lambda: pix2pix.pix2pix_discriminator(images, [8, 16, 32]))
    assert found[:3] == (1008206788, 10, 10)
    assert found.net.shape == (2, 19, 19, 1)
    expected = [0.8821371, 0.04186382, 0.6577888, 0.05675699]
    np.testing.assert_allclose(found.net.ravel()[:4], expected, 1e-3)
    found.assert_norms(
        {
            "conv0": 75.07143,
            "conv1": 67.57627,
            "conv2": 103.9118,
            "logits": 23.35487,
            "predictions": 14.28691,
        }
    )


@pytest.mark.parametrize("row", pix2pix.NETWORKS, ids=lambda row: row.name)
def test_rows_have_their_costs(row):
    shape = [1, row.image_size, row.image_size, row.channels]
    assert figures.count_costs(row, shape) == (row.parameters, row.multiply_adds)


def test_the_papers_blocks_are_the_default():
    with tf.Graph().as_default(), v1_graph.placeholders():
        images = v1.placeholder(tf.float32, [None, 128, 256, 3])
        logits, end_points = pix2pix.pix2pix_generator(images, 2)
    assert logits.shape.as_list() == [None, 128, 256, 2]
    depths = [64, 128, 256, 512, 512, 512, 512]
    encoded, decoded = (
        [net.shape[-1] for name, net in end_points.items() if name.startswith(half)]
        for half in ("encoder", "decoder")
    )
    assert encoded == depths
    assert decoded == depths[::-1]
    assert end_points["encoder6"].shape[1:3] == [1, 2]


@pytest.mark.parametrize("method", pix2pix.METHODS)
def test_images_may_be_of_unknown_size(method):
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, [None, None, None, 3])
        logits, _ = pix2pix.pix2pix_generator(images, 2, BLOCKS, method)
        session.run(v1.global_variables_initializer())
        made = session.run(logits, {images: fill.images(1, 16, 48)})
    assert made.shape == (1, 16, 48, 2)


def test_dropout_drops_at_test_time_too():
    images = tf.constant(fill.images(1, 4, 4))
    with filled.variables():
        for keep_prob, drops in ((0.5, True), (0, False), (1.0, False)):
            blocks = [Block(8, keep_prob), Block(8, 0)]
            one, other = (
                pix2pix.pix2pix_generator(images, 1, blocks)[0] for _ in range(2)
            )
            assert bool(np.any(one != other)) == drops


def test_a_block_alone_is_a_network():
    with tf.Graph().as_default(), v1_graph.placeholders() as shapes:
        images = v1.placeholder(tf.float32, [1, 2, 2, 3])
        _, end_points = pix2pix.pix2pix_generator(images, 1, [Block(4, 0)])
    assert [*end_points] == ["encoder0", "decoder0", "logits", "predictions"]
    assert len(shapes) == 6


@pytest.mark.parametrize("padding", [0, 1, 2])
def test_each_logit_judges_a_patch(padding):
    with tf.Graph().as_default(), v1_graph.placeholders():
        images = v1.placeholder(tf.float32, [2, 64, 64, 6])
        logits, end_points = pix2pix.pix2pix_discriminator(
            images, [4, 8, 16], padding, "CONSTANT"
        )
    size = 64
    for stride in (2, 2, 1, 1):
        size = (size + 2 * padding - 4) // stride + 1
    assert logits.shape == [2, size, size, 1]
    assert [*end_points] == ["conv0", "conv1", "conv2", "logits", "predictions"]


def test_other_arguments_are_errors():
    with tf.Graph().as_default(), v1_graph.placeholders():
        images = v1.placeholder(tf.float32, [2, 64, 40, 3])
        for call, message in (
            (
                lambda: pix2pix.pix2pix_generator(images, 3, BLOCKS),
                "^a generator of 4 blocks needs .* are multiples of 16, not 40$",
            ),
            (
                lambda: pix2pix.upsample(images, 3, [2, 2], "bilinear"),
                "^unknown method 'bilinear'; known: nn_upsample_conv, conv2d_transp",
            ),
            (
                lambda: pix2pix.pix2pix_discriminator(images, [64]),
                r"^num_filters needs two layers or more, not \[64\]$",
            ),
            (
                lambda: pix2pix.pix2pix_discriminator(images, [4, 8], padding=-1),
                "^padding must not be negative: it is -1$",
            ),
        ):
            with pytest.raises(errors.InputError, match=message):
                call()
        with pytest.raises(TypeError):
            pix2pix.pix2pix_discriminator(images, [4, 8], padding=1.5)
