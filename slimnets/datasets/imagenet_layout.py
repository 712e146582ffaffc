"""ImageNet of ILSVRC 2012 as it is downloaded, nothing unpacked or all of it.

In one folder:

- train images: ILSVRC2012_img_train.tar, a tar of a tar for each synset; or a folder
  `train` or `ILSVRC2012_img_train` of these tars, or of folders `n01440764/`.
- validation images: ILSVRC2012_img_val.tar; or a folder `val`, `validation` or
  `ILSVRC2012_img_val` of files, or of folders by synset.
- their labels, where no folders give them: ILSVRC2012_validation_ground_truth.txt and
  meta.mat, in the folder, in ILSVRC2012_devkit_t12/data/ or in
  ILSVRC2012_devkit_t12.tar.gz; or TF-Slim's imagenet_2012_validation_synset_labels.txt.

Labels are TF-Slim's: class 0 is the background, synsets follow in their order. Photos
whose file says JPEG and is a PNG, or a JPEG in CMYK, of which ImageNet has some, become
what TensorFlow decodes, as those of other folders do.
"""

import io
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from slimnets import errors
from slimnets.datasets import folder_files
from slimnets.datasets.photos import Found, Part, Photo

# How many files a split makes, as TF-Slim's script has it.
SHARDS = {"train": 1024, "validation": 128}
BACKGROUND = "background"

_SIZES = {"train": 1_281_167, "validation": 50_000}  # of the whole ImageNet
_CLASSES = 1000

_TRAIN = ("ILSVRC2012_img_train.tar", "train", "ILSVRC2012_img_train")
_VALIDATION = ("ILSVRC2012_img_val.tar", "val", "validation", "ILSVRC2012_img_val")
_SYNSET_LISTS = (
    "LOC_synset_mapping.txt",
    "imagenet_metadata.txt",
    "imagenet_lsvrc_2015_synsets.txt",
    "synsets.txt",
)
_SYNSET_LABELS = "imagenet_2012_validation_synset_labels.txt"
_GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
_META = "meta.mat"
_KIT = "ILSVRC2012_devkit_t12"

_SYNSET = re.compile(r"n\d{8}")
_NUMBER = re.compile(r"_(\d{8})\.")


def find(folder: Path, synsets: Path | None = None) -> Found:
    """Lists the photos of ImageNet's layout; none is decoded yet.

    Args:
      folder: as the module says.
      synsets: a file of synsets in the order of their labels, each with its words or
        without: `n01440764 tench, Tinca tinca`. None takes one of the folder's, or the
        synsets of the train images, sorted, which is the same order.

    Returns:
      The photos, with their labels from 1 on.

    Raises:
      InputError: something is missing; the line says what and where.
    """
    if not folder.is_dir():
        raise errors.InputError(f"no folder {folder}; give the one of ImageNet's files")
    train = list(_list_photos(folder, _TRAIN, "train"))
    validation = list(_list_photos(folder, _VALIDATION, "validation"))
    if not train and not validation:
        raise errors.InputError(
            f"{folder} holds no photos in any of {', '.join(_TRAIN + _VALIDATION)}"
        )
    met = {_get_synset(photo.name) for photo in train} - {""}
    words = _read_words(folder, synsets) or {synset: synset for synset in sorted(met)}
    ids = {synset: label for label, synset in enumerate(words, start=1)}
    truth = _Truth(folder)
    photos = [
        photo._replace(labels=(_find_label(photo, ids, truth),))
        for photo in train + validation
    ]
    classes = (BACKGROUND, *words.values())
    notes = list(_note_sizes(photos, len(words)))
    return Found(classes, photos, [], notes, shards=SHARDS)


class _Truth:
    """The synsets of validation photos that lie in no folder of their synset."""

    def __init__(self, folder: Path):
        """Reads nothing before it is asked for."""
        self._folder = folder
        self._synsets: list[str] = []

    def get_synset(self, photo: Photo) -> str:
        """Returns the synset of a photo, by the number in its name."""
        number = _NUMBER.search(photo.name)
        if not number:
            raise errors.InputError(
                f"{photo.path} lies in no folder of a synset, and has no number such as"
                " _00000001 in its name"
            )
        self._synsets = self._synsets or self._read()
        if not 1 <= int(number[1]) <= len(self._synsets):
            raise errors.InputError(
                f"{photo.path} is number {int(number[1])}, but there are labels of"
                f" {len(self._synsets)} validation photos"
            )
        return self._synsets[int(number[1]) - 1]

    def _read(self) -> list[str]:
        """Reads the synset of each photo, in order."""
        listed = _read_file(self._folder, _SYNSET_LABELS)
        if listed is not None:
            return listed.decode().split()
        numbers, meta = (_read_file(self._folder, f) for f in (_GROUND_TRUTH, _META))
        if numbers is None or meta is None:
            raise errors.InputError(
                f"the labels of the validation photos are not there: {self._folder} has"
                f" neither {_KIT}.tar.gz, nor {_GROUND_TRUTH} with {_META}, nor"
                f" {_SYNSET_LABELS}"
            )
        synsets = _read_meta(meta)
        try:
            return [synsets[int(number)] for number in numbers.split()]
        except (KeyError, ValueError) as error:
            raise errors.InputError(
                f"{_GROUND_TRUTH} has {error}, which is no number of {_META}"
            ) from error


