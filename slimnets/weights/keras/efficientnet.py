"""EfficientNet of keras.applications under our names.

Keras' network begins by normalizing its images, as our recipe does before the network.
"""

import string
from collections.abc import Iterator

import numpy as np

from slimnets.nets import efficientnet as nets
from slimnets.preprocessing import imagenet
from slimnets.weights.keras.kinds import (
    CONV,
    CONV_BIAS,
    DENSE,
    DEPTHWISE,
    conv_and_norm,
)
from slimnets.weights.rules import Kind, Layer

_NORMALIZATION = Kind(
    (),
    "normalization",
    constants=(
        np.array(imagenet.RGB_MEAN, np.float32),
        np.square(np.array(imagenet.RGB_DEVIATION, np.float32)),
        np.array(0, np.int32),  # how many images they were taken of
    ),
)


def efficientnet(name: str) -> Iterator[Layer]:
    """Yields the layers of the network of this name."""
    yield Layer(_NORMALIZATION, "normalization", name)
    yield from conv_and_norm(CONV, "stem_conv", "stem_bn", f"{name}/stem")
    for number, stage in enumerate(nets.TABLES[name].stages, 1):
        for letter in string.ascii_lowercase[: stage.layers]:
            block = f"block{number}{letter}"
            expands = stage.expansion > 1
            yield from _block(block, f"{name}/{block}", expands)
    yield from conv_and_norm(CONV, "top_conv", "top_bn", f"{name}/head")
    yield Layer(DENSE, "predictions", f"{name}/Logits")


def _block(theirs: str, ours: str, expands: bool) -> Iterator[Layer]:
    if expands:
        yield from _conv_and_norm(CONV, f"{theirs}_expand", f"{ours}/expand")
    yield from conv_and_norm(
        DEPTHWISE, f"{theirs}_dwconv", f"{theirs}_bn", f"{ours}/depthwise"
    )
    yield Layer(CONV_BIAS, f"{theirs}_se_reduce", f"{ours}/squeeze_excite/Conv")
    yield Layer(CONV_BIAS, f"{theirs}_se_expand", f"{ours}/squeeze_excite/Conv_1")
    yield from _conv_and_norm(CONV, f"{theirs}_project", f"{ours}/project")


def _conv_and_norm(kind: Kind, theirs: str, ours: str) -> Iterator[Layer]:
    return conv_and_norm(kind, f"{theirs}_conv", f"{theirs}_bn", ours)
