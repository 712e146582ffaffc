"""TF-Slim's networks and checkpoints on today's TensorFlow.

Every network's builder is here under its name in the registry:

    net, end_points = slimnets.mobilenet_v2(images, is_training=False)

`import slimnets` alone does not import TensorFlow: what slimnets.api offers is loaded
when it is first asked for. So a program can choose how TensorFlow starts.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from slimnets.lazy import import_submodule

__version__ = "0.1.0"

if TYPE_CHECKING:
    from slimnets.api import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return _load_api().__all__
        try:
            return import_submodule(__name__, name)
        except AttributeError:
            if name.startswith("_") or name not in _load_api().__all__:
                raise
        return getattr(_load_api(), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_load_api().__all__})


def _load_api() -> ModuleType:
    return importlib.import_module("slimnets.api")
