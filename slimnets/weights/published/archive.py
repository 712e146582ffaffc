"""The checkpoint inside an archive of TF-Slim's, unpacked alone."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from slimnets import errors
from slimnets.checkpoints import size_limits

_PARTS = re.compile(r"\.(index|meta|data-\d+-of-\d+)$")
_AVERAGED = "ema"  # the folder of averaged weights in MobileNet v3's archives


class Damaged(errors.InputError):
    """An archive cannot be unpacked."""


def unpack_checkpoint(archive: Path, member: str, folder: Path) -> Path:
    """Unpacks the files of one checkpoint, and no others.

    Args:
      archive: a .tar, compressed or not.
      member: the checkpoint's name or path in it; '' for the only one, or for that of
        averaged weights.
      folder: an existing one to put the files into, whatever folder they had.

    Returns:
      The checkpoint's path.

    Raises:
      Damaged: it is no archive, is cut off, or would fill the disk.
      InputError: it has no such checkpoint, or several.
    """
    try:
        with tarfile.open(archive) as tar:
            files = [item for item in tar if item.isfile()]
            chosen = _choose(archive, [item.name for item in files], member)
            parts = [f for f in files if _PARTS.sub("", f.name) == chosen]
            size_limits.check(archive, sum(part.size for part in parts))
            for part in parts:
                _write(tar, part, folder / PurePosixPath(part.name).name)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        is_disk = isinstance(error, OSError) and error.errno is not None
        if is_disk or isinstance(error, errors.InputError):
            raise
        raise Damaged(
            f"{archive} cannot be unpacked: {errors.summarize(error)}"
        ) from error
    return folder / PurePosixPath(chosen).name


def _write(tar: tarfile.TarFile, item: tarfile.TarInfo, target: Path) -> None:
    content = tar.extractfile(item)
    if content is None:
        raise ValueError(f"{item.name} is no file")
    with content, target.open("wb") as file:
        while block := content.read(1 << 20):
            file.write(block)


def _choose(archive: Path, names: list[str], member: str) -> str:
    """Returns the path in the archive of the checkpoint that is meant."""
    found = list(dict.fromkeys(_list_checkpoints(names)))
    fits = [name for name in found if not member or _is_named(name, member)]
    if len(fits) > 1:
        averaged = [name for name in fits if _AVERAGED in PurePosixPath(name).parts]
        fits = averaged or fits
    if len(fits) != 1:
        wanted = f"checkpoint {member}" if member else "single checkpoint"
        raise errors.InputError(
            f"{archive} has no {wanted}; it has {', '.join(found) or 'none'}"
        )
    return fits[0]


def _is_named(name: str, member: str) -> bool:
    parts, wanted = PurePosixPath(name).parts, PurePosixPath(member).parts
    return parts[-len(wanted) :] == wanted


def _list_checkpoints(names: list[str]) -> Iterator[str]:
    """Yields the checkpoints among paths: with an index, or a single file of V1."""
    with_index = {_PARTS.sub("", name) for name in names if name.endswith(".index")}
    for name in names:
        bare = _PARTS.sub("", name)
        if bare in with_index or name.endswith(".ckpt"):
            yield bare
