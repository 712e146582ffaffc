"""An arg_scope that says what is wrong before it opens, and leaves others open."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from tf_slim.ops import arg_scope as slim_arg_scope

from slimnets import errors


def arg_scope(
    list_ops_or_scope: Sequence[Callable] | Mapping[str, dict[str, Any]],
    **kwargs: Any,
) -> AbstractContextManager[dict[str, dict[str, Any]]]:
    """Sets defaults of ops for the calls within, as tf_slim.arg_scope does.

    The scope itself is tf_slim's, on its stack: either reaches the other's ops. But
    tf_slim's own, given an op that takes no scope, closes the scope around it instead,
    and says nothing of a misspelt argument until the op is called.

    Args:
      list_ops_or_scope: ops decorated with add_arg_scope; or a scope to open again, as
        `with arg_scope(...) as scope` gave it.
      **kwargs: the defaults, by argument name; none with a scope.

    Returns:
      A context manager, whose `as` is the scope.

    Raises:
      ValueError: an op takes no scope, or kwargs are given with a scope.
      TypeError: an op has no such argument, or list_ops_or_scope is neither.
    """
    if isinstance(list_ops_or_scope, list | tuple):
        for op in list_ops_or_scope:
            _check(op, kwargs)
    return slim_arg_scope.arg_scope(list_ops_or_scope, **kwargs)


def _check(op: Callable, defaults: Mapping[str, Any]) -> None:
    """Raises where `op` takes no scope or has no argument of a default's name."""
    name = getattr(op, "__name__", repr(op))
    if isinstance(op, functools.partial):
        raise ValueError(
            f"arg_scope cannot set defaults of a functools.partial; open it over"
            f" {op.func.__name__}, which this one calls"
        )
    if not slim_arg_scope.has_arg_scope(op):
        raise ValueError(
            f"arg_scope cannot set defaults of {name}: decorate it with"
            " @slim.add_arg_scope"
        )
    parameters = inspect.signature(op).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    known = [p.name for p in parameters]
    for default in defaults:
        if default not in known:
            raise TypeError(str(errors.unknown(f"argument of {name}", default, known)))
