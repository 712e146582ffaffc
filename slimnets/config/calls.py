"""A name with arguments, written as in Python: 'vgg(resize_side_min=320)'.

Networks and preprocessing recipes are named so wherever a flag or settings.json names
one, and only some of their arguments are to differ.
"""

import ast
from collections.abc import Mapping
from typing import Any, NamedTuple

from slimnets import errors


class Call(NamedTuple):
    """A name, and arguments for what bears it.

    Attributes:
      name: what stands before the parentheses.
      arguments: values by name, such as {'depth_multiplier': 0.5}.
    """

    name: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.name}({given})" if given else self.name


def parse(words: str) -> Call:
    """Returns the name and the arguments that some words have.

    Args:
      words: 'NAME' or 'NAME(argument=value, ...)'; values are numbers, strings, True,
        False, None, and tuples, lists or dicts of them.

    Raises:
      InputError: there are parentheses, and what is in them is something else.
    """
    starts = [at for at, letter in enumerate(words) if letter == "("]
    if not words.endswith(")") or not starts:
        return Call(words, {})
    for start in starts:  # a folder's name may have parentheses too
        arguments = _parse_arguments(words[start:])
        if arguments is not None:
            return Call(words[:start].strip(), arguments)
    raise errors.InputError(
        f"{words!r} is no name with arguments; write NAME(argument=value, ...), with"
        " numbers, 'strings', True, False or None, and the whole in quotes on a command"
        " line"
    )


def _parse_arguments(text: str) -> dict[str, Any] | None:
    """Returns what stands in parentheses; None where that is no list of arguments."""
    try:
        call = ast.parse(f"f{text}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            return None
        if not isinstance(call.func, ast.Name):
            return None
        if any(word.arg is None for word in call.keywords):
            return None
        named = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
        return named if len(named) == len(call.keywords) else None
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
