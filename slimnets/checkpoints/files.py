"""Name-based checkpoints: TF-Slim's files, read and written by variable name.

What `save` writes is what `tf.compat.v1.train.Saver` writes: `model.ckpt-<step>.index`
and `.data-00000-of-00001`, keyed by variable names, with the state file `checkpoint`.
What `restore` reads is every checkpoint that `tf.train.load_checkpoint` reads, the V1
format of 2016's published files included.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import errors

BASENAME = "model.ckpt"
GLOBAL_STEP = "global_step"
AVERAGE_SUFFIX = "/ExponentialMovingAverage"

# A killed process leaves files of this name, which no reader takes for a checkpoint.
_UNFINISHED = "unfinished-"

# What TensorFlow raises for a file that is absent, damaged or of another kind.
_UNREADABLE = (tf.errors.OpError, RuntimeError, ValueError, IndexError)


class Misfit(errors.InputError):
    """A checkpoint does not fit the variables; the message names those that differ.

    Attributes:
      scopes: prefixes whose exclusion would leave all of them out; none where the
        checkpoint is of another network.
      only_missing: whether the checkpoint lacks them, and none has another shape.
    """

    def __init__(
        self, message: str, scopes: tuple[str, ...] = (), only_missing: bool = False
    ):
        super().__init__(message)
        self.scopes = scopes
        self.only_missing = only_missing


@dataclasses.dataclass(frozen=True)
class Report:
    """What a restore did.

    Attributes:
      path: the checkpoint read.
      restored: names of the variables that got the checkpoint's values.
      excluded: names left out because their scope was excluded.
      missing: names left as they were because the checkpoint lacks them.
      unused: names in the checkpoint that nobody asked for.
      averaged: whether moving averages were read in place of the variables.
      verb: what was done to them.
    """

    path: str
    restored: tuple[str, ...]
    excluded: tuple[str, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    averaged: bool = False
    verb: str = "restored"

    def __str__(self) -> str:
        parts = [f"{self.verb} {len(self.restored)} variables from {self.path}"]
        if self.averaged:
            parts.append("their moving averages")
        if self.excluded:
            parts.append(f"left out {len(self.excluded)} in excluded scopes")
        if self.missing:
            parts.append(f"{len(self.missing)} not in it: {_some(self.missing)}")
        if self.unused:
            parts.append(f"{len(self.unused)} in it not used")
        return "; ".join(parts)


def save(
    directory: str | Path, step: int, values: Mapping[str, np.ndarray], keep: int = 5
) -> str:
    """Writes `model.ckpt-<step>` whole or not at all, and names it the latest.

    Args:
      directory: where; made if it does not exist.
      step: the global step, >= 0.
      values: an array for each variable name; 'global_step' should be among them.
      keep: number of checkpoints to keep, the newest; 0 keeps all.

    Returns:
      The checkpoint's path without '.index'.

    Raises:
      InputError: the directory cannot be written.
    """
    directory = Path(directory)
    prefix = directory / f"{BASENAME}-{step}"
    unfinished = directory / f"{_UNFINISHED}{BASENAME}-{step}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tf.raw_ops.SaveV2(
            prefix=str(unfinished),
            tensor_names=list(values),
            shape_and_slices=[""] * len(values),
            tensors=[tf.convert_to_tensor(value) for value in values.values()],
        )
        tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=[str(unfinished)], destination_prefix=str(prefix)
        )
        _keep_newest(directory, str(prefix), keep)
    except (tf.errors.OpError, OSError) as error:
        raise errors.InputError(
            f"cannot write the checkpoint {prefix}: {errors.first_line(error)}; the"
            " earlier checkpoints are still there"
        ) from error
    return str(prefix)


def latest(path: str | Path) -> str | None:
    """Returns the checkpoint that a user means by `path`, or None if there is none.

    Args:
      path: a directory (its latest checkpoint), a checkpoint's path with or without
        '.index' or '.data-00000-of-00001', or a file in V1 format.
    """
    path = Path(path)
    if path.is_dir():
        return _latest_in(path)
    bare = re.sub(r"\.(index|meta|data-\d+-of-\d+)$", "", str(path))
    if _exists(bare):
        return bare
    return None


def require(path: str | Path) -> str:
    """Returns what `latest` finds; InputError saying what was looked for if nothing."""
    found = latest(path)
    if found is None:
        where = (
            "no checkpoint in the folder" if Path(path).is_dir() else "no checkpoint"
        )
        raise errors.InputError(
            f"{where} {path}; give a folder with {BASENAME}-*.index files or the path"
            " of one checkpoint"
        )
    return found


def step_of(path: str) -> int:
    """Returns the step at the end of a checkpoint's path; 0 where there is none."""
    match = re.search(r"-(\d+)$", path)
    return int(match.group(1)) if match else 0


