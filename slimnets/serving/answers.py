"""What the server answers: the classes of a photo, and where it speaks for one."""

import threading
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.inference import grad_cam, predictions
from slimnets.inference.classifier import Classifier


class Refused(Exception):
    """A request that cannot be answered; the message is one line for its sender."""

    def __init__(self, status: HTTPStatus, message: str):
        super().__init__(message)
        self.status = status


class Described(NamedTuple):
    """What is served.

    Attributes:
      network: its name.
      checkpoint: the file of its weights; its folder is nobody's business.
      classes: their names.
    """

    network: str
    checkpoint: str
    classes: tuple[str, ...]


class Answers:
    """A classifier for many senders at once: one photo after the other is computed."""

    def __init__(self, classifier: Classifier, top: int):
        """Runs the network once, so that the first photo does not wait for it.

        Args:
          classifier: the network, restored.
          top: most probable classes to name.
        """
        self._classifier = classifier
        self._top = min(top, len(classifier.class_names))
        self._one_at_a_time = threading.Lock()  # the network takes all cores
        self.classify(_make_gray_png(classifier.predictor.model.channels))

    def describe(self) -> Described:
        """Returns what is served."""
        model = self._classifier.predictor.model
        return Described(
            model.network.name,
            Path(self._classifier.checkpoint).name,
            self._classifier.class_names,
        )

    def classify(self, photo: bytes) -> list[dict[str, str | float]]:
        """Returns the most probable classes, each with name and probability.

        Args:
          photo: what a JPEG, PNG, GIF, BMP or WebP file holds.

        Raises:
          Refused: it is no image that can be used.
        """
        try:
            with self._one_at_a_time:
                [row] = self._classifier.predict(photo)
        except errors.InputError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
        found = predictions.list_top(row, self._classifier.class_names, self._top)
        return [{"name": name, "probability": share} for name, share in found]

    def explain(self, photo: bytes, class_name: str | None) -> bytes:
        """Returns a PNG of what the network saw, with colours where it saw the class.

        Args:
          photo: as for `classify`.
          class_name: None takes the most probable class.

        Raises:
          Refused: the photo is none, or there is no such class.
        """
        try:
            with self._one_at_a_time:
                image, heat = self._classifier.explain(photo, class_name)
        except errors.InputError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
        return tf.io.encode_png(grad_cam.overlay(image, heat)).numpy()


def _make_gray_png(channels: int) -> bytes:
    return tf.io.encode_png(np.full([64, 64, channels], 128, np.uint8)).numpy()
