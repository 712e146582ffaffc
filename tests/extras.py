"""Tests that need a library which an extra installs: `make test-all` has them.

They are slow, for `make test` installs no extra: otherwise neither would run them.
"""

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

MODULES = {
    "litert": "ai_edge_litert",
    "metadata": "mediapipe",
    "onnx": "tf2onnx",
    "openvino": "openvino",
    "parquet": "pyarrow",
    "tfds": "tensorflow_datasets",
}


def marks(extra: str) -> list[pytest.MarkDecorator]:
    """Returns what marks a parameter that needs an extra."""
    missing = importlib.util.find_spec(MODULES[extra]) is None
    return [
        pytest.mark.slow,
        pytest.mark.skipif(missing, reason=f"needs the extra {extra}"),
    ]


def needs(extra: str) -> Callable[[Any], Any]:
    """Returns what decorates a test that needs an extra."""

    def decorate(test: Any) -> Any:
        for mark in marks(extra):
            test = mark(test)
        return test

    return decorate
