"""The 1,000 classes of ImageNet (ILSVRC 2012, arXiv:1409.0575) by name.

imagenet_classes.txt has the synset and the first of its words in WordNet 3.0 for each,
in the order of the synsets, which is that of every published network.
"""

import functools
from pathlib import Path

BACKGROUND = "background"  # TF-Slim's class 0 of 1001

_FILE = Path(__file__).parent / "imagenet_classes.txt"


@functools.cache
def list_synsets() -> tuple[str, ...]:
    """Returns the synsets, such as n01440764, in order."""
    return tuple(line.split(" ", 1)[0] for line in _read())


@functools.cache
def list_names(num_classes: int) -> tuple[str, ...]:
    """Returns the names of 1000 classes, or of 1001 of which 0 is the background.

    Returns:
      As many names; none for another number of classes, which are not ImageNet's.
    """
    names = tuple(line.split(" ", 1)[1] for line in _read())
    return {1000: names, 1001: (BACKGROUND, *names)}.get(num_classes, ())


def _read() -> list[str]:
    return _FILE.read_text(encoding="utf-8").splitlines()
