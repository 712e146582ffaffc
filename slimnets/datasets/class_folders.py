"""Finds the photos of a folder that has one subfolder a class.

Two layouts: `images/<class>/...`, to be split by content, or `images/train/<class>/...`
beside `images/validation/<class>/...` or `images/test/<class>/...`, split already. A
folder that can be read both ways is refused: the user says which it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from slimnets import errors
from slimnets.datasets import class_names, folder_files
from slimnets.datasets import images as image_files
from slimnets.datasets.photos import SPLIT_OF_NAME, Found, Photo

_MOST_NAMED = 5

_ClassFolders = dict[str | None, list[Path]]  # by split; None where content decides it


class TwoReadings(errors.InputError):
    """A folder can be read in two ways; --layout says which is meant."""


def find(images: Path, labels: Path | None, layout: str = "auto") -> Found:
    """Lists every file of every class folder; none of them is decoded yet.

    Args:
      images: the folder of class folders, or of split folders of class folders.
      labels: a file of `id:name` lines that fixes the class ids; None: the sorted
        folder names are numbered, as numbers where all of them are.
      layout: 'classes' or 'splits' says how to read a folder that could be either;
        'auto' refuses such a folder.

    Raises:
      InputError: no class folders, an empty one, one that `labels` does not name or
        that labels.txt could not hold, or a layout that can be read in two ways.
    """
    folders = _find_class_folders(images, layout)
    if layout != "classes":
        _require_no_level_between(folders)
    names = _collect_class_names(folders)
    classes, find_label, notes = class_names.number_classes(
        names, labels, "class folder"
    )
    photos = [
        Photo(
            file.path,
            file.path.relative_to(images).as_posix(),
            split,
            (find_label(folder.name),),
            file.fault,
        )
        for split, paths in folders.items()
        for folder in paths
        for file in _list_class_files(folder)
    ]
    parents = {images, *(paths[0].parent for paths in folders.values())}
    notes += _note_splits(images, folders)
    return Found(classes, photos, _list_astray(sorted(parents)), notes)


def _find_class_folders(images: Path, layout: str) -> _ClassFolders:
    folders = folder_files.list_subfolders(images)
    if not folders:
        raise errors.InputError(
            f"{images} has no class folders; put the photos into {images}/<class>/"
        )
    named = {f: SPLIT_OF_NAME.get(f.name.lower()) for f in folders}
    inside = {f: folder_files.list_subfolders(f) for f in folders if named[f]}
    splits = {f: split for f, split in named.items() if split and inside[f]}
    if layout == "auto":
        layout = _read_layout(images, named, splits)
    if layout == "classes":
        return {None: folders}
    if not splits:
        known = ", ".join(SPLIT_OF_NAME)
        raise errors.InputError(
            f"{images} holds no split folder with class folders inside, such as"
            f" train/<class>/; known names of splits: {known}"
        )
    _require_one_folder_a_split(images, splits)
    return {split: inside[folder] for folder, split in splits.items()}


def _read_layout(
    images: Path, named: Mapping[Path, str | None], splits: Mapping[Path, str]
) -> str:
    """Says which layout a folder has; an InputError where it can be read both ways.

    Args:
      images: the folder.
      named: its folders, each with the split that it bears the name of, or None.
      splits: those of them that hold folders, as a split would its classes.
    """
    if len(splits) == len(named):
        return "splits"
    split_names = {split for split in named.values() if split}
    if not splits and len(split_names) <= 1 and None in named.values():
        return "classes"
    if not splits and None not in named.values():
        raise TwoReadings(
            f"{_format_names(named)} in {images} hold no class folders; put the photos"
            f" into {images}/train/<class>/, or say that these are the classes with"
            " --layout=classes"
        )
    others = [folder for folder in named if folder not in splits]
    raise TwoReadings(
        f"{images} can be read in two ways: {_format_names(splits or named)} as splits,"
        f" leaving out {_format_names(others)} (--layout=splits), or all {len(named)}"
        " folders as classes (--layout=classes)"
    )


def _require_one_folder_a_split(images: Path, splits: Mapping[Path, str]) -> None:
    found: dict[str, Path] = {}
    for folder, split in splits.items():
        if split in found:
            raise errors.InputError(
                f"{images} has both {found[split].name}/ and {folder.name}/, each a"
                f" {split} split; keep one"
            )
        found[split] = folder


def _require_no_level_between(folders: _ClassFolders) -> None:
    """Raises an InputError where the classes lie one folder deeper than they should."""
    for paths in folders.values():
        if len(paths) > 1:
            continue
        [only] = paths
        inside = folder_files.list_subfolders(only)
        if inside and not any(_find_photos_beside(only)):
            raise TwoReadings(
                f"{only.parent} holds one folder, {only.name}/, and that holds"
                f" {_format_names(inside)}: if these are the classes, take {only.name}/"
                f" out of the way (--images={only} where there are no splits); if"
                f" {only.name} is the only class, give --layout=classes"
            )


def _format_names(folders: Iterable[Path]) -> str:
    names = [f"{errors.printable(folder.name)}/" for folder in folders]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _collect_class_names(folders: _ClassFolders) -> tuple[str, ...]:
    """Returns the sorted class names; a class only held out is a slip of naming."""
    names = {split: {path.name for path in paths} for split, paths in folders.items()}
    known = sorted(names.get("train") or set().union(*names.values()))
    for split, found in names.items():
        if split:
            class_names.require_seen(found, split, known)
    return class_names.sort_names(known)


def _note_splits(images: Path, folders: _ClassFolders) -> list[str]:
    if None in folders:
        return []
    used = {paths[0].parent for paths in folders.values()}
    notes = [
        f"{folder} is not a split with class folders, so it is left out"
        for folder in folder_files.list_subfolders(images)
        if folder not in used
    ]
    if set(folders) == {"train"}:
        notes.append(
            f"{images} has no validation/ or test/: nothing is held out to evaluate on;"
            f" give --images={folders['train'][0].parent} to hold out a share of it"
        )
    return notes


def _list_class_files(folder: Path) -> list[folder_files.File]:
    files = folder_files.list_files(folder)
    if not files:
        raise errors.InputError(
            f"the class folder {folder} is empty; fill it or remove it"
        )
    return files


def _list_astray(folders: list[Path]) -> list[tuple[Path, str]]:
    """Lists the photos that lie beside class folders; a README there is no fault."""
    return [
        (path, "a photo beside the class folders, not in one")
        for folder in folders
        for path in sorted(_find_photos_beside(folder))
    ]


def _find_photos_beside(folder: Path) -> Iterator[Path]:
    """Yields the images in a folder itself, known by their first bytes."""
    for path in folder.iterdir():
        if path.is_file() and folder_files.is_users_file(path.name):
            with open(path, "rb") as file:
                if image_files.detect_format(file.read(16)):
                    yield path
