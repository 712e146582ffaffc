"""The formats that networks are exported to, by name."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from slimnets.export import frozen_graph, lite, onnx, openvino, saved_model
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
    name: Format(module.write, module.run, module.require, module.FILE)
    for name, module in {
        "saved_model": saved_model,
        "lite": lite,
        "onnx": onnx,
        "frozen_graph": frozen_graph,
        "openvino": openvino,
    }.items()
}
