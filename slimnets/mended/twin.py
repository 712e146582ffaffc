"""Twins of tf_slim's modules, in which functions find the TensorFlow names that moved.

Most of what is broken in tf_slim is so for one reason: it takes a dozen names, such as
`ops.Tensor` and `control_flow_ops.cond`, from private modules of TensorFlow that have
lost them. Its code is right. So a broken function is not written anew: the same code
runs with globals of ours, where those names are found again. tf_slim's own module and
TensorFlow's stay as they are.
"""

from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

import tensorflow as tf

# Private module of TensorFlow -> the names it lost, from the public API.
MOVED = {
    "tensorflow.python.framework.ops": {
        "IndexedSlices": tf.IndexedSlices,
        "Tensor": tf.Tensor,
    },
    "tensorflow.python.ops.array_ops": {"stack": tf.stack, "unstack": tf.unstack},
    "tensorflow.python.ops.control_flow_ops": {
        "Assert": tf.compat.v1.Assert,
        "case": tf.compat.v1.case,
        "cond": tf.compat.v1.cond,
        "while_loop": tf.compat.v1.while_loop,
    },
    "tensorflow.python.ops.variable_scope": {"variable": tf.compat.v1.Variable},
}


def make_twin(
    module: ModuleType, broken: Iterable[str] = (), **replacements: Any
) -> ModuleType:
    """Returns a module with `module`'s names, some of them mended.

    Args:
      module: one of tf_slim's.
      broken: its functions, private ones too, that use a name TensorFlow moved or call
        one that does. The twin's run the same code on the twin's globals.
      **replacements: other names of the twin, for its users and its mended functions.

    Returns:
      A module not entered in `sys.modules`. Every other name is `module`'s own object.
    """
    result = ModuleType(module.__name__, module.__doc__)
    names = vars(result)
    names.update(vars(module))
    names.update({name: _restore_moved_names(value) for name, value in names.items()})
    names.update({name: rebind(names[name], names) for name in broken})
    names.update(replacements)
    return result


def rebind(function: FunctionType, names: dict[str, Any]) -> FunctionType:
    """Returns `function` with `names` for its globals; its signature is the same."""
    result = FunctionType(
        function.__code__,
        names,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    result.__kwdefaults__ = function.__kwdefaults__
    result.__qualname__ = function.__qualname__
    result.__doc__ = function.__doc__
    return result


def _restore_moved_names(value: Any) -> Any:
    """Returns value; a copy with the lost names if it is a module that lost some."""
    lost = MOVED.get(value.__name__) if isinstance(value, ModuleType) else None
    if lost is None:
        return value
    result = ModuleType(value.__name__, value.__doc__)
    vars(result).update({**lost, **vars(value)})
    return result
