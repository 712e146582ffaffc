"""PyTorch's pickles, read by an unpickler that knows tensors and nothing else.

A pickle is a program: it may call any function that Python can import. This unpickler
knows the names that a state dict needs, and those of objects that training scripts keep
beside it, which it makes nothing of. It refuses all others unseen.
"""

import collections
import math
import mmap
import pickle
from collections.abc import Callable, Iterable
from typing import IO, Any, ClassVar, NamedTuple

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


_PARAMETERS = ("_rebuild_parameter", "_rebuild_parameter_with_state")

# Found beside weights: arguments, numbers of NumPy's, dates, paths.
_IGNORED = frozenset(
    {
        *(
            f"{module}.{name}"
            for module in ("builtins", "__builtin__")
            for name in ("dict", "float", "int", "list", "object", "set")
        ),
        "_codecs.encode",
        "argparse.Namespace",
        "collections.Counter",
        "copy_reg._reconstructor",
        "copyreg._reconstructor",
        "datetime.date",
        "datetime.datetime",
        "datetime.timedelta",
        "numpy.core.multiarray._reconstruct",
        "numpy._core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar",
        "numpy.dtype",
        "numpy.ndarray",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "torch.Size",
        "torch.device",
        "types.SimpleNamespace",
    }
)


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

    def count_bytes(self) -> int:
        """Returns how much memory it takes."""
        width = 4 if self.storage.dtype == _BFLOAT16 else 8
        return max(0, math.prod(self.shape)) * width

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


# Python's own unpickler in C asks for as much memory as an opcode says, and hashes any
# key; the one in Python can be told not to.
_Base: Any = pickle._Unpickler
_KEYS = (str, int, float, bool, bytes, type(None))


class Unpickler(_Base):
    """Unpickles dicts, lists, strings, numbers and tensors, the last as `View`s.

    What training scripts keep beside them becomes an `Ignored`.
    """

    dispatch: ClassVar[dict] = dict(_Base.dispatch)

    def __init__(self, file: IO[bytes] | mmap.mmap, name: str):
        super().__init__(file, encoding="latin1")
        self._name = name

    def find_class(self, module: str, name: str) -> Any:
        """Returns what a pickle names; InputError unless a state dict needs it."""
        if (module, name) in (
            ("collections", "OrderedDict"),
            ("collections", "defaultdict"),
        ):
            return _make_dict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _make_view
        if module == "torch._utils" and name in _PARAMETERS:
            return _unwrap_parameter
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if f"{module}.{name}" in _IGNORED:
            return Ignored
        wanted = errors.printable(f"{module}.{name}")
        raise errors.InputError(
            f"{self._name} is refused: it wants to run {wanted}, and a state dict holds"
            " tensors alone; save model.state_dict() in a file of its own"
        )

    def load_setitem(self) -> None:
        """Checks a key before it is hashed: a tuple's tuples may not come to an end."""
        _require_key(self.stack[-2])
        _Base.load_setitem(self)

    def load_setitems(self) -> None:
        """Checks the keys."""
        for key in self.stack[::2]:
            _require_key(key)
        _Base.load_setitems(self)

    def load_dict(self) -> None:
        """Checks the keys."""
        for key in self.stack[::2]:
            _require_key(key)
        _Base.load_dict(self)

    def load_additems(self) -> None:
        """Checks what is put into a set."""
        for key in self.stack:
            _require_key(key)
        _Base.load_additems(self)

    def load_frozenset(self) -> None:
        """Checks what is put into a set."""
        for key in self.stack:
            _require_key(key)
        _Base.load_frozenset(self)

    def load_bytearray8(self) -> None:
        """Refuses an array that is made as large as the file says."""
        raise pickle.UnpicklingError("a state dict has no bytearray")

    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.ADDITEMS[0]] = load_additems
    dispatch[pickle.FROZENSET[0]] = load_frozenset
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def persistent_load(self, pid: Any) -> Storage:
        """Returns the storage that a tensor names."""
        kind, dtype, key, _, size, *_ = pid
        if kind != "storage" or dtype not in _DTYPES.values():
            raise pickle.UnpicklingError(f"{kind!r} is no storage of tensors")
        return Storage(str(key), dtype, int(size))


def _require_key(key: object) -> None:
    if not isinstance(key, _KEYS):
        raise pickle.UnpicklingError(f"a key in it is a {type(key).__name__}")


class Ignored:
    """Takes the place of an object that says nothing of the weights."""

    def __new__(cls, *_: Any, **__: Any) -> "Ignored":
        """Takes any arguments."""
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any):
        """Takes any arguments."""

    def __setstate__(self, _: Any) -> None:
        """Takes any state."""

    def __setitem__(self, *_: Any) -> None:
        """Takes any item."""

    def append(self, _: Any) -> None:
        """Takes any item."""


def _make_dict(*arguments: Any) -> collections.OrderedDict:
    """Takes the place of OrderedDict; old pickles give it a list of pairs."""
    pairs = next((a for a in arguments if isinstance(a, list)), [])
    for key, _ in pairs:
        _require_key(key)
    return collections.OrderedDict(pairs)


def _unwrap_parameter(tensor: Any, *_: Any) -> Any:
    """Takes the place of torch._utils._rebuild_parameter."""
    return tensor


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
    content: Any,
    read: Callable[[Storage], bytes],
    moving_averages: bool,
    allowed: float = math.inf,
) -> StateDict:
    """Returns the tensors of an unpickled state dict by name.

    Args:
      content: the state dict, or a dict that holds it beside other things.
      read: returns a storage's bytes.
      moving_averages: take those of the weights where there are some.
      allowed: how many bytes they may take.

    Raises:
      ValueError: there is no state dict, or one that is larger than its file.
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
    if sum(view.count_bytes() for view in views.values()) > allowed:
        raise ValueError("its tensors would take more memory than its size tells")
    tensors = {str(name): v.read(read(v.storage)) for name, v in views.items()}
    return StateDict(tensors, averages)


def _find_key(content: Any, keys: Iterable[str]) -> str:
    """Returns the first of the keys under which a dict holds a dict; '' for none."""
    if not isinstance(content, dict):
        return ""
    return next((key for key in keys if isinstance(content.get(key), dict)), "")
