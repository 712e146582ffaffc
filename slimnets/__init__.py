"""TF-Slim's networks and checkpoints on today's TensorFlow.

Every network's builder is here under its name in the registry:

    net, end_points = slimnets.mobilenet_v2(images, is_training=False)

`import slimnets` alone does not import TensorFlow: what slimnets.api offers is loaded
when it is first asked for. So a program can choose how TensorFlow starts.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from slimnets.api import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return _load_api().__all__
        module = f"{__name__}.{name}"
        if not name.startswith("_") and importlib.util.find_spec(module):
            return _load_module(module)
        if not name.startswith("_") and name in _load_api().__all__:
            return getattr(_load_api(), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_load_api().__all__})


def _load_api() -> ModuleType:
    return importlib.import_module("slimnets.api")


def _load_module(name: str) -> ModuleType:
    """Imports a module; beside a package all of the API, as slimnets.nets.vgg needs."""
    module = importlib.import_module(name)
    # Not while slimnets.model is being imported: the API would find it half made.
    if hasattr(module, "__path__") and f"{__name__}.model" not in sys.modules:
        _load_api()
    return module
