"""Event files for TensorBoard."""

import os
from collections.abc import Mapping

import tensorflow as tf


class Summaries:
    """Scalars and input images for TensorBoard."""

    def __init__(self, directory: str | None):
        """Writes event files to `directory`; None writes nothing."""
        self._writer = (
            tf.summary.create_file_writer(os.fsencode(directory))
            if directory
            else tf.summary.create_noop_writer()
        )

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes named values."""
        with self._writer.as_default(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def images(self, step: int, name: str, images: tf.Tensor, most: int = 4) -> None:
        """Writes up to `most` images, each stretched to black and white.

        Args:
          step: the global step.
          name: the summary's tag.
          images: float [batch, height, width, 1 or 3], of any range.
          most: number of images.
        """
        shown = images[:most]
        low = tf.reduce_min(shown, axis=[1, 2, 3], keepdims=True)
        high = tf.reduce_max(shown, axis=[1, 2, 3], keepdims=True)
        with self._writer.as_default(step):
            stretched = (shown - low) / tf.maximum(high - low, 1e-6)
            tf.summary.image(name, stretched, max_outputs=most)

    def close(self) -> None:
        """Writes what is left and closes the file."""
        self._writer.close()
