"""The folder that a new checkpoint is written into, whole or not at all."""

import contextlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, run_settings


def require_new(output: str | None) -> Path:
    """Returns the folder of --output, which is new or empty.

    Raises:
      InputError: it is not given, holds something, or cannot be made.
    """
    if not output:
        raise errors.InputError("name the folder to write with --output")
    folder = Path(output).absolute()
    if folder.exists() and not folder.is_dir():
        raise errors.InputError(f"--output={output} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise errors.InputError(
            f"--output={output} holds something already; name a new folder"
        )
    try:
        atomic_files.make_writable(folder.parent)
    except OSError as error:
        raise errors.InputError(
            f"cannot write to --output={output}: {error.strerror}"
        ) from error
    return folder


def write(
    output: Path,
    step: int,
    values: Mapping[str, np.ndarray],
    add_files: Callable[[Path], None],
) -> str:
    """Writes a checkpoint with the files beside it.

    Args:
      output: as `require_new` returns it.
      step: of the checkpoint's name.
      values: by variable name.
      add_files: writes what goes along into the folder it is given.

    Returns:
      The checkpoint's path without '.index'.

    Raises:
      InputError: it cannot be written; nothing is left then.
    """
    try:
        with atomic_files.replace_folder(output) as unfinished:
            path = checkpoints.save(unfinished, step, values)
            add_files(unfinished)
    except OSError as error:
        raise errors.InputError(
            f"cannot write {output}: {errors.summarize(error)}"
        ) from error
    return str(output / Path(path).name)


def copy_settings(checkpoint: str, folder: Path) -> None:
    """Copies settings.json, by which programs know the network, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(
            Path(checkpoint).parent / run_settings.FILE, folder / run_settings.FILE
        )


def require_finite(path: str, values: Mapping[str, np.ndarray]) -> None:
    """Raises an InputError if values have NaN or infinities among them."""
    faulty = checkpoints.list_not_finite(values)
    if faulty:
        raise errors.InputError(
            f"{path}: {checkpoints.describe_not_finite(faulty)}; take an earlier one"
        )
