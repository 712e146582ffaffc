"""The formats that networks are exported to, by name."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from slimnets.export import lite, saved_model
from slimnets.export.exportable import Exportable


class Format(NamedTuple):
    """A format and its own runtime.

    Attributes:
      write: `write(folder, network)` into an existing folder.
      run: `run(folder, encoded, images)` runs what was written by the format's own
        runtime, on JPEG or PNG files and on the same preprocessed; returns the logits
        [images, classes] by signature.
      require: `require(folder)` raises an InputError where that runtime is not
        installed or reads nothing from a folder of such a path, there or not yet.
      file: which every export of the format has.
    """

    write: Callable[[Path, Exportable], None]
    run: Callable[[Path, Sequence[bytes], np.ndarray], dict[str, np.ndarray]]
    require: Callable[[Path], object]
    file: str


FORMATS = {
    "saved_model": Format(
        saved_model.write, saved_model.run, saved_model.require, saved_model.FILE
    ),
    "lite": Format(
        lite.write, lite.run, lambda folder: lite.import_litert(), lite.FILE
    ),
}
