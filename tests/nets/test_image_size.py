"""Images that networks refuse."""

import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.nets import image_size


def images(*size):
    return tf.compat.v1.placeholder(tf.float32, [None, *size, 3])


@pytest.mark.parametrize("size", [(8, 8), (9, 200), (None, 8), (None, None)])
def test_images_that_are_large_enough_or_may_be_pass(size):
    with tf.Graph().as_default():
        image_size.check_image_size(images(*size), "net", 8)


@pytest.mark.parametrize(("size", "shown"), [((7, 8), "7x8"), ((None, 7), "unknownx7")])
def test_the_smallest_size_is_said(size, shown):
    message = rf"^net needs images of at least 8x8 pixels, not {shown}$"
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        image_size.check_image_size(images(*size), "net", 8)


@pytest.mark.parametrize("size", [(None, 8), (8, None), (None, None)])
def test_a_size_that_variables_depend_on_must_be_known(size):
    message = "^net needs images of known height and width"
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        image_size.check_image_size(images(*size), "net", 8, must_be_known=True)


def test_images_have_four_axes():
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match="rank 4"):
        image_size.check_image_size(images(8), "net", 8)
