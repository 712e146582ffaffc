"""An HDF5 file's arrays and names, read in a process of their own.

Two wrong bytes can make the HDF5 library loop for ever, and a few more can make it ask
for all memory there is. So a child process reads the file, within limits of time and
memory that follow from the file's size, and hands over numbers and names alone.

The child runs `main`; it imports neither TensorFlow nor anything else of slimnets.
"""

import io
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

MEMBER = "model.weights.h5"  # of a .keras archive
_LEFT_OUT = ("optimizer", "optimizer_weights")  # at the top
_NAMES = ("name", "layer_names", "weight_names")  # attributes; long ones are numbered
_MOST_OBJECTS = 100_000
_MOST_NESTED = 32
_FREE = 2**26  # bytes that any file may unfold to; more follows from its size
_RATIO = 16
_SECONDS = 30  # of processor time, and a second more for as many bytes:
_BYTES_A_SECOND = 2**24
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from slimnets.weights.keras import hdf5; hdf5.main(sys.argv[2])"
)


class Content(NamedTuple):
    """What a file holds.

    Attributes:
      arrays: by path, in the order of the file.
      names: lists of names that Keras keeps as attributes, by path and attribute.
    """

    arrays: dict[str, np.ndarray]
    names: dict[str, dict[str, list[str]]]


def read(path: Path) -> Content:
    """Reads an HDF5 file, or the one inside a .keras archive.

    Raises:
      ValueError: it cannot be read; the message says why.
      OSError: the same.
    """
    with path.open("rb"):  # an error of its own
        pass
    process = subprocess.run(
        [sys.executable, "-c", _START, json.dumps(sys.path), str(path)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if process.returncode == -signal.SIGXCPU:
        raise ValueError("reading it does not come to an end")
    if process.returncode:
        raise ValueError("the HDF5 library breaks down over it")
    return _parse(process.stdout)


def _parse(content: bytes) -> Content:
    """Returns what the child wrote: a JSON text of its length, then the numbers."""
    (length,) = struct.unpack_from("<Q", content)
    position = 8 + length
    header = json.loads(content[8:position])
    if "error" in header:
        raise ValueError(header["error"])
    arrays = {}
    for path, dtype, shape in header["arrays"]:
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(content, dtype, count, position)
        arrays[path] = array.reshape(shape)
        position += array.nbytes
    return Content(arrays, header["names"])


def main(path: str) -> None:
    """Writes a file's content to stdout; what the child process does."""
    header: dict[str, Any]
    arrays: list[np.ndarray] = []
    try:
        header, arrays = _read_limited(Path(path))
    # A damaged file makes the library fail in any way.
    except Exception as error:
        message = str(error).strip() or type(error).__name__
        header = {"error": message.splitlines()[0]}
        if isinstance(error, MemoryError):
            header = {"error": "its content would take more memory than its size tells"}
    text = json.dumps(header).encode()
    output = sys.stdout.buffer
    output.write(struct.pack("<Q", len(text)) + text)
    for array in arrays:
        output.write(array.data if array.size else b"")
    output.flush()


def _read_limited(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    import h5py  # which the parent does not need

    size = path.stat().st_size
    allowed = _FREE + _RATIO * size
    _limit(allowed, seconds=_SECONDS + allowed // _BYTES_A_SECOND)
    walk = _Walk(allowed)
    with h5py.File(_open_content(path, allowed), "r") as file:
        walk.visit(file)
    arrays = list(walk.arrays.values())
    described = [[p, a.dtype.str, a.shape] for p, a in walk.arrays.items()]
    return {"arrays": described, "names": walk.names}, arrays


def _limit(memory: int, seconds: int) -> None:
    """Limits what this process may take from here on."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    statm = Path("/proc/self/statm")
    if statm.exists():  # elsewhere the sizes of arrays are all that is checked
        taken = int(statm.read_text().split()[0]) * resource.getpagesize()
        most = taken + 3 * memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _open_content(path: Path, allowed: int) -> IO[bytes] | Path:
    """Returns the weights of a .keras file, or another file as it is."""
    if not zipfile.is_zipfile(path):
        return path
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(MEMBER).file_size > allowed:
            raise MemoryError
        return io.BytesIO(archive.read(MEMBER))


class _Walk:
    """A walk through a file that keeps arrays and names within bounds."""

    def __init__(self, allowed: int):
        self.arrays: dict[str, np.ndarray] = {}
        self.names: dict[str, dict[str, list[str]]] = {}
        self._allowed = allowed
        self._objects = 0

    def visit(self, group: Any, path: str = "", depth: int = 0) -> None:
        """Visits a group and all below it."""
        names = _read_names(group)
        if names:
            self.names[path] = names
        for name in group:
            if not path and name in _LEFT_OUT:
                continue
            self._objects += 1
            if self._objects > _MOST_OBJECTS or depth > _MOST_NESTED:
                raise ValueError("it is nested without end")
            self._visit_item(group, name, f"{path}/{name}".lstrip("/"), depth)

    def _visit_item(self, group: Any, name: str, path: str, depth: int) -> None:
        import h5py

        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(
                f"its {path} is a link to elsewhere, which is not followed"
            )
        item = group[name]
        if isinstance(item, h5py.Group):
            self.visit(item, path, depth + 1)
        elif isinstance(item, h5py.Dataset) and item.dtype.kind in "fiub":
            self._keep(item, path)

    def _keep(self, item: Any, path: str) -> None:
        if item.external or item.is_virtual:
            raise ValueError(f"the numbers of {path} lie in another file")
        self._allowed -= int(np.prod(item.shape, dtype=object)) * item.dtype.itemsize
        if self._allowed < 0:
            raise MemoryError
        self.arrays[path] = np.ascontiguousarray(item[()])


def _read_names(group: Any) -> dict[str, list[str]]:
    """Returns the attributes that hold names, each as a list."""
    return {
        key: [_decode(item) for item in np.atleast_1d(group.attrs[key])]
        for key in group.attrs
        if key.rstrip("0123456789") in _NAMES
    }


def _decode(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
