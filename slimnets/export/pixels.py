"""Decoded images, as they are given to runtimes that have no decoder."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from slimnets.preprocessing.encoded import Encoded


def decode(encoded: Sequence[bytes], channels: int) -> list[np.ndarray]:
    """Returns JPEG or PNG files as uint8 [height, width, channels]."""
    return [Encoded(one, channels).whole().numpy() for one in encoded]


def run_by_size(
    run: Callable[[np.ndarray], np.ndarray], images: Sequence[np.ndarray]
) -> np.ndarray:
    """Runs images of several sizes: those of one size as one batch.

    Args:
      run: from uint8 [batch, height, width, channels] to logits [batch, classes].
      images: uint8 [height, width, channels].

    Returns:
      Logits [images, classes].
    """
    places = defaultdict(list)
    for place, image in enumerate(images):
        places[image.shape].append(place)
    found: list[np.ndarray] = [np.empty(0)] * len(images)
    for group in places.values():
        batch = np.stack([images[place] for place in group])
        for place, logits in zip(group, run(batch), strict=True):
            found[place] = logits
    return np.stack(found)
