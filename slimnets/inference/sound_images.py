"""The images of a folder that can be used."""

from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.datasets import failures
from slimnets.datasets import images as image_files


def find(
    folder: Path, max_pixels: int, most: int | None, seed: int | None = None
) -> tuple[list[str], list[str]]:
    """Returns the paths of sound images, and a line for each broken one on the way.

    Args:
      folder: searched with all its subfolders.
      max_pixels: that an image may have.
      most: images to return; None for all.
      seed: of their order; None for that of their names.

    Raises:
      InputError: there is none.
    """
    files = image_files.find_images(folder)
    if seed is not None:
        order = np.random.default_rng(seed).permutation(len(files))
        files = [files[place] for place in order]
    sound: list[str] = []
    left_out: list[str] = []
    for file in files:
        if len(sound) == most:
            break
        path = str(file.path)
        fault = f"{errors.printable(path)}: {file.fault}" if file.fault else ""
        fault = fault or failures.describe_broken_image(path, max_pixels) or ""
        (left_out if fault else sound).append(fault or path)
    if not sound:
        raise errors.InputError(f"no sound image in {folder}: {left_out[0]}")
    return sound, left_out
