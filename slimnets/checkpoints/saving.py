"""Writing checkpoints by variable name, whole or not at all.

They are what `tf.compat.v1.train.Saver` writes: `model.ckpt-<step>.index` and
`.data-00000-of-00001`, keyed by variable names, with the state file `checkpoint`.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.checkpoints.finding import exists, list_saved
from slimnets.checkpoints.names import BASENAME, UNFINISHED

_INDEX = ".index"
_DATA = ".data-00000-of-00001"


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
    unfinished = directory / f"{UNFINISHED}{BASENAME}-{step}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write_tensors(os.fsencode(unfinished), values)
        _put_in_place(unfinished, prefix)
        _keep_newest(directory, str(prefix), keep)
    except (tf.errors.OpError, OSError) as error:
        with contextlib.suppress(OSError):
            clear_leftovers(directory)
        raise errors.InputError(
            f"cannot write the checkpoint {prefix}: {errors.summarize(error)}; the"
            " earlier checkpoints are still there"
        ) from error
    return str(prefix)


def copy(checkpoint: str, directory: str | Path) -> str:
    """Puts a checkpoint into another folder, whole, in the place of those there.

    Args:
      checkpoint: as `save` returned it.
      directory: made if it does not exist.

    Returns:
      The copy's path without '.index'.

    Raises:
      InputError: the directory cannot be written.
    """
    directory, name = Path(directory), Path(checkpoint).name
    unfinished, prefix = directory / f"{UNFINISHED}{name}", directory / name
    try:
        directory.mkdir(parents=True, exist_ok=True)
        clear_leftovers(directory)
        for part in (_DATA, _INDEX):
            shutil.copyfile(f"{checkpoint}{part}", f"{unfinished}{part}")
        _put_in_place(unfinished, prefix)
        _keep_newest(directory, str(prefix), keep=1)
    except OSError as error:
        with contextlib.suppress(OSError):
            clear_leftovers(directory)
        raise errors.InputError(
            f"cannot write the checkpoint {prefix}: {errors.summarize(error)}; "
            f"{checkpoint} is still there"
        ) from error
    return str(prefix)


def _write_tensors(prefix: bytes, values: Mapping[str, np.ndarray]) -> None:
    """Writes the files of a checkpoint now, while a graph is under construction too."""

    def write(tensors: Sequence[tf.Tensor]) -> tf.Operation:
        slices = [""] * len(values)
        return tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=list(values),
            shape_and_slices=slices,
            tensors=tensors,
        )

    arrays = [np.asarray(value) for value in values.values()]
    if tf.executing_eagerly():
        write([tf.convert_to_tensor(array) for array in arrays])
        return
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        fed = [tf.compat.v1.placeholder(a.dtype, a.shape) for a in arrays]
        session.run(write(fed), dict(zip(fed, arrays, strict=True)))


def clear_leftovers(directory: str | Path) -> None:
    """Removes what saves left that failed or were killed, and no checkpoint.

    Args:
      directory: in which nobody saves now; it may not exist.
    """
    for path in list_leftovers(directory):
        path.unlink(missing_ok=True)


def list_leftovers(directory: str | Path) -> list[Path]:
    """Returns what saves left that failed or were killed, in the order to remove it.

    Args:
      directory: it may not exist.
    """
    directory = Path(directory)
    leftovers = list(directory.glob(f"{UNFINISHED}{BASENAME}-*"))
    indices = [path for path in leftovers if path.suffix == _INDEX]
    found: list[Path] = []
    for index in indices:
        # An index gets the checkpoint's name last and loses it first; data may have it.
        name = index.name.removeprefix(UNFINISHED).removesuffix(_INDEX)
        if not (directory / f"{name}{_INDEX}").exists():
            found += _list_data(directory / name)
    # By the indices a kill in between is told.
    found += [*(path for path in leftovers if path not in indices), *indices]
    return [*found, *directory.glob(f"*{atomic_files.UNFINISHED}")]


def _put_in_place(unfinished: Path, prefix: Path) -> None:
    """Gives a checkpoint its name once it is on the disk; by the index it counts."""
    for part in (_DATA, _INDEX):
        atomic_files.sync(f"{unfinished}{part}")
    Path(f"{prefix}{_INDEX}").unlink(missing_ok=True)  # of this step's earlier save
    for part in (_DATA, _INDEX):
        os.replace(f"{unfinished}{part}", f"{prefix}{part}")
    atomic_files.sync(prefix.parent)


def _keep_newest(directory: Path, newest: str, keep: int) -> None:
    """Names `newest` in the state file, then removes all but `keep` checkpoints."""
    earlier = [p for p in list_saved(directory) if p != newest and exists(p)]
    kept = [*earlier, newest][-keep:] if keep else [*earlier, newest]
    # First the state, then the removal: a kill in between leaves a file too many,
    # never a state that names what is gone.
    _write_state(directory, kept)
    for path in earlier:
        if path not in kept:
            _remove(Path(path))
    clear_leftovers(directory)


def keep_only(
    directory: str | Path, kept: Sequence[str], removed: Sequence[str]
) -> None:
    """Removes checkpoints of a folder, and what failed saves left in it.

    Args:
      directory: in which nobody saves now.
      kept: paths of those that stay, the latest last; one at least.
      removed: of those to remove.

    Raises:
      OSError: something cannot be written or removed.
    """
    _write_state(Path(directory), kept)  # first, as `_keep_newest`
    for path in removed:
        _remove(Path(path))
    clear_leftovers(directory)


def _write_state(directory: Path, paths: Sequence[str]) -> None:
    """Writes the file `checkpoint`, by which TensorFlow finds the latest: the last.

    Its paths are relative, so that the folder can be moved, and a kill leaves the old
    one: tf.train.update_checkpoint_state does neither.
    """
    names = [json.dumps(Path(path).name) for path in paths]
    lines = [f"model_checkpoint_path: {names[-1]}"]
    lines += [f"all_model_checkpoint_paths: {name}" for name in names]
    atomic_files.write_text(directory / "checkpoint", "\n".join(lines) + "\n")


def _remove(path: Path) -> None:
    """Removes a checkpoint, its index first: without it the rest is no checkpoint."""
    index = Path(f"{path}{_INDEX}")
    unfinished = path.with_name(f"{UNFINISHED}{index.name}")
    if index.exists():
        os.replace(index, unfinished)  # which tells whose data is left after a kill
    _remove_data(path)
    unfinished.unlink(missing_ok=True)


def _remove_data(path: Path) -> None:
    for part in _list_data(path):
        part.unlink(missing_ok=True)


def _list_data(path: Path) -> list[Path]:
    """Returns what a checkpoint has beside its index, if that is there."""
    directory, name = path.parent, path.name
    meta = directory / f"{name}.meta"
    return [*directory.glob(f"{name}.data-*"), *([meta] if meta.exists() else [])]
