"""What could surprise about photos that were decoded, in a line each."""

import collections
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from slimnets import errors
from slimnets.datasets.photo_checks import Checked

# Of 255: the brightest pixel of a photo that uses 13 of its 16 bits or fewer.
_DARK = 32


def note_copies(splits: Mapping[str, Sequence[Checked]]) -> Iterator[str]:
    """Says how many photos stand, byte for byte, in several splits or classes."""
    copies = collections.defaultdict(list)
    for split, items in splits.items():
        for item in items:
            copies[item.digest].append((split, item))
    by_split = _find_in_several(copies.values(), lambda split, item: split)
    if by_split:
        yield (
            f"photos in more than one split: {len(by_split):,}; evaluation will score"
            f" what was trained on, such as {_format_pair(by_split[0])}"
        )
    by_class = _find_in_several(copies.values(), lambda split, item: item.photo.labels)
    if by_class:
        yield (
            f"photos in more than one class: {len(by_class):,}; not all of their labels"
            f" can be right, such as {_format_pair(by_class[0])}"
        )


def note_dark_photos(checked: Iterable[Checked]) -> Iterator[str]:
    """Says how many photos of 16 bits come out nearly black in 8 bits."""
    dark = [item for item in checked if item.brightest < _DARK]
    if dark:
        yield (
            f"photos of 16 bits that use few of them: {len(dark):,}; in 8 bits they are"
            f" nearly black, such as {errors.printable(str(dark[0].photo.path))}, whose"
            f" brightest pixel is {dark[0].brightest} of 255: stretch their values to"
            " 0 to 65535 first"
        )


def _find_in_several(
    copies: Iterable[Sequence[tuple[str, Checked]]],
    place: Callable[[str, Checked], Hashable],
) -> list[list[Checked]]:
    """Returns, of each photo that has copies in several places, one of each."""
    of_each_place = [
        list({place(split, item): item for split, item in found}.values())
        for found in copies
    ]
    return [items for items in of_each_place if len(items) > 1]


def _format_pair(items: Sequence[Checked]) -> str:
    return " and ".join(errors.printable(str(item.photo.path)) for item in items[:2])
