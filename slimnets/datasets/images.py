"""Image files: known by their first bytes, decoded by TensorFlow."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import folder_files
from slimnets.preprocessing import header
from slimnets.preprocessing.encoded import Encoded

_SIGNATURES = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"\xff\x0a", "jxl"),
    (b"\x00\x00\x00\x0cJXL ", "jxl"),
)
# Where they stand in the header of a PNG. The type is 0 for gray, 4 with alpha.
_PNG_BIT_DEPTH, _PNG_COLOUR_TYPE = 24, 25
_PNG_GRAY = (b"\x00", b"\x04")
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".jxl"})


def detect_format(encoded: bytes) -> str | None:
    """Returns "jpeg", "png", "gif", "bmp", "jxl", "webp" by content; None: no image."""
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "webp"
    for signature, name in _SIGNATURES:
        if encoded.startswith(signature):
            return name
    return None


def count_stored_channels(encoded: bytes) -> int:
    """Returns the colour channels in the file: 1 gray, 3 colour, 4 CMYK.

    Args:
      encoded: an image file; of others than JPEG and PNG 3 is taken for granted.
    """
    kind = detect_format(encoded)
    if kind == "png":
        return 1 if encoded[_PNG_COLOUR_TYPE : _PNG_COLOUR_TYPE + 1] in _PNG_GRAY else 3
    if kind == "jpeg":
        return int(tf.image.extract_jpeg_shape(encoded)[2])
    return 3


def is_png_of_16_bits(encoded: tf.Tensor) -> tf.Tensor:
    """Whether an image file, a string tensor, is a PNG with 16 bits a channel."""
    is_png = tf.strings.substr(encoded, 0, 4) == b"\x89PNG"
    return is_png & (tf.strings.substr(encoded, _PNG_BIT_DEPTH, 1) == b"\x10")


def decode(
    encoded: bytes, upright: bool = True, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Decodes a whole image, the first frame of an animated one.

    Args:
      encoded: the bytes of an image file.
      upright: turn a photo as its camera noted; False takes pixels as stored.
      max_pixels: to decode; nothing is allocated for a larger image.

    Returns:
      uint8 [height, width, 3], RGB.

    Raises:
      ValueError: why it cannot be decoded, in a few words.
    """
    if not encoded:
        raise ValueError("the file is empty")
    kind = detect_format(encoded)
    if kind is None:
        raise ValueError("not an image")
    try:
        return Encoded(encoded, 3, upright, max_pixels).whole().numpy()
    except (tf.errors.OpError, ValueError) as error:
        _require_few_pixels(encoded, max_pixels)
        if kind == "webp" and not hasattr(tf.io, "decode_webp"):
            raise ValueError(
                f"TensorFlow {tf.__version__} does not read WebP images; newer ones do"
            ) from error
        raise ValueError(
            f"the {kind} image does not decode: it is damaged, cut off or of a kind"
            " that TensorFlow does not read"
        ) from error


def read_file(path: str | Path) -> bytes:
    """Reads an image file.

    Raises:
      OSError: it cannot be read.
      ValueError: it is a pipe or the like, which would be waited for.
    """
    if Path(path).exists() and not Path(path).is_file():
        raise ValueError("not a file but a folder, a pipe, a socket or a device")
    return Path(path).read_bytes()


def _require_few_pixels(encoded: bytes, most: int) -> None:
    """Raises a ValueError for an image that its header says is too large."""
    try:
        height, width = map(int, header.read_size(encoded).numpy())
    except tf.errors.OpError:
        return
    if height * width > most:
        raise ValueError(
            f"it has {width} x {height} pixels, more than the {most} of --max_pixels"
        )


def find_images(folder: Path) -> list[folder_files.File]:
    """Returns the image files under a folder, by suffix, sorted by path.

    Args:
      folder: searched with all its subfolders, as folder_files.list_files does. Links
        to nothing and pipes of such names are found, too, each with its fault.

    Raises:
      InputError: there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise errors.InputError(f"no folder {folder}; give one that holds images")
    found = [
        file
        for file in folder_files.list_files(folder)
        if file.path.suffix.lower() in _SUFFIXES
    ]
    if not found:
        known = ", ".join(sorted(_SUFFIXES))
        raise errors.InputError(f"no image in {folder}; looked for {known}")
    return sorted(found)
