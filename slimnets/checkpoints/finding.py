"""Which checkpoint a user means by a folder or a path."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from google.protobuf import text_format
from tensorflow.python.training import checkpoint_state_pb2

from slimnets import errors
from slimnets.checkpoints import file_kinds
from slimnets.checkpoints.names import BASENAME, UNFINISHED, get_step
from slimnets.checkpoints.reading import (
    describe_kind,
    find_damage,
)

_STATE = "checkpoint"  # the state file's usual name


def find(
    path: str | Path, log: Callable[[str], None] = lambda line: None
) -> str | None:
    """Returns the checkpoint that a user means by `path`, or None if there is none.

    Args:
      path: a directory (its latest checkpoint that is whole), a checkpoint's path with
        or without '.index' or '.data-00000-of-00001', a state file (what it names), or
        a file in V1 format.
      log: gets a line where the latest in a directory is damaged and an earlier one is
        taken.
    """
    path = Path(path)
    if path.is_dir():
        return _find_newest(path, log)
    if file_kinds.recognize(path) is file_kinds.STATE:
        return _find_newest(path.parent, log, path.name)
    bare = _strip_suffix(path)
    if exists(bare):
        return bare
    return None


def require(path: str | Path, log: Callable[[str], None] = print) -> str:
    """Returns the checkpoint that a user means by `path`, as `find` does.

    Args:
      path: as `find`'s.
      log: as `find`'s.

    Raises:
      InputError: there is none, or it is another kind of file.
    """
    found = find(path, log)
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


def _find_newest(
    directory: Path, log: Callable[[str], None], state: str = _STATE
) -> str | None:
    """Returns the state file's latest checkpoint, or else the newest whole one."""
    listed = [path for path in list_saved(directory, state)[::-1] if exists(path)]
    others = [_strip_suffix(index) for index in directory.glob("*.index")]
    others = [path for path in others if not Path(path).name.startswith(UNFINISHED)]
    others.sort(key=lambda path: (get_step(path), path), reverse=True)
    found = list(dict.fromkeys([*listed, *others]))
    whole = next((path for path in found if not find_damage(path)), None)
    if whole is None:  # the error of reading the newest tells what is wrong
        return found[0] if found else None
    if whole != found[0] and exists(found[0]):
        log(f"{found[0]} is damaged or cut off; taking {whole}, the newest that is not")
    return whole


def list_saved(directory: Path, state_file: str = _STATE) -> list[str]:
    """Returns the checkpoints that the state file lists, the latest last.

    Only the file names are used: TensorFlow writes absolute paths, which are wrong
    once the folder was copied.
    """
    state = checkpoint_state_pb2.CheckpointState()
    try:
        # tf.train.get_checkpoint_state takes no path that is not UTF-8.
        content = (directory / state_file).read_text(encoding="utf-8")
        text_format.Merge(content, state)
    except (OSError, ValueError, text_format.ParseError):
        return []
    if not state.model_checkpoint_path:
        return []
    paths = [*state.all_model_checkpoint_paths, state.model_checkpoint_path]
    names = [Path(path).name for path in paths]
    earlier = dict.fromkeys(name for name in names if name != names[-1])
    return [str(directory / name) for name in [*earlier, names[-1]]]


def exists(path: str) -> bool:
    """Returns whether a checkpoint has this path, of V2 format or V1's single file."""
    # Unlike Path.is_file these know that no file has a name which is too long.
    return os.path.isfile(f"{path}.index") or os.path.isfile(path)
