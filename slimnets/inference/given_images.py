"""Images that a user gives to classify, as paths, bytes or arrays, prepared."""

import functools
import os
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import failures
from slimnets.datasets import images as image_files
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.pipeline import Preprocess
from slimnets.preprocessing.encoded import Encoded

Image = str | os.PathLike | bytes | np.ndarray


class Preparation:
    """Prepares single images as a network wants them."""

    def __init__(self, preprocess: Preprocess, decoding: Decoding):
        """Takes the recipe.

        Args:
          preprocess: prepares one image.
          decoding: of image files; it says how many channels.
        """
        self._preprocess, self._decoding = preprocess, decoding
        self._channels = decoding.channels or 3

    def prepare(self, image: Image) -> tf.Tensor:
        """Returns float32 [size, size, channels] of a file, its bytes or an array.

        Where it is seen in several views: [views, size, size, channels].

        Raises:
          InputError: it cannot be read, or the array is no image.
        """
        if isinstance(image, np.ndarray):
            return self._prepare_pixels(self._require_pixels(image))
        if isinstance(image, bytes):
            return self._prepare_bytes(image)
        path = require_path(image)
        fault = failures.describe_broken_image(path, self._decoding.max_pixels)
        if fault:
            raise errors.InputError(fault)
        return self._prepare_file(tf.io.read_file(os.fsencode(path)))

    def _prepare_bytes(self, contents: bytes) -> tf.Tensor:
        try:
            image_files.decode(contents, max_pixels=self._decoding.max_pixels)
        except ValueError as error:
            raise errors.InputError(f"the image cannot be used: {error}") from error
        return self._prepare_file(tf.constant(contents))

    @functools.cached_property
    def _prepare_pixels(self) -> Callable[[np.ndarray], tf.Tensor]:
        """Prepares a decoded image."""
        pixels = tf.TensorSpec([None, None, self._channels], tf.uint8)
        return tf.function(self._preprocess, input_signature=[pixels], autograph=False)

    @functools.cached_property
    def _prepare_file(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """Prepares what an image file holds."""
        upright, max_pixels = self._decoding.upright, self._decoding.max_pixels

        def prepare(contents: tf.Tensor) -> tf.Tensor:
            encoded = Encoded(contents, self._channels, upright, max_pixels)
            return self._preprocess(encoded)

        contents = tf.TensorSpec([], tf.string)
        return tf.function(prepare, input_signature=[contents], autograph=False)

    def _require_pixels(self, image: np.ndarray) -> np.ndarray:
        channels = self._channels
        if image.ndim != 3 or image.shape[-1] != channels or image.dtype != np.uint8:
            raise errors.InputError(
                f"an image has to be uint8 [height, width, {channels}]; got"
                f" {image.dtype} {list(image.shape)}"
            )
        return image


def list_images(images: Image | Sequence[Image] | np.ndarray) -> Sequence[Image]:
    """Returns images as a list, of which there is at least one."""
    if isinstance(images, str | bytes | os.PathLike):
        return [images]
    if isinstance(images, np.ndarray) and images.ndim == 3:
        return [images]
    if not len(images):
        raise errors.InputError("no image to classify: the list is empty")
    return list(images)


def require_path(image: Image) -> str:
    """Returns the path of an image file.

    Raises:
      InputError: it is no path.
    """
    if isinstance(image, str | os.PathLike):
        return os.fspath(image)
    raise describe_other(image)


def describe_other(image: object) -> errors.InputError:
    """Returns the error of an image of a kind that cannot be taken."""
    return errors.InputError(
        "give either paths, or bytes of image files, or NumPy arrays of uint8, one kind"
        f" at once; got an image of the type {type(image).__name__}"
    )