def shapes(path: str) -> dict[str, list[int]]:
    """Returns the shape of each variable in a checkpoint, by name."""
    return _reader(path).get_variable_to_shape_map()


def read(path: str) -> dict[str, np.ndarray]:
    """Returns all that a checkpoint holds, by name.

    Raises:
      InputError: the checkpoint is unreadable.
    """
    reader = _reader(path)
    return _read(reader, {n: n for n in reader.get_variable_to_shape_map()}, path)


def restore(
    variables: Mapping[str, tf.Variable],
    path: str,
    *,
    exclude_scopes: Sequence[str] = (),
    ignore_missing: bool = False,
    averages: bool = False,
) -> Report:
    """Gives variables the values that a checkpoint holds under their names.

    Nothing is assigned unless everything can be.

    Args:
      variables: the variables by checkpoint name.
      path: the checkpoint, as `require` returns it.
      exclude_scopes: prefixes of names to leave as they are.
      ignore_missing: leave variables that the checkpoint lacks as they are.
      averages: where the checkpoint has a variable's moving average, read that.

    Returns:
      What matched and what was left out.

    Raises:
      Misfit: a variable is missing or has another shape, or all are missing.
      InputError: the checkpoint is unreadable, or an excluded scope is nowhere.
    """
    reader = _reader(path)
    held = reader.get_variable_to_shape_map()
    scopes = tuple(exclude_scopes)
    _require_scopes(scopes, [*variables, *held])
    wanted = {n: v for n, v in variables.items() if not n.startswith(scopes or ("\0",))}
    keys = {n: _key(n, held, averages) for n in wanted}
    missing = tuple(n for n in wanted if keys[n] not in held)
    refuse_misfits(
        {name: variable.shape for name, variable in wanted.items()},
        {name: held[key] for name, key in keys.items() if key in held},
        path,
        () if ignore_missing else missing,
        held,
    )
    values = _read(reader, {n: keys[n] for n in wanted if n not in missing}, path)
    for name, value in values.items():
        wanted[name].assign(value.astype(wanted[name].dtype.as_numpy_dtype))
    used = {keys[name] for name in values}
    return Report(
        path=path,
        restored=tuple(values),
        excluded=tuple(n for n in variables if n not in wanted),
        missing=missing,
        unused=tuple(sorted(held.keys() - used)),
        averaged=any(key.endswith(AVERAGE_SUFFIX) for key in used),
    )


def _key(name: str, held: Mapping[str, list[int]], averages: bool) -> str:
    averaged = name + AVERAGE_SUFFIX
    return averaged if averages and averaged in held else name


def _read(reader: Any, keys: Mapping[str, str], path: str) -> dict[str, np.ndarray]:
    try:
        return {name: reader.get_tensor(key) for name, key in keys.items()}
    except _UNREADABLE as error:
        raise _damaged(path, error) from error


def refuse_misfits(
    wanted: Mapping[str, Sequence[int]],
    found: Mapping[str, Sequence[int]],
    path: str,
    missing: Sequence[str],
    held: Iterable[str],
) -> None:
    """Raises a Misfit if variables are missing or have other shapes.

    Args:
      wanted: shapes of a network's variables by name.
      found: those of a file by the same names, as far as it has them.
      path: of the file.
      missing: names that may not be missing and are.
      held: all names in the file, as they stand there.
    """
    if wanted and not found:
        raise Misfit(
            f"{path} is a checkpoint of another network: it has none of the"
            f" {len(wanted)} variables, such as {next(iter(wanted))}, but"
            f" {_some(sorted(held))}"
        )
    misshapen = [n for n in wanted if n in found and list(wanted[n]) != list(found[n])]
    if not missing and not misshapen:
        return
    faults = [f"{name} is not in it" for name in missing]
    faults += [
        f"{name} has shape {list(found[name])} there and {list(wanted[name])} here"
        for name in misshapen
    ]
    raise Misfit(
        f"{path} does not fit: {_some(faults)}",
        scopes=tuple(dict.fromkeys(scope_of(n) for n in [*missing, *misshapen])),
        only_missing=not misshapen,
    )


