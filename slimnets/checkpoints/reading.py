"""Every checkpoint that TensorFlow reads, V1 format of 2016 included, as arrays."""

import functools
import os
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import trackable_object_graph_pb2

from slimnets import errors
from slimnets.checkpoints import file_kinds, index_table, size_limits

# What TensorFlow raises for a file that is absent, damaged or of another kind.
UNREADABLE = (
    tf.errors.OpError,
    RuntimeError,
    ValueError,
    IndexError,
    KeyError,
    OSError,
    DecodeError,
)
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_WILDCARDS = frozenset("*?[]\\")


class Reader:
    """An open checkpoint.

    One that tf.train.Checkpoint wrote calls its arrays by the objects that hold them,
    and keeps the variables' own names besides. These count, as for TensorFlow's Saver.

    Attributes:
      path: of the checkpoint.
      shapes: of what it holds, by name.
      has_objects: whether tf.train.Checkpoint wrote it.
    """

    def __init__(self, path: str):
        """Opens it.

        Raises:
          InputError: the checkpoint is unreadable.
        """
        self.path = path
        try:
            size_limits.check_table(path)
            index_table.check(path)
            self._alias = _Alias(path)
            self._reader = tf.train.load_checkpoint(self._alias.path)
            shapes = self._reader.get_variable_to_shape_map()
            size_limits.check_arrays(path, shapes, self._get_types())
            self.has_objects = _OBJECT_GRAPH in shapes
            self._keys = self._find_keys(shapes)
        except UNREADABLE as error:
            raise _describe_damage(path, error) from error
        self.shapes: dict[str, list[int]] = {
            name: list(shapes[key]) for name, key in self._keys.items()
        }

    def read(self, keys: Mapping[str, str] | None = None) -> dict[str, np.ndarray]:
        """Returns values.

        Args:
          keys: the name in the checkpoint of each name wanted; None for all there are.

        Raises:
          InputError: the checkpoint is damaged.
        """
        if keys is None:
            keys = {name: name for name in self.shapes}
        try:
            return {
                name: self._reader.get_tensor(self._keys[key])
                for name, key in keys.items()
            }
        except UNREADABLE as error:
            raise _describe_damage(self.path, error) from error

    def _get_types(self) -> dict[str, tf.DType]:
        return self._reader.get_variable_to_dtype_map()

    def _find_keys(self, shapes: Mapping[str, Any]) -> dict[str, str]:
        """Returns where the reader has each name."""
        if not self.has_objects:
            return {name: name for name in shapes}
        graph = trackable_object_graph_pb2.TrackableObjectGraph()
        graph.ParseFromString(self._reader.get_tensor(_OBJECT_GRAPH))
        own = {
            attribute.checkpoint_key: attribute.full_name
            for node in graph.nodes
            for attribute in node.attributes
        }
        keys = [key for key in shapes if key != _OBJECT_GRAPH]
        named = Counter(own.get(key) for key in keys)
        return {
            own[key] if own.get(key) and named[own[key]] == 1 else key: key
            for key in keys
        }


class _Alias:
    """A path to a checkpoint that TensorFlow takes for no pattern of several.

    It looks for files that match what it is given, in UTF-8. Where a path holds
    wildcards, or bytes that are no UTF-8, links in a folder of their own lead to its
    files as long as this object lives.
    """

    def __init__(self, path: str):
        self.path = path
        if not _WILDCARDS & set(path) and _is_utf_8(path):
            return
        real = Path(path).absolute()
        folder = tempfile.mkdtemp()
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = os.path.join(folder, "checkpoint-alias")
        for file in list_files(str(real)):
            os.symlink(file, self.path + file.name.removeprefix(real.name))


def _is_utf_8(path: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in path)


def list_files(path: str) -> list[Path]:
    """Returns the files that a checkpoint consists of; one in V1 format."""
    whole = Path(path)
    if not whole.parent.is_dir():
        return []
    return [
        file
        for file in sorted(whole.parent.iterdir())
        if file == whole
        or file.name == f"{whole.name}.index"
        or file.name.startswith(f"{whole.name}.data-")
    ]


def read(path: str) -> dict[str, np.ndarray]:
    """Returns all that a checkpoint holds, by name.

    Raises:
      InputError: the checkpoint is unreadable.
    """
    return Reader(path).read()


def read_shapes(path: str) -> dict[str, list[int]]:
    """Returns the shape of each variable in a checkpoint, by name."""
    return Reader(path).shapes


def find_damage(path: str) -> str:
    """Returns why a checkpoint cannot be read, '' where every value can.

    All values are read; once, as long as the files stay as they are.
    """
    try:
        states = [(str(file), file.stat()) for file in list_files(path)]
    except OSError:  # removed meanwhile
        return f"the checkpoint {path} is not there any more"
    return _find_damage_once(path, *[(f, s.st_size, s.st_mtime_ns) for f, s in states])


@functools.lru_cache
def _find_damage_once(path: str, *files: tuple[str, int, int]) -> str:
    try:
        reader = Reader(path)
        for name in reader.shapes:  # one at a time, for there is memory for one
            reader.read({name: name})
    except errors.InputError as error:
        return str(error)
    return ""


def _describe_damage(path: str, error: Exception) -> errors.InputError:
    """Returns the error for a checkpoint that TensorFlow cannot read."""
    kind = file_kinds.recognize(path)
    if kind is not None and kind is not file_kinds.TABLE:
        return describe_kind(path, kind)
    lacking = _find_lacking(path)
    if lacking:
        return errors.InputError(
            f"the checkpoint {path} cannot be read: {lacking} is not there; a"
            " checkpoint's files go together: copy it too, or use an earlier one"
        )
    return errors.InputError(
        f"the checkpoint {path} cannot be read: {errors.summarize(error)}; it may be"
        " cut off or damaged: copy it again, or use an earlier one"
    )


def _find_lacking(path: str) -> str:
    """Returns which of a checkpoint's two files is missing; '' for neither."""
    names = {file.name for file in list_files(path)}
    name = Path(path).name
    has_data = any(each.startswith(f"{name}.data-") for each in names)
    if f"{name}.index" in names and not has_data:
        return f"{name}.data-00000-of-00001"
    return f"{name}.index" if has_data and f"{name}.index" not in names else ""


def describe_objects(path: str) -> errors.InputError:
    """Returns the error for one of tf.train.Checkpoint that has other names."""
    return errors.InputError(
        f"{path} is a checkpoint that Keras or tf.train.Checkpoint wrote, without the"
        " names of the network's variables: save Keras' model with"
        " save_weights('it.weights.h5'), and give that to `slimnets convert-weights"
        " --from=keras`"
    )


def describe_kind(path: str, kind: file_kinds.FileKind) -> errors.InputError:
    """Returns the error for a file that was given as a checkpoint and is none."""
    return errors.InputError(
        f"{path} is {kind.what}, no checkpoint: {kind.advise(path)}"
    )
