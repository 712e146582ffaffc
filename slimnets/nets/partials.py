"""Builders with some of their arguments given, as TF-Slim's programs make them."""

import functools
from collections.abc import Callable
from typing import Any


def wrapped_partial(
    func: Callable[..., Any], *args: Any, **kwargs: Any
) -> Callable[..., Any]:
    """Returns functools.partial with the function's name, docstring and attributes."""
    partial = functools.partial(func, *args, **kwargs)
    return functools.update_wrapper(partial, func)
