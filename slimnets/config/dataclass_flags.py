"""Flags from frozen dataclasses of settings, and the dataclasses from flags.

A setting is written once, as a dataclass field made by `setting`: its name, type,
default and help text are the flag's. Dataclasses may hold others; all their settings
share one flat space of flag names.
"""

import dataclasses
import operator
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from absl import flags

from slimnets import errors
from slimnets.config import durations, flag_parsers

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def setting(
    default: Any,
    text: str,
    *,
    choices: tuple[str, ...] | None = None,
    path: bool = False,
    duration: bool = False,
    common: bool = False,
    lowest: float | None = None,
    above: float | None = None,
    highest: float | None = None,
    below: float | None = None,
) -> Any:
    """Returns a dataclass field that is also a flag.

    Args:
      default: of the field and the flag.
      text: the flag's help: what it means, its unit, why this default.
      choices: the values a string may take; None for any.
      path: it names a file or folder, where ~ stands for the user's home.
      duration: it is a number of steps or of epochs; see durations.py.
      common: most people use it, so that --help shows it.
      lowest: the smallest number that `check` lets pass; None for any.
      above: a number that it has to exceed.
      highest: the largest number that passes.
      below: a number that it has to stay below.
    """
    limits = {"lowest": lowest, "above": above, "highest": highest, "below": below}
    return dataclasses.field(
        default=default,
        metadata={
            "help": text,
            "choices": choices,
            "path": path,
            "duration": duration,
            "common": common,
            "limits": {name: n for name, n in limits.items() if n is not None},
        },
    )


_LIMITS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "lowest": (operator.ge, "at least"),
    "above": (operator.gt, "above"),
    "highest": (operator.le, "at most"),
    "below": (operator.lt, "below"),
}


def check(config: Any) -> None:
    """Raises an InputError for a setting outside its range or its choices."""
    values = to_dict(config)
    for field, _ in _list_settings(type(config)):
        value, choices = values[field.name], field.metadata["choices"]
        if field.metadata["duration"] and value is not None:
            value = _read_duration(field.name, value)
        if isinstance(value, int | float):
            _check_range(field.name, value, field.metadata["limits"])
        elif choices and value is not None and value not in choices:
            raise errors.unknown(field.name, value, choices)


def _check_range(name: str, value: float, limits: Mapping[str, float]) -> None:
    if not all(_LIMITS[kind][0](value, limit) for kind, limit in limits.items()):
        wanted = [f"{_LIMITS[kind][1]} {limit}" for kind, limit in limits.items()]
        raise errors.InputError(f"--{name}={value} must be {' and '.join(wanted)}")


def _read_duration(name: str, value: durations.Duration) -> durations.Duration:
    try:
        return durations.parse(value)
    except ValueError as error:
        raise errors.InputError(f"--{name}: {error}") from error


def define_flags(
    config_class: type, flag_values: flags.FlagValues = flags.FLAGS
) -> None:
    """Defines a flag for each setting of a dataclass and of those it holds."""
    for field, kind in _list_settings(config_class):
        if field.metadata["path"]:
            define: Callable[..., Any] = define_path
        elif field.metadata["duration"]:
            define = _define_duration
        else:
            define = _choose_definer(kind, field.metadata["choices"])
        define(
            field.name, field.default, field.metadata["help"], flag_values=flag_values
        )


def define_path(
    name: str, default: str | None, text: str, **options: Any
) -> flags.FlagHolder:
    """Defines a flag for the path of a file or folder; ~ is the user's home.

    Shells leave the ~ of --name=~/folder as it is.

    Args:
      name: of the flag.
      default: its value where it is not given.
      text: its help.
      **options: of flags.DEFINE, such as `required`.
    """
    return flags.DEFINE(
        flag_parsers.PathParser(),
        name,
        default,
        text,
        serializer=flags.ArgumentSerializer(),
        **options,
    )


def _define_duration(
    name: str, default: Any, text: str, **options: Any
) -> flags.FlagHolder:
    return flags.DEFINE(flag_parsers.DurationParser(), name, default, text, **options)


def from_flags(config_class: type[T], flag_values: flags.FlagValues = flags.FLAGS) -> T:
    """Returns the dataclass with the values of the flags that `define_flags` made."""
    return from_dict(config_class, flag_values.flag_values_dict())


