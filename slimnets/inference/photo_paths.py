"""The photos that a user names: files, folders of them, or a list on standard input."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from slimnets import errors
from slimnets.datasets import images

STANDARD_INPUT = "-"


def list_photos(words: Sequence[str], standard_input: BinaryIO) -> list[str]:
    """Returns the paths of all photos that some words name, in their order.

    Args:
      words: paths of files; of folders, which stand for the images in them and their
        subfolders; or '-', which stands for the lines of standard input, each a path.
      standard_input: that.

    Raises:
      InputError: there is no word, or no image in a folder, or nothing in the input.
    """
    if not words:
        raise errors.InputError(
            "name the photos to classify: files, folders, or - for a list of paths on"
            " standard input"
        )
    return [path for word in words for path in _list_of_word(word, standard_input)]


def _list_of_word(word: str, standard_input: BinaryIO) -> Iterable[str]:
    if word == STANDARD_INPUT:
        lines = [os.fsdecode(line.rstrip(b"\r\n")) for line in standard_input]
        paths = [line for line in lines if line]
        if not paths:
            raise errors.InputError("standard input names no photo: it is empty")
        return paths
    word = os.path.expanduser(word)
    if os.path.isdir(word):
        return [str(file.path) for file in images.find_images(Path(word))]
    return [word]
