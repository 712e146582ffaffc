"""--feature_maps: pictures of the end points of the first images, as they come."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.inference.extraction.batches import Batch
from slimnets.inference.extraction.images import Images
from slimnets.report import contact_sheet, feature_maps

_SIDE = 128  # pixels of the image beside its maps


def require_maps(shapes: dict[str, tuple[int, ...]], names: Sequence[str]) -> None:
    """Raises an InputError for an end point that is no map, or without the library.

    Args:
      shapes: of all end points, with the axis of images.
      names: of those to draw.
    """
    contact_sheet.require()
    for name in names:
        if len(shapes[name]) != 4:
            maps = ", ".join(each for each in shapes if len(shapes[each]) == 4)
            raise errors.InputError(
                f"--feature_maps draws maps, and {name} is none; maps are {maps}"
            )


class MapPictures:
    """Draws each end point of the first images into a folder.

    Attributes:
      paths: of what was drawn.
    """

    def __init__(self, folder: Path, most: int, images: Images):
        """Starts before the first image.

        Args:
          folder: that is there.
          most: images to draw.
          images: where they come from.
        """
        self.paths: list[str] = []
        self._folder, self._left, self._images = folder, most, images

    def add(self, batch: Batch) -> None:
        """Draws what is left to draw of a batch.

        Raises:
          InputError: a picture cannot be written, or a value is not finite.
        """
        for i in range(min(self._left, len(batch.numbers))):
            self._left -= 1
            number = int(batch.numbers[i])
            file = errors.printable(os.fsdecode(batch.filenames[i]))
            image = self._read_image(number)
            for name, values in batch.whole.items():
                if not np.isfinite(values[i]).all():
                    raise errors.InputError(f"{name} of {file} has NaN or infinities")
                path = self._folder / _name_file(number, file, name)
                title = f"{Path(file).name}\n{name}"
                self._write(path, feature_maps.draw_maps(values[i], title, image))

    def _read_image(self, number: int) -> np.ndarray | None:
        found = self._images.draw([number], _SIDE).get(number)
        return None if found is None else tf.io.decode_jpeg(found).numpy()

    def _write(self, path: Path, content: bytes) -> None:
        try:
            atomic_files.write_bytes(path, content)
        except OSError as error:
            raise errors.InputError(
                f"--feature_maps cannot write {path}: {error.strerror}"
            ) from error
        self.paths.append(str(path))


def _name_file(number: int, file: str, end_point: str) -> str:
    stem = Path(file).stem[:60]
    return f"{number}_{stem}_{end_point.replace('/', '_')}.png"
