"""The folder of what all processes of a user share: weights and converted photos."""

import os
from pathlib import Path

HOME = "SLIMNETS_HOME"


def get_home() -> Path:
    """Returns the folder: SLIMNETS_HOME, or slimnets in the user's cache folder."""
    given = os.environ.get(HOME)
    if given:
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "slimnets"
