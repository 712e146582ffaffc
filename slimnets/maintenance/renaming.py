"""A checkpoint with other names."""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from slimnets import errors
from slimnets.checkpoints import run_settings
from slimnets.config.checkpoint_files import CheckpointsConfig, RenamingConfig
from slimnets.maintenance import output
from slimnets.maintenance.sources import Source

# The flags of training that name variables or their scopes.
_SCOPES = ("trainable_scopes", "freeze_scopes", "checkpoint_exclude_scopes")


def rename(
    path: str, config: CheckpointsConfig, log: Callable[[str], None] = print
) -> str:
    """Writes a checkpoint whose variables have other names, and the same values.

    Args:
      path: a checkpoint, or a folder whose latest one is taken.
      config: all settings.
      log: gets the lines that tell what was done.

    Returns:
      The path of the new one.

    Raises:
      InputError: an input is at fault, nothing is renamed, or two names become one.
    """
    folder = output.require_new(config.result.output)
    source = Source(path)
    renamed = find_names(source.reader.shapes, config.renaming, source.path)
    _require_distinct(renamed)
    values = source.reader.read({new: old for old, new in renamed.items()})
    made = output.write(
        folder,
        source.step,
        values,
        lambda into: output.copy_settings(source.path, into),
    )
    changes = [f"{old} -> {new}" for old, new in renamed.items() if old != new]
    log("\n".join(changes))
    log(f"renamed {len(changes)} of {len(renamed)} variables")
    _tell_settings(source, renamed, log)
    return made


def _tell_settings(
    source: Source, renamed: Mapping[str, str], log: Callable[[str], None]
) -> None:
    """Says what of settings.json, which goes along as it was, has the old names."""
    if source.settings is None:
        return
    log(
        f"{run_settings.FILE} goes along as it was: it says {source.settings.model};"
        " give programs --model where the new names are another network's"
    )
    flags = run_settings.read_flags(source.path) or {}
    old_names = [old for old, new in renamed.items() if old != new]
    for flag in _SCOPES:
        scopes = [s for s in flags.get(flag) or () if _has_any(s, old_names)]
        if scopes:
            log(f"its --{flag}={','.join(scopes)}, of training, has the old names")


def _has_any(scope: str, variables: Sequence[str]) -> bool:
    return any(f"{name}/".startswith(f"{scope.rstrip('/')}/") for name in variables)


def find_names(
    held: Mapping[str, list[int]], config: RenamingConfig, where: str
) -> dict[str, str]:
    """Returns the new name of each name in a checkpoint.

    Raises:
      InputError: not one way to rename is given, or none of the names is meant.
    """
    if (config.pattern is None) == (config.map is None):
        raise errors.InputError("give --pattern and --replacement, or --map")
    if config.pattern is not None:
        renamed = _replace(held, config.pattern, config.replacement)
        means = f"--pattern={config.pattern}"
    else:
        if config.replacement:
            raise errors.InputError("--replacement goes with --pattern, not with --map")
        table = read_map(str(config.map))
        unknown = [name for name in table if name not in held]
        if unknown:
            raise errors.unknown(f"variable, in {config.map},", unknown[0], held)
        renamed = {name: _look_up(name, table) for name in held}
        means = f"--map={config.map}"
    if all(old == new for old, new in renamed.items()):
        raise errors.InputError(f"{means} renames nothing in {where}")
    return renamed


def _replace(held: Mapping[str, list[int]], pattern: str, by: str) -> dict[str, str]:
    try:
        return {name: re.sub(pattern, by, name) for name in held}
    except (re.error, IndexError, RecursionError) as error:
        raise errors.InputError(
            f"--pattern={pattern} --replacement={by}: {error}; both are Python's"
            " regular expressions"
        ) from error


def _look_up(name: str, table: Mapping[str, str]) -> str:
    """Returns a name's new one; that of a slot follows from its variable's."""
    parts = name.split("/")
    for end in range(len(parts), 0, -1):
        owner = "/".join(parts[:end])
        if owner in table:
            return "/".join([table[owner], *parts[end:]])
    return name


def read_map(path: str) -> dict[str, str]:
    """Reads a file of old and new names, JSON or CSV.

    Raises:
      InputError: it is not there, or of another form.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        is_json = text.lstrip().startswith("{")
        pairs = list(
            json.loads(text, object_pairs_hook=list) if is_json else _rows(text)
        )
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        reason = errors.summarize(error)
        raise errors.InputError(f"--map={path} cannot be read: {reason}") from error
    table: dict[str, str] = {}
    for old, new in pairs:
        if not isinstance(new, str) or not new or not old:
            raise errors.InputError(
                f"--map={path}: {old!r} has no new name; give a name for each"
            )
        if old in table:
            raise errors.InputError(f"--map={path}: {old!r} is there twice")
        table[old] = new
    if not table:
        raise errors.InputError(f"--map={path} is empty")
    return table


def _rows(text: str) -> list[tuple[str, str]]:
    rows = [row for row in csv.reader(text.splitlines(), strict=True) if row]
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise ValueError(f"row {number} has {len(row)} fields; old,new has two")
    return [(old.strip(), new.strip()) for old, new in rows]


def _require_distinct(renamed: Mapping[str, str]) -> None:
    """Raises an InputError if two variables would have one name, or one none."""
    seen: dict[str, str] = {}
    for old, new in sorted(renamed.items()):
        if not new:
            raise errors.InputError(f"nothing would be left of the name {old}")
        if new in seen:
            raise errors.InputError(
                f"{seen[new]} and {old} would both be {new}; two variables cannot have"
                " one name"
            )
        seen[new] = old
