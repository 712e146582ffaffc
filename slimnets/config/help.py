"""The text of --help, and the page of all flags."""

import dataclasses
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from slimnets.config import dataclass_flags

_MARGIN = 4

Field = dataclasses.Field


def format_help(description: str, config_class: type, width: int = 80) -> str:
    """Returns what --help prints: a description, then the flags most people use.

    Args:
      description: of the program, an example included.
      config_class: its settings; those with `common` are shown, in the groups that the
        dataclasses make.
      width: of a line.
    """
    groups = dict(dataclass_flags.list_groups(config_class))
    shown = {
        title: [field for field in fields if field.metadata["common"]]
        for title, fields in groups.items()
    }
    count = sum(map(len, groups.values()))
    lines = [description.strip(), ""]
    for title, fields in shown.items():
        if fields:
            lines += [f"{title}:", *_format_fields(fields, width), ""]
    end = f"--helpfull has all {count} flags, and those of absl."
    lines += textwrap.wrap(end, width)
    return "\n".join(lines)


def format_page(programs: Mapping[str, type]) -> str:
    """Returns a page in Markdown with every flag of some programs.

    Args:
      programs: the settings of each by its command, such as "slimnets train".
    """
    parts = [
        "# Flags",
        "",
        "Written by `make docs`. `--help` of a program shows the flags most people",
        "use, `--helpfull` all. A flag is given as `--name=value`, or in a file that",
        "has one a line (`--flagfile=FILE`); in Python, as a field of the settings"
        " (`slimnets/config/`).",
    ]
    for program, config_class in programs.items():
        parts += ["", f"## {program}"]
        for title, fields in dataclass_flags.list_groups(config_class):
            parts += ["", f"### {title}", "", "| flag | default | what it does |"]
            parts += ["|---|---|---|", *map(_format_row, fields)]
    return "\n".join(parts) + "\n"


def _format_fields(fields: list[Field], width: int) -> Iterator[str]:
    for field in fields:
        text = field.metadata["help"]
        if _has_default(field):
            text += f" (default: {_format_value(field.default)})"
        choices = field.metadata["choices"]
        words = f"=<{'|'.join(choices)}>" if choices else ""
        yield from textwrap.wrap(
            f"--{field.name}{words}: {text}",
            width,
            initial_indent=" " * (_MARGIN // 2),
            subsequent_indent=" " * _MARGIN,
            break_on_hyphens=False,
            break_long_words=False,
        )


def _format_row(field: Field) -> str:
    default = ""
    if _has_default(field):
        default = f"`{_format_value(field.default)}`"
    text = field.metadata["help"].replace("|", "\\|").replace("<", "&lt;")
    choices = field.metadata["choices"]
    if choices:
        text += f" One of {', '.join(f'`{word}`' for word in choices)}."
    return f"| `--{field.name}` | {default} | {text} |"


def _has_default(field: Field) -> bool:
    return field.default not in (None, (), "")


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