def _list_photos(folder: Path, sources: Sequence[str], split: str) -> Iterator[Photo]:
    """Yields the photos of the first source that is there, without their labels."""
    present = [folder / name for name in sources if (folder / name).exists()]
    if not present:
        return
    source = present[0]
    if source.is_file():
        yield from _list_tar(source, source, "", split)
        return
    for tar in sorted(source.glob("n????????.tar")):
        yield from _list_tar(tar, tar, f"{tar.stem}/", split)
    for file in folder_files.list_files(source):
        if file.path.suffix != ".tar":
            name = file.path.relative_to(source).as_posix()
            yield Photo(file.path, name, split, (), file.fault)


def _list_tar(path: Path, shown: Path, before: str, split: str) -> Iterator[Photo]:
    """Yields the photos of a tar, and of the tars in it, where they lie."""
    try:
        with tarfile.open(path, "r:") as archive:
            for name, offset, size in _walk(archive):
                part = Part(path, offset, size)
                yield Photo(shown / name, f"{before}{name}", split, (), "", part)
    except (tarfile.TarError, OSError) as error:
        raise errors.InputError(
            f"{path} is no tar that is not compressed, or is damaged: {error}"
        ) from error


def _walk(archive: tarfile.TarFile) -> Iterator[tuple[str, int, int]]:
    """Yields name, offset and size of the files of a tar, and of the tars in it."""
    for member in archive:
        if member.isfile() and member.name.endswith(".tar"):
            with tarfile.open(fileobj=archive.extractfile(member), mode="r:") as inner:
                for name, offset, size in _walk(inner):
                    stem = PurePosixPath(member.name).stem
                    yield f"{stem}/{name}", member.offset_data + offset, size
        elif member.isfile():
            name = member.name.removeprefix("./")
            yield name, member.offset_data, member.size


def _get_synset(name: str) -> str:
    """Returns the synset whose folder or tar a photo lies in; '' for none."""
    inside = PurePosixPath(name).parts[:-1]
    return next((part for part in inside if _SYNSET.fullmatch(part)), "")


def _find_label(photo: Photo, ids: Mapping[str, int], truth: _Truth) -> int:
    synset = _get_synset(photo.name)
    if not synset and photo.split == "train":
        raise errors.InputError(
            f"{photo.path} lies in no folder or tar of a synset, such as n01440764"
        )
    synset = synset or truth.get_synset(photo)
    if synset not in ids:
        raise errors.unknown(f"synset of {photo.path}:", synset, ids)
    return ids[synset]


def _read_words(folder: Path, given: Path | None) -> dict[str, str]:
    """Returns the words of each synset, in the order of the labels; {} if unknown."""
    present = [folder / name for name in _SYNSET_LISTS if (folder / name).is_file()]
    path = given or next(iter(present), None)
    if path is None:
        return {}
    words = {}
    for number, line in enumerate(_read_lines(path), start=1):
        synset, _, text = line.strip().replace("\t", " ", 1).partition(" ")
        if not _SYNSET.fullmatch(synset) or synset in words:
            raise errors.InputError(
                f"{path}, line {number}: {line.strip()!r} does not begin with a synset"
                " such as n01440764, or that stood before"
            )
        words[synset] = text.strip() or synset
    return words


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise errors.InputError(f"cannot read {path}: {error}") from error


def _read_file(folder: Path, name: str) -> bytes | None:
    """Returns a file of the folder or of its development kit, packed or not."""
    for path in (folder / name, folder / _KIT / "data" / name):
        if path.is_file():
            return path.read_bytes()
    kit = folder / f"{_KIT}.tar.gz"
    if not kit.is_file():
        return None
    try:
        with tarfile.open(kit, "r:gz") as archive:
            file = archive.extractfile(f"{_KIT}/data/{name}")
            return file.read() if file else None
    except KeyError:
        return None
    except (tarfile.TarError, OSError, EOFError) as error:
        raise errors.InputError(f"{kit} is damaged: {error}") from error


def _read_meta(content: bytes) -> dict[int, str]:
    """Returns synsets by their number in the development kit."""
    scipy_io: Any = errors.import_extra("scipy.io", "imagenet")
    try:
        table = scipy_io.loadmat(io.BytesIO(content), squeeze_me=True)["synsets"]
        numbers, synsets = table["ILSVRC2012_ID"], table["WNID"]
        return {int(k): str(name) for k, name in zip(numbers, synsets, strict=True)}
    except Exception as error:  # of a damaged file SciPy raises what it happens to meet
        raise errors.InputError(
            f"{_META} is not the one of {_KIT}: {errors.summarize(error)}"
        ) from error


def _note_sizes(photos: Sequence[Photo], synsets: int) -> Iterator[str]:
    if synsets != _CLASSES:
        yield f"all of ImageNet has {_CLASSES:,} synsets, here are {synsets:,}"
        return
    for split, size in _SIZES.items():
        found = sum(photo.split == split for photo in photos)
        if found != size:
            yield f"all of ImageNet has {size:,} {split} photos, here are {found:,}"
