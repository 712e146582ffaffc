"""The pages of an extraction: checked before the work, written behind it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config.feature_views import FeatureViewsConfig
from slimnets.inference.extraction import nearest, projection
from slimnets.inference.extraction.images import Images
from slimnets.inference.extraction.vectors import Vectors

_SUFFIXES = (".html", ".htm")

_Write = Callable[[Vectors, Images, FeatureViewsConfig, str, Mapping[str, str]], None]
_PAGES: dict[str, tuple[str, _Write]] = {
    "neighbours": ("Neighbours", nearest.write_page),
    "picture": ("Images in a plane", projection.write_page),
}


def list_pages(config: FeatureViewsConfig) -> dict[str, str]:
    """Returns the paths of the pages that are asked for, by flag."""
    paths = {flag: getattr(config, flag) for flag in _PAGES}
    return {flag: path for flag, path in paths.items() if path is not None}


def check(config: FeatureViewsConfig) -> None:
    """Raises an InputError for a page of another kind, or that cannot be written."""
    for flag, path in list_pages(config).items():
        if Path(path).suffix not in _SUFFIXES:
            raise errors.InputError(f"--{flag}={path} has to end in .html")
        require_folder(flag, path, Path(path).parent)
    if config.picture is not None:
        projection.require()
    if config.queries and config.neighbours is None:
        raise errors.InputError("--queries is for --neighbours, which is not given")


def require_folder(flag: str, path: str, folder: Path) -> None:
    """Makes a folder for what a flag names; InputError where that cannot be."""
    try:
        atomic_files.make_writable(folder)
    except OSError as error:
        raise errors.InputError(
            f"cannot write --{flag}={path}: {error.strerror}"
        ) from error


def write(
    vectors: Vectors,
    images: Images,
    config: FeatureViewsConfig,
    network: str,
    facts: Mapping[str, str],
) -> None:
    """Writes the pages that are asked for.

    Args:
      vectors: of the images.
      images: where they come from.
      config: what is asked for.
      network: its name, for the titles.
      facts: that the pages show.

    Raises:
      InputError: a page cannot be made of these images, or not be written.
    """
    for flag, path in list_pages(config).items():
        heading, write_page = _PAGES[flag]
        title = f"{heading}: {network}"
        try:
            write_page(vectors, images, config, title, facts)
        except OSError as error:
            raise errors.InputError(
                f"cannot write --{flag}={path}: {error.strerror}"
            ) from error
