"""PyTorch's pickles, read by an unpickler that knows tensors and nothing else.

A pickle is a program: it may call any function that Python can import. This unpickler
knows the four names that a state dict needs and refuses all others unseen.
"""

import collections
import math
import pickle
from collections.abc import Callable, Iterable
from typing import IO, Any, NamedTuple

import numpy as np

from slimnets import errors

# Storage classes; bfloat16, which NumPy lacks, is the upper half of a float32.
_BFLOAT16 = "bfloat16"
_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": _BFLOAT16,
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


class Storage(NamedTuple):
    """A run of numbers that tensors are views of.

    Attributes:
      key: its name in the file.
      dtype: of its numbers.
      size: how many.
    """

    key: str
    dtype: str
    size: int


class View(NamedTuple):
    """A tensor as pickled: where its numbers lie in a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in numbers

    def read(self, content: bytes) -> np.ndarray:
        """Returns the tensor.

        Args:
          content: the storage's bytes.

        Raises:
          ValueError: the tensor does not lie inside the storage.
        """
        numbers = _decode(content, self.storage.dtype)
        steps = zip(self.shape, self.strides, strict=True)
        last = self.offset + sum((size - 1) * stride for size, stride in steps)
        least = min([self.offset, *self.shape, *self.strides])
        if math.prod(self.shape) and not (least >= 0 and last < len(numbers)):
            raise ValueError("a tensor exceeds its storage")
        strides = [stride * numbers.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(
            numbers[self.offset :], self.shape, strides, writeable=False
        )
        return view.copy()


def _decode(content: bytes, dtype: str) -> np.ndarray:
    if dtype != _BFLOAT16:
        return np.frombuffer(content, dtype)
    halves = np.frombuffer(content, "<u2").astype(np.uint32)
    return (halves << 16).view(np.float32)


class Unpickler(pickle.Unpickler):
    """Unpickles dicts, lists, strings, numbers and tensors, the last as `View`s."""

    def __init__(self, file: IO[bytes], name: str):
        super().__init__(file, encoding="latin1")
        self._name = name

    def find_class(self, module: str, name: str) -> Any:
        """Returns what a pickle names; InputError unless a state dict needs it."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _make_view
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise errors.InputError(
            f"{self._name} is refused: it wants to run {module}.{name}, and a state"
            " dict holds tensors alone; save model.state_dict() in a file of its own"
        )

    def persistent_load(self, pid: Any) -> Storage:
        """Returns the storage that a tensor names."""
        kind, dtype, key, _, size, *_ = pid
        if kind != "storage" or dtype not in _DTYPES.values():
            raise pickle.UnpicklingError(f"{kind!r} is no storage of tensors")
        return Storage(str(key), dtype, int(size))


def _make_view(
    storage: Storage, offset: int, shape: tuple, strides: tuple, *_: Any
) -> View:
    """Takes the place of torch._utils._rebuild_tensor_v2."""
    return View(storage, int(offset), tuple(shape), tuple(strides))


# Where training scripts keep the weights beside other things, and their averages.
_WEIGHTS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
_AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "ema")


class StateDict(NamedTuple):
    """The tensors of a file by name.

    Attributes:
      tensors: the weights, or their moving averages where these were asked for.
      averages: the key under which moving averages are there too, and were not taken;
        '' where there are none.
    """

    tensors: dict[str, np.ndarray]
    averages: str = ""


def extract_tensors(
    content: Any, read: Callable[[Storage], bytes], moving_averages: bool
) -> StateDict:
    """Returns the tensors of an unpickled state dict by name.

    Args:
      content: the state dict, or a dict that holds it beside other things.
      read: returns a storage's bytes.
      moving_averages: take those of the weights where there are some.

    Raises:
      ValueError: there is no state dict.
    """
    averages = _find_key(content, _AVERAGES)
    if averages and moving_averages:
        content, averages = content[averages], ""
    while key := _find_key(content, _WEIGHTS):
        content = content[key]
    views = {}
    if isinstance(content, dict):
        views = {k: v for k, v in content.items() if isinstance(v, View)}
    if not views:
        raise ValueError("it holds no state dict")
    tensors = {str(name): v.read(read(v.storage)) for name, v in views.items()}
    return StateDict(tensors, averages)


def _find_key(content: Any, keys: Iterable[str]) -> str:
    """Returns the first of the keys under which a dict holds a dict; '' for none."""
    if not isinstance(content, dict):
        return ""
    return next((key for key in keys if isinstance(content.get(key), dict)), "")
