"""The set of named values that moved programs have for tf.contrib.training.HParams."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any


class HParams:
    """Named values, which are attributes too, and keep the type that they had first.

    Args:
      **values: what they are at first.
    """

    def __init__(self, **values: Any):
        for name, value in values.items():
            self.add_hparam(name, value)

    def __repr__(self) -> str:
        return f"HParams({', '.join(f'{k}={v!r}' for k, v in self.values().items())})"

    def __contains__(self, name: str) -> bool:
        return name in vars(self)

    def values(self) -> dict[str, Any]:
        """Returns all values by name."""
        return dict(vars(self))

    def get(self, name: str, default: Any = None) -> Any:
        """Returns the value of a name, or `default` if there is none."""
        return vars(self).get(name, default)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a name with its first value.

        Raises:
          ValueError: there is such a name, or a method of it.
        """
        if hasattr(self, name):
            raise ValueError(f"hyperparameter name is reserved or taken: {name}")
        setattr(self, name, list(value) if isinstance(value, tuple) else value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Sets a value, as the type that the first one has.

        Raises:
          KeyError: there is no such name.
          ValueError: the value cannot be had as that type without loss.
        """
        setattr(self, name, _convert(name, value, self.values()[name]))

    def del_hparam(self, name: str) -> None:
        """Removes a name, if it is there."""
        vars(self).pop(name, None)

    def override_from_dict(self, values: Mapping[str, Any]) -> "HParams":
        """Sets the values of names that are there, and returns itself."""
        for name, value in values.items():
            self.set_hparam(name, value)
        return self

    def parse(self, text: str) -> "HParams":
        """Sets values from `name=value,list=[1,2],list[0]=3`, and returns itself.

        Raises:
          ValueError: the text is not of this form, or a name or value does not fit.
        """
        for name, index, value in _split(text):
            if name not in self:
                raise ValueError(f"unknown hyperparameter: {name}")
            if index:
                items = list(self.values()[name])
                items[int(index)] = _read(value)
                self.set_hparam(name, items)
            else:
                self.set_hparam(name, _read(value))
        return self

    def parse_json(self, text: str) -> "HParams":
        """Sets values from a JSON object, and returns itself."""
        return self.override_from_dict(json.loads(text))

    def to_json(self, indent: int | None = None, sort_keys: bool = False) -> str:
        """Returns all values as a JSON object."""
        return json.dumps(self.values(), indent=indent, sort_keys=sort_keys)


_ITEM = re.compile(r"\s*(\w+)\s*(?:\[\s*(\d+)\s*\])?\s*=\s*(\[[^\]]*\]|[^,\[\]]*)(,|$)")


def _split(text: str) -> list[tuple[str, str, str]]:
    """Returns name, index or '', and value of each item."""
    items, start = [], 0
    while start < len(text):
        match = _ITEM.match(text, start)
        if match is None:
            raise ValueError(f"no name=value: {text[start:]!r}")
        items.append((match[1], match[2] or "", match[3].strip()))
        start = match.end()
    return items


def _read(text: str) -> Any:
    """Returns a number, True, False, None or a list of them; else the text."""
    if text.startswith("["):
        return [_read(item.strip()) for item in text[1:-1].split(",") if item.strip()]
    try:
        return ast.literal_eval(text.capitalize() if text in _WORDS else text)
    except (SyntaxError, ValueError):
        return text


_WORDS = ("true", "false", "none")


def _convert(name: str, value: Any, model: Any) -> Any:
    """Returns a value as `model`'s type; a list's items as its first item's."""
    if isinstance(model, list):
        values = value if isinstance(value, list | tuple) else [value]
        return [_convert(name, v, model[0]) if model else v for v in values]
    if model is None or value is None or callable(model):
        return value
    if isinstance(model, bool) != isinstance(value, bool) and value not in (0, 1):
        raise ValueError(f"could not take {value!r} for {name}, a {type(model)}")
    result = type(model)(value)
    if not isinstance(model, str) and result != value:
        raise ValueError(f"could not take {value!r} for {name}, a {type(model)}")
    return result
