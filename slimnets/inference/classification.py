"""Classifying photos from words: find them, run the network, write a line for each."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config import dataclass_flags
from slimnets.config.inference import ClassifyConfig
from slimnets.datasets import folder_files
from slimnets.inference import grad_cam, photo_paths, predictions
from slimnets.inference.classifier import Classified, Classifier, load_classifier
from slimnets.monitoring.progress import image_bar


def classify(
    config: ClassifyConfig,
    words: Sequence[str],
    standard_input: BinaryIO,
    output: TextIO,
) -> Iterator[Classified]:
    """Classifies photos, and writes a line for each as soon as it is known.

    Args:
      config: all settings.
      words: that name the photos; see `photo_paths.list_photos`.
      standard_input: which one of the words may stand for.
      output: gets the lines of `config.format`. What else is to be said goes to
        standard error, so that a program can read them.

    Yields:
      What came of each photo, after it was written.

    Raises:
      InputError: a setting or an input is at fault.
    """
    dataclass_flags.check(config)
    paths = photo_paths.list_photos(words, standard_input)
    classifier = load_classifier(
        config.trained,
        config.inference,
        max_pixels=config.max_pixels,
        test_time_augmentation=config.views.test_time_augmentation,
        log=lambda line: print(line, file=sys.stderr),
    )
    yield from classify_with(classifier, config, paths, output)


def classify_with(
    classifier: Classifier, config: ClassifyConfig, paths: Sequence[str], output: TextIO
) -> Iterator[Classified]:
    """Classifies photos with a network that is loaded; see `classify`."""
    names = classifier.class_names
    count = min(config.top, len(names))
    write = predictions.make_writer(config.format, output, count)
    with image_bar(len(paths), leave=False) as bar:
        for one in classifier.classify(paths):
            found = (
                predictions.list_top(one.probabilities, names, count)
                if one.probabilities is not None
                else ()
            )
            write(predictions.Row(one.path, found, one.fault))
            output.flush()
            if config.explain and one.probabilities is not None:
                _explain(classifier, one.path)
            bar.update()
            yield one


def _explain(classifier: Classifier, path: str) -> None:
    """Writes where a photo speaks for its most probable class, beside it."""
    image, heat = classifier.explain(path)
    picture = tf.io.encode_png(grad_cam.overlay(image, heat)).numpy()
    explained = Path(path + folder_files.EXPLAINED)
    try:
        atomic_files.write_bytes(explained, picture)
    except OSError as error:
        raise errors.InputError(
            f"--explain cannot write {explained}: {error.strerror}"
        ) from error
