"""A network as every export format takes it."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from slimnets.config.reading import MAX_PIXELS
from slimnets.export.pruned_function import PrunedFunction, prune_to_outputs
from slimnets.preprocessing import resizing
from slimnets.preprocessing.encoded import Encoded

LABELS = "labels.txt"


class Exportable(NamedTuple):
    """A network in inference mode, with what an exported file needs besides.

    Attributes:
      logits: float images [batch, image_size, image_size, channels] -> [batch,
        classes]; traced once, with the weights as they then are.
      image_size: height and width, in pixels.
      channels: of the images.
      preprocess: uint8 [h, w, channels] -> float32 [image_size, image_size, channels],
        or the same of a batch.
      class_names: of the logits.
      upright: whether photos are turned as their cameras noted.
      max_pixels: that an image file may have.
      activation: from logits to probabilities.
      is_quantized: whether `logits` rounds to 8 bits, so that a format that has integer
        kernels is to compute in them.
    """

    logits: Callable[[tf.Tensor], tf.Tensor]
    image_size: int
    channels: int
    preprocess: Callable[[tf.Tensor], tf.Tensor]
    class_names: tuple[str, ...]
    upright: bool = True
    max_pixels: int = MAX_PIXELS
    activation: Callable[[tf.Tensor], tf.Tensor] = tf.nn.softmax
    is_quantized: bool = False

    def get_input_spec(self) -> tf.TensorSpec:
        """Returns the spec of a batch of images, of any size."""
        shape = [None, self.image_size, self.image_size, self.channels]
        return tf.TensorSpec(shape, name="images")

    def make_function(self) -> PrunedFunction:
        """Returns the function from images to logits and probabilities."""

        def outputs(images: tf.Tensor) -> dict[str, tf.Tensor]:
            logits = self.logits(images)
            return {"logits": logits, "probabilities": self.activation(logits)}

        return prune_to_outputs(outputs, self.get_input_spec())

    def get_pixels_spec(self) -> tf.TensorSpec:
        """Returns the spec of a batch of decoded images of any one size."""
        return tf.TensorSpec([None, None, None, self.channels], tf.uint8, "pixels")

    def preprocess_by_products(self, pixels: tf.Tensor) -> tf.Tensor:
        """Prepares a batch by ops that runtimes other than TensorFlow have."""
        with resizing.by_products():
            return self.preprocess(pixels)

    def preprocess_files(self, image_bytes: tf.Tensor) -> tf.Tensor:
        """Decodes and prepares JPEG or PNG files, string [batch], of any sizes."""
        return tf.map_fn(
            lambda encoded: self.preprocess(self.decode(encoded)),
            image_bytes,
            fn_output_signature=tf.TensorSpec(self.get_input_spec().shape[1:]),
        )

    def decode(self, encoded: tf.Tensor) -> tf.Tensor:
        """Decodes a JPEG or PNG file, a string scalar, to uint8 [h, w, channels]."""
        image = Encoded(encoded, self.channels, self.upright, self.max_pixels)
        return image.whole()

    def format_labels(self) -> str:
        """Returns the content of a labels file: a class name on each line."""
        return "".join(f"{name}\n" for name in self.class_names)