def apply_recipe(
    path: Path,
    without: Sequence[str] = (),
    flag_values: flags.FlagValues = flags.FLAGS,
) -> list[str]:
    """Gives flags that the command line did not the values of a flagfile.

    Args:
      path: one --name=value a line; lines that begin with # are passed over.
      without: flags to leave alone, given or not.
      flag_values: parsed flags.

    Returns:
      The lines that were applied.
    """
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    applied = []
    for line in lines:
        if not line or line.startswith("#"):
            continue
        name, _, value = line.removeprefix("--").partition("=")
        if not flag_values[name].present and name not in without:
            flag_values[name].value = flag_values[name].parser.parse(value)
            applied.append(line)
    return applied


def to_dict(config: Any) -> dict[str, Any]:
    """Returns all settings by flag name, those of the dataclasses it holds included."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            values |= to_dict(value)
        else:
            values[field.name] = list(value) if isinstance(value, tuple) else value
    return values


def list_groups(config_class: type) -> list[tuple[str, list[dataclasses.Field]]]:
    """Returns the settings in groups: those of each dataclass, under its purpose.

    Returns:
      Pairs of a title and settings: the class's own first, then those of each dataclass
      that it holds, under the first line of that one's docstring.
    """
    hints = typing.get_type_hints(config_class)
    held = {
        field.name
        for field in dataclasses.fields(config_class)
        if dataclasses.is_dataclass(hints[field.name])
    }
    own = [f for f in dataclasses.fields(config_class) if f.name not in held]
    groups = [("General", own)] if own else []
    for name in sorted(held, key=list(hints).index):
        title = (hints[name].__doc__ or "").partition("\n")[0].rstrip(".")
        (_, fields), *inner = list_groups(hints[name])
        groups += [(title, fields), *inner]
    return groups


def list_paths(config_class: type) -> set[str]:
    """Returns the names of the settings that are paths."""
    return {f.name for f, _ in _list_settings(config_class) if f.metadata["path"]}


def from_dict(config_class: type[T], values: dict[str, Any]) -> T:
    """Returns the dataclass with `values`, by flag name; others keep their default."""
    arguments: dict[str, Any] = {}
    for field in dataclasses.fields(config_class):
        kind = typing.get_type_hints(config_class)[field.name]
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            arguments[field.name] = from_dict(kind, values)
        elif field.name in values:
            value = values[field.name]
            arguments[field.name] = tuple(value) if isinstance(value, list) else value
    return config_class(**arguments)


def _list_settings(config_class: type) -> Iterator[tuple[dataclasses.Field, Any]]:
    """Yields each setting's field and type, those of dataclasses inside included."""
    hints = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        if dataclasses.is_dataclass(hints[field.name]):
            yield from _list_settings(hints[field.name])
        else:
            yield field, hints[field.name]


def _define_numbers(name: str, default: Any, text: str, **options: Any) -> Any:
    serializer = flags.CsvListSerializer(",")
    return flags.DEFINE(
        flag_parsers.NumbersParser(),
        name,
        list(default),
        text,
        serializer=serializer,
        **options,
    )


def _choose_definer(kind: Any, choices: tuple[str, ...] | None) -> Callable[..., Any]:
    """Returns the absl function that defines a flag of a type."""
    if choices:

        def define(name: str, default: Any, text: str, **options: Any) -> Any:
            return flags.DEFINE_enum(name, default, choices, text, **options)

        return define
    parts = typing.get_args(kind) if _is_union(kind) else ()
    words = [word for part in parts for word in _list_words(part)]
    if words:  # int | Literal["auto"]

        def define(name: str, default: Any, text: str, **options: Any) -> Any:
            return flags.DEFINE(
                flag_parsers.NumberOrWordParser(words), name, default, text, **options
            )

        return define
    if parts:  # int | None
        kind = next(part for part in parts if part is not type(None))
    if typing.get_origin(kind) is tuple:
        is_of_words = typing.get_args(kind)[0] is str
        return flags.DEFINE_list if is_of_words else _define_numbers
    definers: dict[Any, Callable[..., Any]] = {
        bool: flags.DEFINE_bool,
        int: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        str: flags.DEFINE_string,
    }
    return definers[kind]


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (types.UnionType, typing.Union)


def _list_words(kind: Any) -> tuple[str, ...]:
    literal = typing.get_origin(kind) is typing.Literal
    return typing.get_args(kind) if literal else ()
