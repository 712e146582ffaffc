"""Xception of keras.applications under our names."""

import itertools
from collections.abc import Iterator

from slimnets.nets import xception as nets
from slimnets.weights.keras.kinds import (
    CONV,
    DENSE,
    SEPARABLE,
    conv_and_norm,
    make_automatic_name,
)
from slimnets.weights.rules import Kind, Layer


def xception() -> Iterator[Layer]:
    """Yields Xception's layers; Keras names its shortcuts by number."""
    shortcuts = itertools.count()
    for row in nets.XCEPTION:
        if not isinstance(row, nets.Residual):
            yield from _conv_and_norm(
                CONV if isinstance(row, nets.Conv) else SEPARABLE, row.name
            )
            continue
        for number in range(1, len(row.depths) + 1):
            yield from _conv_and_norm(SEPARABLE, f"{row.name}/sepconv{number}")
        if row.stride > 1:
            number = next(shortcuts)
            yield from conv_and_norm(
                CONV,
                make_automatic_name("conv2d", number),
                make_automatic_name("batch_normalization", number),
                f"xception/{row.name}/shortcut",
            )
    yield Layer(DENSE, "predictions", "xception/Logits")


def _conv_and_norm(kind: Kind, name: str) -> Iterator[Layer]:
    theirs = name.replace("/", "_")
    return conv_and_norm(kind, theirs, f"{theirs}_bn", f"xception/{name}")
