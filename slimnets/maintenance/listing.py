"""What lies in a folder of checkpoints."""

import datetime
import re
from pathlib import Path
from typing import NamedTuple

from slimnets import checkpoints, errors, folder_lock
from slimnets.checkpoints import file_kinds, reading, run_settings
from slimnets.checkpoints.names import UNFINISHED
from slimnets.datasets.writer import format_table

BEST = "best"  # the folder in which training keeps the best checkpoint
_OF_RUN = re.compile(rf"{re.escape(checkpoints.BASENAME)}-\d+")
_PART = re.compile(r"\.(index|meta|data-\d+-of-\d+)$")
_FLAGS = ("optimizer", "learning_rate", "batch_size", "weight_decay", "seed")


class Item(NamedTuple):
    """A checkpoint in a folder.

    Attributes:
      path: without '.index'.
      step: at the end of its name; 0 where there is none.
      size: of its files, in bytes.
      written: when, in seconds since 1970.
      damage: why it cannot be read; '' where it can.
    """

    path: str
    step: int
    size: int
    written: float
    damage: str

    @property
    def is_of_run(self) -> bool:
        """Whether it is named as training names its checkpoints."""
        return bool(_OF_RUN.fullmatch(Path(self.path).name))


class Folder(NamedTuple):
    """What lies in a folder.

    Attributes:
      path: of the folder.
      items: the checkpoints, by step.
      latest: the path of that which programs take; None where there is none.
      best: the step of the best one, as training kept it; None where it kept none.
      leftovers: files that failed saves left.
      holder: what process writes here now; None where none does.
    """

    path: Path
    items: tuple[Item, ...]
    latest: str | None
    best: int | None
    leftovers: tuple[Path, ...]
    holder: str | None


def read(folder: str | Path) -> Folder:
    """Looks at a folder; every value of every checkpoint is read, once.

    Raises:
      InputError: it is no folder.
    """
    path = require_folder(folder)
    found = [_read_item(each) for each in _list_paths(path)]
    found.sort(key=lambda item: (item.step, item.path))
    best = checkpoints.find(path / BEST) if (path / BEST).is_dir() else None
    return Folder(
        path,
        tuple(found),
        checkpoints.find(path),
        None if best is None else checkpoints.get_step(best),
        tuple(checkpoints.list_leftovers(path)),
        folder_lock.find_holder(get_locked(path)),
    )


def require_folder(folder: str | Path) -> Path:
    """Returns the path of a folder; an InputError where it is none."""
    path = Path(folder)
    if not path.is_dir():
        raise errors.InputError(f"{path} is no folder; name one of checkpoints")
    return path


def get_locked(folder: Path) -> Path:
    """Returns the folder that training locks while it writes into one."""
    return folder.absolute().parent if folder.absolute().name == BEST else folder


def describe(folder: Folder) -> str:
    """Returns what lies there, as text."""
    lines = [_describe_run(folder)] if folder.items else []
    rows = [["checkpoint", "step", "MB", "written (UTC)", ""]]
    rows += [_make_row(folder, item) for item in folder.items]
    lines += [format_table(rows)] if folder.items else ["no checkpoints"]
    if folder.leftovers:
        size = sum(path.stat().st_size for path in folder.leftovers)
        lines.append(
            f"left by failed saves: {len(folder.leftovers)} files, {size / 1e6:.1f} MB;"
            " `slimnets checkpoints clean` removes them"
        )
    if folder.holder:
        lines.append(f"in use: {folder.holder}")
    return "\n".join(lines)


def _list_paths(folder: Path) -> list[str]:
    """Returns the checkpoints of a folder, those of one file too."""
    paths = []
    for file in folder.iterdir():
        if file.name.startswith(UNFINISHED) or not file.is_file():
            continue
        if file.suffix == ".index":
            paths.append(str(file.with_suffix("")))
        elif (
            not _PART.search(file.name)
            and file_kinds.recognize(file) is file_kinds.TABLE
        ):
            paths.append(str(file))
    return paths


def _read_item(path: str) -> Item:
    states = [file.stat() for file in checkpoints.list_files(path)]
    return Item(
        path,
        checkpoints.get_step(path),
        sum(state.st_size for state in states),
        max((state.st_mtime for state in states), default=0.0),
        checkpoints.find_damage(path),
    )


def _make_row(folder: Folder, item: Item) -> list[str]:
    date = datetime.datetime.fromtimestamp(item.written, datetime.timezone.utc)
    marks = [
        word
        for word, holds in (
            ("latest", item.path == folder.latest),
            ("best", item.step == folder.best),
            ("damaged", bool(item.damage)),
            ("V1 format", not reading.list_files(item.path)[1:]),
        )
        if holds
    ]
    name = Path(item.path).name
    size = f"{item.size / 1e6:.1f}"
    return [
        name,
        str(item.step),
        size,
        f"{date:%Y-%m-%d %H:%M:%S}",
        ", ".join(marks),
    ]


def _describe_run(folder: Folder) -> str:
    """Returns the settings of the run in a line or two."""
    settings = run_settings.read(folder.items[0].path)
    if settings is None:
        return f"{folder.path}: no {run_settings.FILE}"
    flags = run_settings.read_flags(folder.items[0].path) or {}
    data = settings.dataset_dir or "the digits in the package"
    lines = [
        f"{folder.path}: {settings.model}, {settings.num_classes} classes, images of"
        f" {settings.image_size} pixels, trained on {data}"
    ]
    mean = run_settings.read_mean(folder.items[0].path)
    if mean:
        lines.append(f"the mean of {len(mean)} checkpoints: {', '.join(mean)}")
    known = [f"{name}={flags[name]}" for name in _FLAGS if flags.get(name) is not None]
    return "\n".join([*lines, *([", ".join(known)] if known else [])])
