"""Maps of features and filters of a convolution as pictures, tile by tile."""

import numpy as np

from slimnets.report import contact_sheet

MOST = 64  # channels or filters of a sheet
_COLUMNS = 11
# Negative and positive values at their largest; zero is white.
_BLUE, _RED = np.array([18, 76, 160]), np.array([176, 24, 32])


def draw_maps(maps: np.ndarray, title: str, image: np.ndarray | None = None) -> bytes:
    """Draws an end point of one image, channel by channel.

    Each channel is scaled by its own largest absolute value, and zero is always the
    same: black where no value of the end point is negative, as behind a relu, up to
    white; else white, with red above zero and blue below. The caption has the channel's
    number and the range of its values.

    Args:
      maps: float [height, width, channels], finite. Of more than 64 channels those
        are drawn that vary most.
      title: what is below the first picture.
      image: uint8 [height, width, 3], the first picture.

    Returns:
      A PNG file.
    """
    channels = maps.shape[-1]
    varied = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:MOST]
    chosen = np.sort(varied)
    is_signed = bool((maps < 0).any())
    paint = _paint_signed if is_signed else _paint_positive
    shown = "all" if len(chosen) == channels else f"{len(chosen)} of"
    height, width = maps.shape[:2]
    facts = f"{title}\n{shown} {channels} channels, {height} x {width}"
    pictures = [paint(maps[..., k]) for k in chosen]
    captions = [f"{k}: {_format_range(maps[..., k])}" for k in chosen]
    if image is not None:
        pictures, captions = [image, *pictures], [facts, *captions]
    else:
        captions[0] = f"{facts}\n{captions[0]}"
    return contact_sheet.draw(pictures, captions, _COLUMNS)


def draw_filters(filters: np.ndarray) -> bytes:
    """Draws the filters of a convolution, in the colours of the images it takes.

    Each is scaled by its own largest absolute weight; a weight of zero is middle gray.
    The caption has its number and that weight.

    Args:
      filters: float [height, width, channels, filters]; or [time, height, width,
        channels, filters], of which the times are drawn side by side. Channels that are
        not three are drawn side by side in gray.

    Returns:
      A PNG file.
    """
    if filters.ndim == 5:
        filters = np.concatenate([*filters], axis=1)
    largest = np.abs(filters).max(axis=(0, 1, 2))
    scaled = filters / np.maximum(largest, np.finfo(np.float32).tiny)
    levels = np.rint((scaled + 1) / 2 * 255).astype(np.uint8)
    pictures: list[np.ndarray] = [
        _lay_out(levels[..., k]) for k in range(levels.shape[-1])
    ]
    captions = [f"{k}: ±{weight:.3g}" for k, weight in enumerate(largest)]
    return contact_sheet.draw(pictures, captions, _COLUMNS)


def _lay_out(picture: np.ndarray) -> np.ndarray:
    """Returns [height, width, 3], or [height, channels * width, 1]."""
    if picture.shape[-1] == 3:
        return picture
    return np.concatenate([*np.moveaxis(picture, -1, 0)], axis=1)[..., np.newaxis]


def _paint_positive(values: np.ndarray) -> np.ndarray:
    levels = values / max(float(values.max()), np.finfo(np.float32).tiny)
    return np.rint(levels * 255).astype(np.uint8)[..., np.newaxis]


def _paint_signed(values: np.ndarray) -> np.ndarray:
    scaled = values / max(float(np.abs(values).max()), np.finfo(np.float32).tiny)
    strength = np.abs(scaled)[..., np.newaxis]
    ink = np.where(scaled[..., np.newaxis] > 0, _RED, _BLUE)
    return np.rint(255 * (1 - strength) + ink * strength).astype(np.uint8)


def _format_range(values: np.ndarray) -> str:
    return f"{values.min():.2g} to {values.max():.2g}"
