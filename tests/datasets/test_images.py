"""Image files are known by content and say why they do not decode."""

import os

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import images

GRAY = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)


def test_format_is_told_by_content(photo):
    assert images.detect_format(photo(0, "jpeg")) == "jpeg"
    assert images.detect_format(photo(0, "png")) == "png"
    assert images.detect_format(b"RIFF\x00\x00\x00\x00WEBPVP8 ") == "webp"
    assert images.detect_format(b"RIFF\x00\x00\x00\x00WAVEfmt ") is None
    assert images.detect_format(b"\xff\x0a\x00\x00") == "jxl"
    assert images.detect_format(b"a text") is None


def test_stored_channels_are_read_from_the_header(photo):
    assert images.count_stored_channels(photo(0, "jpeg")) == 3
    assert images.count_stored_channels(photo(0, "png")) == 3
    assert images.count_stored_channels(tf.io.encode_jpeg(GRAY).numpy()) == 1
    assert images.count_stored_channels(tf.io.encode_png(GRAY).numpy()) == 1


def test_gray_decodes_to_rgb():
    decoded = images.decode(tf.io.encode_png(GRAY).numpy())
    np.testing.assert_array_equal(decoded, np.repeat(GRAY, 3, axis=2))


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_cut_off_image_does_not_decode(photo, kind):
    with pytest.raises(ValueError, match=f"the {kind} image does not decode"):
        images.decode(photo(0, kind)[:-40])


def test_an_older_tensorflow_does_not_read_webp(monkeypatch):
    monkeypatch.delattr(tf.io, "decode_webp", raising=False)
    with pytest.raises(ValueError, match=r"TensorFlow 2\..* does not read WebP images"):
        images.decode(b"RIFF\x00\x00\x00\x00WEBPVP8 ")


@pytest.mark.parametrize(
    ("encoded", "reason"), [(b"", "the file is empty"), (b"a text", "not an image")]
)
def test_other_files_say_what_they_are(encoded, reason):
    with pytest.raises(ValueError, match=reason):
        images.decode(encoded)


def test_images_are_found_in_subfolders_by_suffix(tmp_path):
    for name in ("b/2.JPG", "a.png", "b/notes.txt", "b/.hidden.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.jpg").mkdir()
    found = images.find_images(tmp_path)
    assert [(str(f.path.relative_to(tmp_path)), bool(f.fault)) for f in found] == [
        ("a.png", False),
        ("b/2.JPG", False),
        ("pipe.png", True),
    ]


def test_a_folder_without_images_is_an_input_error(tmp_path):
    with pytest.raises(errors.InputError, match="no image in"):
        images.find_images(tmp_path)
    with pytest.raises(errors.InputError, match="no folder"):
        images.find_images(tmp_path / "absent")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ValueError, match="not a file but a folder, a pipe"):
        images.read_file(tmp_path / "a.png")


def test_an_image_that_is_too_large_is_not_decoded():
    """Some bytes say that 14,000 x 14,000 pixels follow."""
    size = (14_000).to_bytes(4, "big") * 2
    encoded = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + size + bytes([8, 2, 0, 0, 0])
    with pytest.raises(ValueError, match=r"^it has 14000 x 14000 pixels, more than"):
        images.decode(encoded)
    small = tf.io.encode_png(tf.zeros([3, 4, 3], tf.uint8)).numpy()
    assert images.decode(small, max_pixels=12).shape == (3, 4, 3)
    with pytest.raises(ValueError, match="it has 4 x 3 pixels, more than the 11 of"):
        images.decode(small, max_pixels=11)
