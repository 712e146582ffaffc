"""Real photos to measure input with, where the user names none."""

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_COPIES = 100
_CREDIT = "scikit-learn's two sample photos (640x427, CC BY)"


@contextmanager
def folder(given: str | None) -> Iterator[str]:
    """Gives a folder of class folders of JPEGs: the user's, or one that is made.

    Args:
      given: the user's; None makes one of the sample photos of scikit-learn.

    Raises:
      ModuleNotFoundError: there is neither.
    """
    if given:
        yield given
        return
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("scikit-learn, for its photos; or give --photos=DIR")
    samples = Path(spec.origin).parent / "datasets" / "images"
    with TemporaryDirectory() as made:
        for photo in sorted(samples.glob("*.jpg")):
            place = Path(made, "photos", photo.stem)
            place.mkdir(parents=True)
            for number in range(_COPIES):
                shutil.copy(photo, place / f"{number}.jpg")
        print(f"photos: {_COPIES} copies each of {_CREDIT}", flush=True)
        yield str(Path(made, "photos"))
