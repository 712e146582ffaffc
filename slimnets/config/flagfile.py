"""A configuration as a file of flags, which --flagfile reads."""

import csv
import io
from pathlib import Path
from typing import Any

from slimnets.config import dataclass_flags

FILE = "run.flags"


def format_flags(config: Any, program: str, without: tuple[str, ...] = ()) -> str:
    """Returns a flagfile with what is not the default.

    Args:
      config: a dataclass of settings. Its paths are written as absolute ones, so that
        the file can be used from any folder.
      program: that takes the flags, for the comment on top.
      without: names of settings to leave out.
    """
    values = dataclass_flags.to_dict(config)
    defaults = dataclass_flags.to_dict(type(config)())
    paths = dataclass_flags.list_paths(type(config))
    command = f"{program} --flagfile={FILE} --train_dir=..."
    lines = [f"# {command} starts a run as this one was last started."]
    for name, value in values.items():
        if name in without or value == defaults[name]:
            continue
        if name in paths:
            value = _make_absolute(value)
        lines.append(f"--{name}={_format(value)}")
    return "\n".join(lines) + "\n"


def _make_absolute(path: str) -> str:
    """Returns the absolute path of what is there; words, such as imagenet, stay.

    Of a checkpoint its files are there, whose names go on behind the path.
    """
    is_there = Path(path).exists() or Path(f"{path}.index").exists()
    return str(Path(path).absolute()) if is_there else path


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value)
        return line.getvalue()
    return str(value)
