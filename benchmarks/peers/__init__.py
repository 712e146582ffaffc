"""Those who are compared: slimnets itself, and the libraries beside it.

Each module has `settings(work) -> [name]`, empty where it does not offer the work, and
`start(work, setting) -> step`, where `step()` takes one whole step and waits for it.
"""

import importlib
import importlib.util
from types import ModuleType

# What has to be installed for each.
NEEDS = {
    "slimnets": (),
    "v1_graph": (),
    "v1_fast": (),
    "before": (),
    "keras": ("keras",),
    "pytorch": ("torch", "timm", "torchvision"),
    "openvino": ("openvino", "torch", "timm"),
}


def missing(peer: str) -> list[str]:
    """Returns the packages that a peer needs and that are not installed."""
    return [name for name in NEEDS[peer] if importlib.util.find_spec(name) is None]


def load(peer: str) -> ModuleType:
    """Returns the module that runs a peer."""
    return importlib.import_module(f"benchmarks.peers.run_{peer}")
