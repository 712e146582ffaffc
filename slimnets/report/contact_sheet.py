"""A contact sheet: many small pictures on one PNG, each above what is said of it."""

import io
import math
import textwrap
from collections.abc import Sequence

import numpy as np

from slimnets import errors

_EXTRA = "plot"
_LEAST_SIDE = 128  # pixels; smaller pictures are enlarged a whole number of times
_GAP = 8  # pixels between two pictures
_LINE = 15  # pixels
_FONT = 10.0  # pixels
_LETTER = 0.62  # a letter's mean width, as a part of the font's size
_DPI = 72.0  # at which a point of a font is a pixel


def require() -> None:
    """Raises an InputError if the library that draws is not installed."""
    errors.import_extra("matplotlib.figure", _EXTRA)


def draw(
    pictures: Sequence[np.ndarray], captions: Sequence[str], columns: int = 8
) -> bytes:
    """Draws pictures in rows, and below each its caption.

    Args:
      pictures: uint8 [height, width, 1 or 3], one or more, each of any size. Small ones
        are enlarged without smoothing, so that every pixel is seen as it is.
      captions: as many; long lines are broken.
      columns: pictures in a row, at least 1.

    Returns:
      A PNG file.

    Raises:
      InputError: the library that draws is not installed.
    """
    tiles = [_enlarge(_as_rgb(picture)) for picture in pictures]
    height = max(tile.shape[0] for tile in tiles)
    width = max(tile.shape[1] for tile in tiles)
    texts = [_break_lines(caption, width) for caption in captions]
    below = _LINE * max(len(text.splitlines()) for text in texts)
    columns = min(columns, len(tiles))
    cell = (height + below + _GAP, width + _GAP)
    size = (math.ceil(len(tiles) / columns) * cell[0] + _GAP, columns * cell[1] + _GAP)
    sheet = np.full((*size, 3), 255, np.uint8)
    places = []
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        top, left = _GAP + row * cell[0], _GAP + column * cell[1]
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
        places.append((left, top + tile.shape[0]))
    return _write_png(sheet, texts, places)


def _as_rgb(picture: np.ndarray) -> np.ndarray:
    return np.broadcast_to(picture, (*picture.shape[:2], 3))


def _enlarge(picture: np.ndarray) -> np.ndarray:
    times = max(1, _LEAST_SIDE // max(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def _break_lines(caption: str, width: int) -> str:
    letters = max(1, int(width / (_FONT * _LETTER)))
    lines = [textwrap.wrap(line, letters) or [""] for line in caption.splitlines()]
    return "\n".join(part for parts in lines for part in parts)


def _write_png(
    sheet: np.ndarray, texts: Sequence[str], places: Sequence[tuple[int, int]]
) -> bytes:
    """Returns a PNG of `sheet`, pixel for pixel, with texts below (left, top)."""
    height, width, _ = sheet.shape
    figure = errors.import_extra("matplotlib.figure", _EXTRA).Figure(
        figsize=(width / _DPI, height / _DPI), dpi=_DPI
    )
    figure.figimage(sheet, origin="upper")
    for text, (left, top) in zip(texts, places, strict=True):
        figure.text(
            left / width,
            1 - (top + 2) / height,
            text,
            fontsize=_FONT,
            verticalalignment="top",
            parse_math=False,
        )
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    return content.getvalue()
