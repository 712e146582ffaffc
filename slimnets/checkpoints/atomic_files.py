"""Writing results: folders are checked before the work, files whole or absent."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def make_writable(folder: Path) -> None:
    """Makes a folder if it is missing, and checks that it can be written.

    Raises:
      OSError: nothing can be written there; its strerror says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Writes values as JSON, atomically.

    Raises:
      OSError: it cannot be written; nothing is left then.
    """
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        unfinished.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder to fill, which replaces `folder` at the end.

    If an exception is raised before, `folder` is left as it was.
    """
    unfinished = folder.with_name(f"unfinished-{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        replaced = folder.with_name(f"replaced-{folder.name}")
        shutil.rmtree(replaced, ignore_errors=True)
        if folder.exists():
            folder.rename(replaced)
        unfinished.rename(folder)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
