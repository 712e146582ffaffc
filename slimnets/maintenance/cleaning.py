"""Removing old checkpoints and what failed saves left, shown before."""

import dataclasses
from pathlib import Path

from slimnets import checkpoints, errors, folder_lock
from slimnets.config.checkpoint_files import CleaningConfig
from slimnets.maintenance import listing


@dataclasses.dataclass(frozen=True)
class Removal:
    """What is to be removed from a folder.

    Attributes:
      folder: as it was found.
      kept: checkpoints of a run that stay, the latest last.
      removed: those that go.
    """

    folder: listing.Folder
    kept: tuple[listing.Item, ...]
    removed: tuple[listing.Item, ...]

    def describe(self, done: bool) -> str:
        """Returns what is, or would be, removed and kept."""
        leftovers = self.folder.leftovers
        if not self.removed and not leftovers:
            return f"{self.folder.path}: nothing to remove"
        size = sum(item.size for item in self.removed)
        size += sum(_measure(path) for path in leftovers) if not done else 0
        word = "removed" if done else "would remove"
        lines = [f"{word} {item.path}" for item in self.removed]
        lines += [f"{word} {path}, left by a failed save" for path in leftovers]
        lines.append(f"kept: {', '.join(Path(i.path).name for i in self.kept) or '-'}")
        if not done:
            lines.append(f"{size / 1e6:.1f} MB; --yes removes them")
        return "\n".join(lines)


def clean(folder: str, config: CleaningConfig) -> str:
    """Removes old checkpoints and leftovers, or tells what it would remove.

    The newest, that which programs take, and the best always stay; so does what is not
    named as training names its checkpoints.

    Args:
      folder: of a run.
      config: how many stay, and whether anything is removed.

    Returns:
      What was or would be removed, as text.

    Raises:
      InputError: it is no folder, a process writes there, or it cannot be changed.
    """
    if not config.yes:
        return find(folder, config.keep).describe(done=False)
    path = listing.require_folder(folder)
    with folder_lock.lock(listing.get_locked(path), "cleaning"):
        removal = find(folder, config.keep)
        try:
            _remove(removal)
        except OSError as error:
            raise errors.InputError(
                f"cannot clean {path}: {errors.summarize(error)}"
            ) from error
    return removal.describe(done=True)


def find(folder: str, keep: int) -> Removal:
    """Returns what is to be removed, without removing it.

    Args:
      folder: of a run.
      keep: how many of the newest stay, at least 1.
    """
    found = listing.read(folder)
    of_run = [item for item in found.items if item.is_of_run]
    whole = [item for item in of_run if not item.damage]
    stay = {found.latest, *(i.path for i in (*of_run[-keep:], *whole[-keep:]))}
    stay |= {item.path for item in of_run if item.step == found.best}
    kept = [item for item in found.items if item.path in stay]
    kept.sort(key=lambda item: item.path == found.latest)
    removed = tuple(item for item in of_run if item.path not in stay)
    return Removal(found, tuple(kept), removed)


def _remove(removal: Removal) -> None:
    folder = removal.folder.path
    if removal.removed:
        kept = [item.path for item in removal.kept]
        checkpoints.keep_only(folder, kept, [item.path for item in removal.removed])
    else:
        checkpoints.clear_leftovers(folder)


def _measure(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
