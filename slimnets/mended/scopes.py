"""An arg_scope that says what is wrong before it opens, and leaves others open."""

import functools
import inspect
import warnings
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
    tf_slim's own, given an op that takes no scope, closes the scope around it instead.
    As there, an op that lacks an argument of the scope fails only when it is called; of
    an argument that none of the ops has, a warning says so before.

    Args:
      list_ops_or_scope: ops decorated with add_arg_scope; or a scope to open again, as
        `with arg_scope(...) as scope` gave it.
      **kwargs: the defaults, by argument name; none with a scope.

    Returns:
      A context manager, whose `as` is the scope.

    Raises:
      ValueError: an op takes no scope, or kwargs are given with a scope.
      TypeError: list_ops_or_scope is neither ops nor a scope.
    """
    if isinstance(list_ops_or_scope, list | tuple):
        for op in list_ops_or_scope:
            _check(op)
        _warn_of_unknown(list_ops_or_scope, kwargs)
    return slim_arg_scope.arg_scope(list_ops_or_scope, **kwargs)


def _check(op: Callable) -> None:
    """Raises where `op` takes no scope."""
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


def _warn_of_unknown(ops: Sequence[Callable], defaults: Mapping[str, Any]) -> None:
    """Warns of each default that no op has an argument for: most are misspelt."""
    parameters = [p for op in ops for p in inspect.signature(op).parameters.values()]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    known = list(dict.fromkeys(p.name for p in parameters))
    names = ", ".join(getattr(op, "__name__", repr(op)) for op in ops)
    for default in defaults:
        if ops and default not in known:
            message = errors.unknown(f"argument of {names}", default, known)
            warnings.warn(str(message), stacklevel=3)