def _require_scopes(scopes: Sequence[str], names: Sequence[str]) -> None:
    """Raises an InputError for a scope, surely misspelt, that no name lies in."""
    for scope in scopes:
        if not any(name.startswith(scope) for name in names):
            known = sorted({scope_of(name) for name in names})
            raise errors.unknown("excluded scope", scope, known)


def scope_of(name: str) -> str:
    """Returns the first two parts of a name: what excludes a layer and its like."""
    return "/".join(name.split("/")[:2])


def _some(items: Iterable[str], most: int = 3) -> str:
    items = list(items)
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def _damaged(path: str, error: Exception) -> errors.InputError:
    return errors.InputError(
        f"the checkpoint {path} cannot be read: {errors.first_line(error)}; it may be"
        " cut off or not a checkpoint: copy it again, or delete it to use an earlier"
        " one"
    )


def _reader(path: str) -> Any:
    try:
        return tf.train.load_checkpoint(path)
    except _UNREADABLE as error:
        raise _damaged(path, error) from error


def _latest_in(directory: Path) -> str | None:
    """Returns the state file's latest checkpoint, or else the newest whole one."""
    listed = _listed(directory)
    if listed and _exists(listed[-1]):
        return listed[-1]
    found = [str(index)[: -len(".index")] for index in directory.glob("*.index")]
    found = [path for path in found if not Path(path).name.startswith(_UNFINISHED)]
    found.sort(key=lambda path: (step_of(path), path), reverse=True)
    # Where none is whole the newest will do: reading it says what is wrong.
    return next(filter(_is_whole, found), found[0] if found else None)


def _is_whole(path: str) -> bool:
    """Whether every value of a checkpoint can be read; reads them all."""
    try:
        reader = tf.train.load_checkpoint(path)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except _UNREADABLE:
        return False
    return True


def _listed(directory: Path) -> list[str]:
    """Returns the checkpoints that the state file lists, the latest last.

    Only their names are believed: TensorFlow writes absolute paths, which lead astray
    once the folder was copied.
    """
    try:
        state = tf.train.get_checkpoint_state(str(directory))
    except _UNREADABLE:
        return []
    if state is None:
        return []
    paths = [*state.all_model_checkpoint_paths, state.model_checkpoint_path]
    names = [Path(path).name for path in paths]
    earlier = dict.fromkeys(name for name in names if name != names[-1])
    return [str(directory / name) for name in [*earlier, names[-1]]]


def _keep_newest(directory: Path, newest: str, keep: int) -> None:
    """Names `newest` in the state file, then removes all but `keep` checkpoints."""
    earlier = [p for p in _listed(directory) if p != newest and _exists(p)]
    kept = [*earlier, newest][-keep:] if keep else [*earlier, newest]
    # First the state, then the removal: a kill in between leaves a file too many,
    # never a state that names what is gone.
    _write_state(directory, kept)
    for path in earlier:
        if path not in kept:
            _remove(path)
    for leftover in directory.glob(f"{_UNFINISHED}*"):
        leftover.unlink(missing_ok=True)


def _write_state(directory: Path, paths: Sequence[str]) -> None:
    """Writes the file `checkpoint`, by which TensorFlow finds the latest, the last.

    The paths in it are relative, so that the folder can be moved.
    """
    names = [json.dumps(Path(path).name) for path in paths]
    lines = [f"model_checkpoint_path: {names[-1]}"]
    lines += [f"all_model_checkpoint_paths: {name}" for name in names]
    unfinished = directory / f"{_UNFINISHED}checkpoint"
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    unfinished.replace(directory / "checkpoint")


def _exists(path: str) -> bool:
    """Whether a checkpoint has this path, in V2 format or in V1's single file."""
    return Path(f"{path}.index").is_file() or Path(path).is_file()


def _remove(path: str) -> None:
    """Removes a checkpoint, its index first: without it the rest is no checkpoint."""
    Path(f"{path}.index").unlink(missing_ok=True)
    directory, name = Path(path).parent, Path(path).name
    for part in [*directory.glob(f"{name}.data-*"), directory / f"{name}.meta"]:
        part.unlink(missing_ok=True)
