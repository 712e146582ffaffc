"""Xception of keras.applications under our names."""

import itertools
from collections.abc import Iterator

from slimnets.nets import xception as nets
from slimnets.weights.keras.kinds import (
    CONV,
    DENSE,
    SEPARABLE,
    automatic,
    normalized,
)
from slimnets.weights.rules import Kind, Layer


def xception() -> Iterator[Layer]:
    """Yields Xception's layers; Keras names its shortcuts by number."""
    shortcuts = itertools.count()
    for row in nets.XCEPTION:
        if not isinstance(row, nets.Residual):
            yield from _named(
                CONV if isinstance(row, nets.Conv) else SEPARABLE, row.name
            )
            continue
        for number in range(1, len(row.depths) + 1):
            yield from _named(SEPARABLE, f"{row.name}/sepconv{number}")
        if row.stride > 1:
            number = next(shortcuts)
            yield from normalized(
                CONV,
                automatic("conv2d", number),
                automatic("batch_normalization", number),
                f"xception/{row.name}/shortcut",
            )
    yield Layer(DENSE, "predictions", "xception/Logits")


def _named(kind: Kind, name: str) -> Iterator[Layer]:
    theirs = name.replace("/", "_")
    return normalized(kind, theirs, f"{theirs}_bn", f"xception/{name}")
