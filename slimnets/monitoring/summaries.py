"""Event files for TensorBoard."""

import os
from collections.abc import Callable, Mapping

import tensorflow as tf

from slimnets import errors


class Summaries:
    """Scalars and input images for TensorBoard."""

    def __init__(self, directory: str | None, log: Callable[[str], None] | None = None):
        """Begins an event file.

        Args:
          directory: where; None writes nothing.
          log: gets a line where the folder is full or cannot be written; from then on
            nothing is. None raises TensorFlow's error.
        """
        self._directory, self._log = directory, log
        self._writer = tf.summary.create_noop_writer()
        if directory:
            self._try(self._open)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes named values."""

        def write() -> None:
            with self._writer.as_default(step):
                for name, value in values.items():
                    tf.summary.scalar(name, value)

        self._try(write)

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
        stretched = (shown - low) / tf.maximum(high - low, 1e-6)

        def write() -> None:
            with self._writer.as_default(step):
                tf.summary.image(name, stretched, max_outputs=most)

        self._try(write)

    def close(self) -> None:
        """Writes what is left and closes the file."""
        self._try(self._writer.close)

    def _open(self) -> None:
        self._writer = tf.summary.create_file_writer(os.fsencode(self._directory or ""))

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except tf.errors.OpError as error:
            if self._log is None:
                raise
            self._writer = tf.summary.create_noop_writer()
            self._log(
                f"no summaries are written to {self._directory} from here on:"
                f" {errors.summarize(error)}"
            )
