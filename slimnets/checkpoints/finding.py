"""Which checkpoint a user means by a folder or a path."""

import re
from pathlib import Path

import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints.names import BASENAME, UNFINISHED, get_step
from slimnets.checkpoints.reading import UNREADABLE, is_whole


def find(path: str | Path) -> str | None:
    """Returns the checkpoint that a user means by `path`, or None if there is none.

    Args:
      path: a directory (its latest checkpoint), a checkpoint's path with or without
        '.index' or '.data-00000-of-00001', or a file in V1 format.
    """
    path = Path(path)
    if path.is_dir():
        return _find_newest(path)
    bare = re.sub(r"\.(index|meta|data-\d+-of-\d+)$", "", str(path))
    if exists(bare):
        return bare
    return None


def require(path: str | Path) -> str:
    """Returns the checkpoint that a user means by `path`, as `find` does.

    Raises:
      InputError: there is none.
    """
    found = find(path)
    if found is None:
        where = (
            "no checkpoint in the folder" if Path(path).is_dir() else "no checkpoint"
        )
        raise errors.InputError(
            f"{where} {path}; give a folder with {BASENAME}-*.index files or the path"
            " of one checkpoint"
        )
    return found


def _find_newest(directory: Path) -> str | None:
    """Returns the state file's latest checkpoint, or else the newest whole one."""
    listed = list_saved(directory)
    if listed and exists(listed[-1]):
        return listed[-1]
    found = [str(index)[: -len(".index")] for index in directory.glob("*.index")]
    found = [path for path in found if not Path(path).name.startswith(UNFINISHED)]
    found.sort(key=lambda path: (get_step(path), path), reverse=True)
    # Where none is whole, the newest: the error of reading it tells what is wrong.
    return next(filter(is_whole, found), found[0] if found else None)


def list_saved(directory: Path) -> list[str]:
    """Returns the checkpoints that the state file lists, the latest last.

    Only the file names are used: TensorFlow writes absolute paths, which are wrong
    once the folder was copied.
    """
    try:
        state = tf.train.get_checkpoint_state(str(directory))
    except UNREADABLE:
        return []
    if state is None:
        return []
    paths = [*state.all_model_checkpoint_paths, state.model_checkpoint_path]
    names = [Path(path).name for path in paths]
    earlier = dict.fromkeys(name for name in names if name != names[-1])
    return [str(directory / name) for name in [*earlier, names[-1]]]


def exists(path: str) -> bool:
    """Returns whether a checkpoint has this path, of V2 format or V1's single file."""
    return Path(f"{path}.index").is_file() or Path(path).is_file()
