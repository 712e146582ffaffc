"""Which checkpoint a user means by a folder or a path."""

import re
from pathlib import Path

import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints import file_kinds
from slimnets.checkpoints.names import BASENAME, UNFINISHED, get_step
from slimnets.checkpoints.reading import UNREADABLE, describe_kind, is_whole

_STATE = "checkpoint"  # the state file's usual name


def find(path: str | Path) -> str | None:
    """Returns the checkpoint that a user means by `path`, or None if there is none.

    Args:
      path: a directory (its latest checkpoint), a checkpoint's path with or without
        '.index' or '.data-00000-of-00001', a state file (what it names), or a file in
        V1 format.
    """
    path = Path(path)
    if path.is_dir():
        return _find_newest(path)
    if file_kinds.recognize(path) is file_kinds.STATE:
        return _find_newest(path.parent, path.name)
    bare = _strip_suffix(path)
    if exists(bare):
        return bare
    return None


def require(path: str | Path) -> str:
    """Returns the checkpoint that a user means by `path`, as `find` does.

    Raises:
      InputError: there is none, or it is another kind of file.
    """
    found = find(path)
    is_part = re.search(r"\.data-\d+-of-\d+$", str(path))  # whose bytes tell nothing
    kind = None if is_part else file_kinds.recognize(found or path)
    if kind not in (None, file_kinds.TABLE, file_kinds.STATE):
        raise describe_kind(str(path), kind)
    if found is None:
        where = (
            "no checkpoint in the folder" if Path(path).is_dir() else "no checkpoint"
        )
        raise errors.InputError(
            f"{where} {path}{_tell_missing_index(path)}; give a folder with"
            f" {BASENAME}-*.index files or the path of one checkpoint"
        )
    return found


def _tell_missing_index(path: str | Path) -> str:
    """Returns what to add where a checkpoint's data is there without its index."""
    bare = Path(_strip_suffix(path))
    if not bare.parent.is_dir():
        return ""
    alone = any(f.name.startswith(f"{bare.name}.data-") for f in bare.parent.iterdir())
    return f": {bare.name}.index is missing beside its data" if alone else ""


def _strip_suffix(path: str | Path) -> str:
    """Returns a checkpoint's path from that of one of its files."""
    return re.sub(r"\.(index|meta|data-\d+-of-\d+)$", "", str(path))


def _find_newest(directory: Path, state: str = _STATE) -> str | None:
    """Returns the state file's latest checkpoint, or else the newest whole one."""
    listed = list_saved(directory, state)
    if listed and exists(listed[-1]):
        return listed[-1]
    found = [_strip_suffix(index) for index in directory.glob("*.index")]
    found = [path for path in found if not Path(path).name.startswith(UNFINISHED)]
    found.sort(key=lambda path: (get_step(path), path), reverse=True)
    # Where none is whole, the newest: the error of reading it tells what is wrong.
    return next(filter(is_whole, found), found[0] if found else None)


def list_saved(directory: Path, state_file: str = _STATE) -> list[str]:
    """Returns the checkpoints that the state file lists, the latest last.

    Only the file names are used: TensorFlow writes absolute paths, which are wrong
    once the folder was copied.
    """
    try:
        state = tf.train.get_checkpoint_state(str(directory), state_file)
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
