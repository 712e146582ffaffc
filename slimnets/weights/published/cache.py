"""The folder in which published weights are kept, shared by all processes of a user.

downloads/HOST/PATH/FILE     what was downloaded
hashes/HOST/PATH/FILE.json   its SHA-256 and size, kept when the file is removed
checkpoints/NETWORK/NAME/    the TF-Slim checkpoint made of it, with settings.json
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from slimnets.nets.published import PublishedWeights
from slimnets.user_cache import get_home

_BLOCK = 1 << 20


def locate_download(url: str) -> Path:
    """Returns where the file of a URL is kept, whether or not it is there."""
    return get_home() / "downloads" / _to_path(url)


def locate_hashes(url: str) -> Path:
    """Returns where the hashes of a URL's first download are kept."""
    path = get_home() / "hashes" / _to_path(url)
    return path.with_name(f"{path.name}.json")


def locate_checkpoint(weights: PublishedWeights) -> Path:
    """Returns the folder of the checkpoint that is made of published weights."""
    network = quote(weights.network, safe="()=, ")
    return get_home() / "checkpoints" / _no_dots(network) / _to_name(weights)


def holds(checkpoint: str) -> bool:
    """Returns whether a checkpoint lies in the cache."""
    return (get_home() / "checkpoints") in Path(checkpoint).absolute().parents


def hide_password(url: str) -> str:
    """Returns a URL without the user and the password that it may have, to be shown."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _to_name(weights: PublishedWeights) -> str:
    """Returns the name of a folder: that of the weights, or of a URL's file."""
    if weights.name != weights.url:
        return _no_dots(quote(weights.name.replace("/", "__"), safe=""))
    digest = hashlib.sha256(weights.url.encode()).hexdigest()[:12]
    file = Path(unquote(urlsplit(weights.url).path)).name
    return f"{_no_dots(quote(file, safe=''))}-{digest}"


def _to_path(url: str) -> Path:
    """Returns a relative path for a URL, which stays below the folder it is put in."""
    parts = urlsplit(hide_password(url))
    names = [parts.netloc, *unquote(parts.path).split("/")]
    if parts.query:
        names[-1] += f"?{parts.query}"
    return Path(*(_no_dots(quote(name, safe="?=&:")) for name in names if name))


def _no_dots(name: str) -> str:
    """Returns a file's name that is none of '.' and '..', and not too long."""
    if len(name) > 200:
        name = f"{name[:160]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return name.replace(".", "%2E") if not name.strip(".") else name


def hash_file(path: Path, kind: str = "sha256") -> str:
    """Returns a file's hash in hexadecimal.

    Args:
      path: of the file.
      kind: 'sha256' or 'md5'.
    """
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def list_files(folder: Path) -> Iterator[Path]:
    """Yields the files below a folder, in order; none where there is no folder."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())
