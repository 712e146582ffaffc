"""Writing checkpoints by variable name, whole or not at all.

They are what `tf.compat.v1.train.Saver` writes: `model.ckpt-<step>.index` and
`.data-00000-of-00001`, keyed by variable names, with the state file `checkpoint`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints.finding import exists, list_saved
from slimnets.checkpoints.names import BASENAME, UNFINISHED


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
            f"cannot write the checkpoint {prefix}: {errors.summarize(error)}; the"
            " earlier checkpoints are still there"
        ) from error
    return str(prefix)


def _keep_newest(directory: Path, newest: str, keep: int) -> None:
    """Names `newest` in the state file, then removes all but `keep` checkpoints."""
    earlier = [p for p in list_saved(directory) if p != newest and exists(p)]
    kept = [*earlier, newest][-keep:] if keep else [*earlier, newest]
    # First the state, then the removal: a kill in between leaves a file too many,
    # never a state that names what is gone.
    _write_state(directory, kept)
    for path in earlier:
        if path not in kept:
            _remove(path)
    for leftover in directory.glob(f"{UNFINISHED}*"):
        leftover.unlink(missing_ok=True)


def _write_state(directory: Path, paths: Sequence[str]) -> None:
    """Writes the file `checkpoint`, by which TensorFlow finds the latest: the last.

    Its paths are relative, so that the folder can be moved, and what a kill leaves of
    it is removed by the next save: tf.train.update_checkpoint_state does neither.
    """
    names = [json.dumps(Path(path).name) for path in paths]
    lines = [f"model_checkpoint_path: {names[-1]}"]
    lines += [f"all_model_checkpoint_paths: {name}" for name in names]
    unfinished = directory / f"{UNFINISHED}checkpoint"
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    unfinished.replace(directory / "checkpoint")


def _remove(path: str) -> None:
    """Removes a checkpoint, its index first: without it the rest is no checkpoint."""
    Path(f"{path}.index").unlink(missing_ok=True)
    directory, name = Path(path).parent, Path(path).name
    for part in [*directory.glob(f"{name}.data-*"), directory / f"{name}.meta"]:
        part.unlink(missing_ok=True)
