"""Photos come out as a photo viewer shows them: Pillow is asked what that is."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from slimnets.preprocessing import encoded, exif
from slimnets.preprocessing.encoded import Encoded

ROWS, COLUMNS = np.mgrid[0:24, 0:40]
PICTURE = Image.fromarray(
    np.stack([COLUMNS * 6, ROWS * 10, ROWS + COLUMNS], -1).astype(np.uint8)
)


def save(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(orientation: int, endian: str = "<") -> bytes:
    note = Image.Exif()
    note.endian = endian
    note[0x010F] = "a maker of cameras"
    note[0x0112] = orientation
    return save(PICTURE, "JPEG", exif=note, quality=98, subsampling=0)


def shown(contents: bytes) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(contents)))
    return np.asarray(image.convert("RGB"), np.int32)


def assert_same(found: tf.Tensor, expected: np.ndarray) -> None:
    """Their decoders round differently: by 2 in the mean, where a turn makes 20."""
    assert found.shape == expected.shape
    assert np.abs(np.asarray(found, np.int32) - expected).mean() < 3


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_viewers_turn_it(orientation, endian):
    contents = jpeg(orientation, endian)
    assert int(exif.orientation_of(contents)) == orientation
    image, expected = Encoded(contents, 3), shown(contents)
    assert_same(tf.convert_to_tensor(image), expected)
    np.testing.assert_array_equal(encoded.read_size(image), expected.shape[:2])
    begin, size = tf.constant([2, 5]), tf.constant([12, 9])
    assert_same(encoded.cut_part(image, begin, size), expected[2:14, 5:14])


def test_pixels_as_stored_are_there_for_the_asking():
    contents = jpeg(6)
    stored = tf.io.decode_jpeg(contents, 3)
    np.testing.assert_array_equal(
        tf.convert_to_tensor(Encoded(contents, 3, False)), stored
    )


def test_the_note_may_come_first_or_after_a_jfif_segment():
    contents = jpeg(8)
    assert contents[6:10] == b"JFIF" and contents[24:28] == b"Exif"
    assert int(exif.orientation_of(contents[:2] + contents[20:])) == 8


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\xff\xd8",
        save(PICTURE, "JPEG"),
        save(PICTURE, "PNG"),
        jpeg(9),
        jpeg(6)[:14],
        jpeg(6)[:30],
        jpeg(6).replace(b"II*\0\x08\0\0\0", b"II*\0\xff\xff\xff\x7f"),
    ],
)
def test_no_note_or_a_broken_one_means_upright(contents):
    assert int(exif.orientation_of(contents)) == exif.UPRIGHT


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_bitmaps_have_the_colours_of_their_palette(mode):
    contents = save(PICTURE.convert(mode), "BMP")
    np.testing.assert_array_equal(
        tf.cast(Encoded(contents, 3), tf.int32), shown(contents)
    )


reads_webp = pytest.mark.skipif(
    not hasattr(tf.io, "decode_webp"), reason="this TensorFlow does not read WebP"
)


@pytest.mark.parametrize("kind", ["GIF", "BMP", pytest.param("WEBP", marks=reads_webp)])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_formats_have_sizes_and_parts(kind, channels):
    image = Encoded(save(PICTURE, kind), channels)
    np.testing.assert_array_equal(encoded.read_size(image), [24, 40])
    part = encoded.cut_part(image, tf.constant([1, 2]), tf.constant([10, 11]))
    whole = tf.convert_to_tensor(image)
    assert whole.shape == (24, 40, channels)
    np.testing.assert_array_equal(part, whole[1:11, 2:13])


def test_a_gif_is_as_large_as_its_frames():
    """Its header may state a larger screen."""
    contents = bytearray(save(PICTURE, "GIF"))
    contents[6:10] = b"\x90\x00\x80\x00"  # 144 wide, 128 high
    image = Encoded(bytes(contents), 3)
    np.testing.assert_array_equal(
        encoded.read_size(image), tf.convert_to_tensor(image).shape[:2]
    )


def test_it_is_the_same_in_a_graph():
    photos = [jpeg(1), jpeg(6), save(PICTURE, "PNG"), save(PICTURE.convert("P"), "BMP")]
    decoded = tf.data.Dataset.from_tensor_slices(photos).map(
        lambda contents: Encoded(contents, 3).whole()
    )
    for found, contents in zip(decoded, photos, strict=True):
        assert_same(found, shown(contents))
