"""Small pictures of examples that were read again."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets.datasets import elements, thumbnails
from slimnets.datasets.registry import Dataset
from slimnets.datasets.tfrecord import make_example

COLOURS = ((250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0))
SIZES = ((40, 20), (400, 200), (30, 300), (9, 9))


def make_image(number: int) -> np.ndarray:
    return np.full((*SIZES[number], 3), COLOURS[number], np.uint8)


@pytest.fixture(params=["", "GZIP", "elements"])
def dataset(request, tmp_path: Path) -> Dataset:
    """Returns four images in two files, or as elements."""
    made = Dataset("made", "test", (), (2, 2), ("a",), 3)
    if request.param == "elements":
        pairs = tf.data.Dataset.from_generator(
            lambda: ((make_image(k), 0) for k in range(4)),
            output_signature=(
                tf.TensorSpec([None, None, 3], tf.uint8),
                tf.TensorSpec([], tf.int64),
            ),
        )
        return elements.make_dataset(pairs, ["a"], 4)
    files = [str(tmp_path / f"{k}.tfrecord") for k in range(2)]
    for k, file in enumerate(files):
        with tf.io.TFRecordWriter(file, request.param) as writer:
            for number in (2 * k, 2 * k + 1):
                image = make_image(number)
                png = tf.io.encode_png(image).numpy()
                writer.write(make_example(png, "png", 0, *SIZES[number]))
    return dataclasses.replace(made, files=tuple(files), compression=request.param)


def test_examples_come_by_number(dataset):
    made = thumbnails.make_thumbnails(
        dataset, [3, 1, 2], 100, upright=True, max_pixels=1 << 20
    )
    assert sorted(made) == [1, 2, 3]
    sizes = {1: (100, 50), 2: (10, 100), 3: (99, 99)}
    for number, jpeg in made.items():
        image = tf.io.decode_jpeg(jpeg).numpy()
        assert image.shape == (*sizes[number], 3)
        assert abs(image.mean(axis=(0, 1)) - COLOURS[number]).max() < 5


@pytest.mark.parametrize("dataset", ["", "GZIP"], indirect=True)
def test_what_cannot_be_read_is_left_out(dataset):
    made = thumbnails.make_thumbnails(
        dataset, [0, 1], 100, upright=True, max_pixels=1000
    )
    assert sorted(made) == [0]
