"""A trained network that classifies photos: what it is, how it sees, what it says."""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config.inference import InferenceConfig, TrainedNetworkConfig
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import failures, pipeline
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.left_out import LeftOut
from slimnets.inference import grad_cam, predictions
from slimnets.inference.class_names import find_class_names
from slimnets.inference.defaults import (
    complete_config,
    find_activation,
    find_num_classes,
    find_weights,
)
from slimnets.inference.given_images import (
    Image,
    Preparation,
    describe_other,
    list_images,
    require_path,
)
from slimnets.inference.predictor import Predictor, load_predictor
from slimnets.preprocessing import display

_BATCH_SIZE = 32


class Classified(NamedTuple):
    """What came of one file.

    Attributes:
      path: the file, as it was named.
      probabilities: float32 [classes]; None where the file cannot be used.
      fault: why it cannot; '' where it can.
    """

    path: str
    probabilities: np.ndarray | None
    fault: str = ""


class Classifier:
    """A trained network with all that its training and its evaluation settled.

    Images are prepared as for evaluation, weights are their moving averages where there
    are any, batch norm is folded.

    Attributes:
      class_names: of the probabilities.
      checkpoint: the path of the weights.
      predictor: the network, and what prepares its images.
    """

    def __init__(
        self,
        predictor: Predictor,
        class_names: Sequence[str],
        checkpoint: str,
        activation: Callable[[tf.Tensor], tf.Tensor] = tf.nn.softmax,
        *,
        upright: bool = True,
        batch_size: int = _BATCH_SIZE,
        max_pixels: int = MAX_PIXELS,
    ):
        """Takes a network that has its weights; `load` is the short way.

        Args:
          predictor: the network, restored.
          class_names: of its logits.
          checkpoint: the path of its weights.
          activation: what makes probabilities of logits.
          upright: turn photos as their cameras noted.
          batch_size: images to run at a time.
          max_pixels: a photo that has more is not decoded.
        """
        self.predictor, self.checkpoint = predictor, checkpoint
        self.class_names = tuple(class_names)
        self._decoding = Decoding(predictor.model.channels, upright, max_pixels)
        self._preparation = Preparation(predictor.see, self._decoding)
        self._batch_size = predictor.count_images(batch_size)

        @tf.function(autograph=False)
        def compute_probabilities(images: tf.Tensor) -> dict[str, tf.Tensor]:
            logits = tf.cast(predictor.classify(images, activation), tf.float32)
            return {"probabilities": activation(logits)}

        self._compute = compute_probabilities

    def predict(self, images: Image | Sequence[Image] | np.ndarray) -> np.ndarray:
        """Returns the probabilities of the classes for one or several images.

        Args:
          images: paths of JPEG, PNG, GIF, BMP or WebP files; or what such files hold,
            as bytes; or decoded images, uint8 [height, width, channels], of any sizes:
            one, a list of them, or an array [images, height, width, channels]. Channels
            are the network's, 3 or 1.

        Returns:
          float32 [images, classes], in [0, 1]. A row sums up to 1, unless each class
          was trained for itself, as with several labels an image.

        Raises:
          InputError: a file is not there or no image, or an array is no image.
        """
        listed = list_images(images)
        if isinstance(listed[0], np.ndarray | bytes):
            return self._predict_in_memory(listed)
        rows = []
        for one in self.classify([require_path(image) for image in listed]):
            if one.probabilities is None:
                raise errors.InputError(one.fault)
            rows.append(one.probabilities)
        return np.stack(rows)

    def classify(self, paths: Sequence[str]) -> Iterator[Classified]:
        """Yields what comes of each file, in their order, the broken ones among them.

        Args:
          paths: of image files, at least one.
        """
        size = min(self._batch_size, len(paths))
        batches = pipeline.image_batches(
            paths,
            self.predictor.see,
            size,
            decoding=self._decoding,
            skip_broken=True,
        )
        run = self.predictor.prepare(self._compute, size)
        left_out = LeftOut(range(len(paths)), lambda k: self._describe(paths[k]), None)
        told = 0
        for batch in batches:
            probabilities = run(batch["image"])["probabilities"]
            numbers = batch["number"].numpy().tolist()
            for row in np.flatnonzero(batch["mask"].numpy()):
                number = numbers[row]
                left_out.note([number])
                yield from _list_broken(paths, left_out, told)
                told = len(left_out.lines)
                yield Classified(paths[number], probabilities[row])
        left_out.finish()
        yield from _list_broken(paths, left_out, told)

    def explain(
        self, image: Image, class_name: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Finds where an image speaks for a class, by Grad-CAM (arXiv:1610.02391).

        Args:
          image: as one of `predict`.
          class_name: of the class; None takes the most probable one.

        Returns:
          What the network saw, uint8 [size, size, channels], and the heat of each of
          its pixels, float32 [size, size] in [0, 1]. `grad_cam.overlay` joins them.

        Raises:
          InputError: of the image, the class, or a network without maps of features.
        """
        prepared = self._preparation.prepare(image)[tf.newaxis]
        if class_name is None:
            chosen = int(self._compute(prepared)["probabilities"].numpy().argmax())
        elif self.class_names.count(class_name) > 1:
            raise errors.InputError(f"several classes are called {class_name!r}")
        elif class_name in self.class_names:
            chosen = self.class_names.index(class_name)
        else:
            raise errors.unknown("class", class_name, self.class_names)
        usual = prepared if self.predictor.views is None else prepared[:, 0]
        [heat] = self._explainer(usual, tf.constant([chosen]))
        return self._display(usual.numpy())[0], heat

    @functools.cached_property
    def _explainer(self) -> Callable[[tf.Tensor, tf.Tensor], np.ndarray]:
        return grad_cam.make_explainer(self.predictor.model)

    @functools.cached_property
    def _display(self) -> Callable[[np.ndarray], np.ndarray]:
        channels = self.predictor.model.channels
        return display.make_display(self.predictor.preprocess, channels)

    def name_top(
        self, probabilities: np.ndarray, k: int = 5
    ) -> list[tuple[str, float]]:
        """Returns the k most probable classes with their probabilities, in order.

        Args:
          probabilities: [classes], a row of what `predict` returns.
          k: how many; of fewer classes all.

        Returns:
          (name, probability) of each; ImageNet has two classes called crane.
        """
        return predictions.list_top(probabilities, self.class_names, k)

    def _describe(self, path: str) -> str:
        fault = failures.describe_broken_image(path, self._decoding.max_pixels)
        return fault or f"{path}: could not be read at first; try again"

    def _predict_in_memory(self, images: Sequence[Image]) -> np.ndarray:
        kind = type(images[0])
        for image in images:
            if not isinstance(image, kind):
                raise describe_other(image)
        prepared = [self._preparation.prepare(image) for image in images]
        groups = [
            tf.stack(prepared[first : first + self._batch_size])
            for first in range(0, len(prepared), self._batch_size)
        ]
        parts = []
        for group in groups:
            run = self.predictor.prepare(self._compute, len(group))
            parts.append(run(group)["probabilities"])
        return np.concatenate(parts)


def load(
    checkpoint_path: str | os.PathLike,
    *,
    model: str | None = None,
    num_classes: int | None = None,
    image_size: int | None = None,
    preprocessing_name: str | None = None,
    use_moving_averages: bool = True,
    runtime: str = "tensorflow",
    precision: str = "float32",
    test_time_augmentation: str = "none",
    log: Callable[[str], None] = print,
) -> Classifier:
    """Returns a trained network that is ready to classify photos.

        classifier = slimnets.load("runs/photos")
        probabilities = classifier.predict("photo.jpg")  # [1, classes]
        classifier.name_top(probabilities[0])  # the most probable, by name

    Args:
      checkpoint_path: folder of a training, or a checkpoint, or published weights by
        name, such as imagenet.
      model: the network; None reads it from settings.json beside the checkpoint.
      num_classes: of the logits; None reads it there, or from the checkpoint.
      image_size: height and width, in pixels; None takes training's.
      preprocessing_name: recipe that prepares images; None takes training's.
      use_moving_averages: restore averages of the weights where there are any.
      runtime: what runs it: tensorflow, openvino or litert.
      precision: float32; bfloat16, for processors that have it; or auto, the one
        measured to be faster for this network on such a processor.
      test_time_augmentation: none, or views of each image whose probabilities are
        averaged: flip, five_crops or ten_crops.
      log: gets the lines that tell what is loaded.

    Raises:
      InputError: there is no such checkpoint, or a setting is at fault.
    """
    given = TrainedNetworkConfig(
        checkpoint_path=os.fspath(checkpoint_path),
        model=model,
        num_classes=num_classes,
        image_size=image_size,
        preprocessing_name=preprocessing_name,
        use_moving_averages=use_moving_averages,
    )
    inference = InferenceConfig(runtime=runtime, precision=precision)
    return load_classifier(
        given, inference, test_time_augmentation=test_time_augmentation, log=log
    )


def load_classifier(
    given: TrainedNetworkConfig,
    inference: InferenceConfig,
    *,
    max_pixels: int = MAX_PIXELS,
    test_time_augmentation: str = "none",
    log: Callable[[str], None] = print,
) -> Classifier:
    """Returns the network of a configuration, restored; see `load`.

    Raises:
      InputError: there is no such checkpoint, or a setting is at fault.
    """
    given = find_weights(given, log)
    checkpoint = checkpoints.require(given.checkpoint_path, log)
    completed = complete_config(given, checkpoint)
    num_classes = find_num_classes(completed, checkpoint)
    if num_classes is None:
        raise errors.InputError(
            f"{checkpoint} has no logits of {completed.model}, only features, or is of"
            " another network: name it with --model"
        )
    predictor = load_predictor(
        completed, num_classes, inference, log, test_time_augmentation
    )
    log(str(predictor.restore(checkpoint)))
    return Classifier(
        predictor,
        find_class_names(given, checkpoint, num_classes, log),
        checkpoint,
        find_activation(checkpoint),
        upright=completed.upright is not False,
        batch_size=inference.batch_size,
        max_pixels=max_pixels,
    )


def _list_broken(
    paths: Sequence[str], left_out: LeftOut, told: int
) -> Iterator[Classified]:
    """Yields those files that were left out after the first `told` of them."""
    for number, line in zip(
        left_out.numbers[told:], left_out.lines[told:], strict=True
    ):
        yield Classified(paths[number], None, line)
