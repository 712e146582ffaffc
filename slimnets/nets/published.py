"""Which published weights each network has: the facts of published_weights.json.

The file `SLIMNETS_WEIGHTS` names, of the same form, adds entries and replaces facts of
those that are there: for mirrors, and for weights of one's own.

    {"mobilenet_v2": {"keras": {"url": "http://mirror/mobilenet_v2.h5"},
                      "ours": {"url": "http://mirror/ours.tgz", "classes": 7}}}
"""

import dataclasses
import functools
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from slimnets import errors

CATALOGUE = "SLIMNETS_WEIGHTS"  # the environment variable
_FILE = Path(__file__).with_name("published_weights.json")


@dataclasses.dataclass(frozen=True)
class PublishedWeights:
    """Weights of a network that somebody published.

    Attributes:
      network: a name of the registry, or a reference to one's own.
      name: such as 'keras', 'tf_slim/mobilenet_v2_1.0_224', 'timm/resnet50.a1_in1k' or
        'torchvision/IMAGENET1K_V2'; the first part says whose they are.
      url: of the file.
      sha256: of the file in hexadecimal, or its first digits; '' where none was
        published.
      md5: of the file, in hexadecimal; '' where none was published.
      size: of the file, in bytes; None where unknown.
      member: of an archive, the checkpoint in it that is meant; '' for the only one.
      classes: of its logits.
      image_size: height and width that it was evaluated on, in pixels; None for the
        network's own.
      preprocessing: the recipe that it was evaluated with, a name of
        slimnets.preprocessing with arguments; '' for the network's own.
      bgr: whether it was trained on images of blue, green, red.
      license: of the weights, an SPDX identifier in lower case.
      top1: published top-1 accuracy on ImageNet's validation images, in percent.
      same_as: the name of the weights that these are a copy of, in another form.
    """

    network: str
    name: str
    url: str
    sha256: str = ""
    md5: str = ""
    size: int | None = None
    member: str = ""
    classes: int | None = None
    image_size: int | None = None
    preprocessing: str = ""
    bgr: bool = False
    license: str = ""
    top1: float | None = None
    same_as: str = ""

    @property
    def source(self) -> str:
        """Who published them, such as 'tf_slim', 'keras', 'timm' or 'torchvision'."""
        return self.name.partition("/")[0]


_FIELDS = {
    field.name: field.type
    for field in dataclasses.fields(PublishedWeights)
    if field.name not in ("network", "name")
}


def list_published(network: str) -> list[PublishedWeights]:
    """Returns a network's published weights, those to prefer first.

    Args:
      network: its name.

    Raises:
      InputError: the file that SLIMNETS_WEIGHTS names cannot be understood.
    """
    return list(read_catalogue().get(network, {}).values())


def read_catalogue() -> dict[str, dict[str, PublishedWeights]]:
    """Returns all published weights by network and name.

    Raises:
      InputError: the file that SLIMNETS_WEIGHTS names cannot be understood.
    """
    facts = _read(_FILE)
    given = os.environ.get(CATALOGUE)
    added_facts = _read(Path(given).expanduser()) if given else {}
    for network, entries in added_facts.items():
        ours = facts.setdefault(network, {})
        named = {_find_name(name, ours): entry for name, entry in entries.items()}
        # What the user adds comes first: it is what --checkpoint_path=imagenet takes.
        added = {name: entry for name, entry in named.items() if name not in ours}
        merged = {name: {**ours[name], **named.get(name, {})} for name in ours}
        facts[network] = {**added, **merged}
    return {
        network: {name: _make(network, name, entry) for name, entry in entries.items()}
        for network, entries in facts.items()
    }


def _find_name(name: str, ours: Mapping[str, Any]) -> str:
    """Returns the name of the entry that a name, or a source alone, stands for."""
    if name in ours:
        return name
    return next((known for known in ours if known.partition("/")[0] == name), name)


def _make(network: str, name: str, facts: Mapping[str, Any]) -> PublishedWeights:
    if not facts.get("url"):
        raise errors.InputError(
            f"the weights {name!r} of {network} have no url in {os.environ[CATALOGUE]}"
        )
    return PublishedWeights(network=network, name=name, **facts)


def _read(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    try:
        stamp = path.stat()
        content = _load(path, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, ValueError, RecursionError) as error:
        raise errors.InputError(
            f"the catalogue of weights {path}, which {CATALOGUE} names, cannot be read:"
            f" {errors.summarize(error)}"
        ) from error
    return {network: dict(entries) for network, entries in content.items()}


@functools.lru_cache(maxsize=4)
def _load(path: Path, *_: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Reads a catalogue, once as long as its file stays as it is."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it is no object of networks")
    for network, entries in content.items():
        if not isinstance(entries, dict):
            raise ValueError(f"{network} is no object of weights by name")
        for name, facts in entries.items():
            _check(f"{name} of {network}", facts)
    return content


def _check(which: str, facts: Any) -> None:
    """Raises a ValueError where facts are not as PublishedWeights has them."""
    if not isinstance(facts, dict):
        raise ValueError(f"{which} is no object")
    if which.startswith(" ") or not which.isprintable():  # they become folders
        raise ValueError(f"the name in {which!r} is empty or cannot be shown")
    for name, value in facts.items():
        if name not in _FIELDS:
            raise ValueError(f"{which} has {name!r}; known: {', '.join(_FIELDS)}")
        if not _is_of_type(value, _FIELDS[name]) or not _is_in_range(name, value):
            raise ValueError(f"{which} has {name}={value!r}")


def _is_of_type(value: Any, kind: Any) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind == (float | None) and isinstance(value, int):
        return True
    return isinstance(value, kind)


def _is_in_range(name: str, value: Any) -> bool:
    """Returns whether a fact of the right type can be true."""
    if value is None or value == "":
        return name != "url" or value == ""  # which an entry of ours may leave out
    if name == "url":
        return is_url(value)
    if name == "top1":
        return 0 <= value <= 100
    if name in ("sha256", "md5"):
        digits = "1,64" if name == "sha256" else "32"
        return bool(re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", value))
    return not isinstance(value, int) or isinstance(value, bool) or value > 0


def is_url(text: str) -> bool:
    """Returns whether a text is the URL of something on a server of the web."""
    try:
        parts = urlsplit(text)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and has_place and text.isprintable()
