"""Sizes as Pillow states them, of every format, whole or cut off."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from slimnets.preprocessing import header

NOISE = np.random.default_rng(0).integers(0, 255, (21, 37, 4)).astype(np.uint8)
read_size = tf.function(header.read_size, autograph=False)


def encode(kind: str, mode: str = "RGB", **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("PNG", {}),
        ("GIF", {"mode": "P"}),
        ("BMP", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"lossless": True, "mode": "RGBA"}),
        ("WEBP", {"exif": b"Exif\0\0II*\0"}),
    ],
)
def test_the_size_is_read_off_the_header(kind, options):
    encoded = encode(kind, **options)
    assert read_size(tf.constant(encoded)).numpy().tolist() == [21, 37]
    if kind != "JPEG":  # TensorFlow reads it, and raises an error
        assert read_size(tf.constant(encoded[:6])).numpy().tolist() == [0, 0]


@pytest.mark.parametrize("contents", [b"", b"text", encode("TIFF")])
def test_of_other_files_it_is_not_known(contents):
    assert read_size(tf.constant(contents)).numpy().tolist() == [0, 0]
