"""Keras' weights of a network, read and written under the names of our variables."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.weights import rules
from slimnets.weights.keras import files
from slimnets.weights.keras.tables import TABLES
from slimnets.weights.rules import Found, Layer

_BGR = (
    "if these are keras.applications' ImageNet weights, they were trained on BGR"
    " images: give --flip_input_channels"
)
_ZERO_PADS = (
    "the pools of Keras' reductions see zeros around images, those of TF-Slim, of whose"
    " checkpoints its weights were made, pixels alone: for Keras' logits give the"
    " builder a config whose pools_see_padding is True"
)
_NOTES = {
    "resnet50": _BGR,
    "vgg_16": _BGR,
    "vgg_19": _BGR,
    "nasnet_mobile": _ZERO_PADS,
    "nasnet_large": _ZERO_PADS,
}


def read(path: Path, network: str) -> Found:
    """Reads a file of Keras' weights.

    Args:
      path: of the file.
      network: a name of the registry.

    Raises:
      InputError: it is no such file, or nobody knows Keras' names of the network.
    """
    layers = _get_table(network)
    stored = files.read(path)
    found = [
        (layer, item, arrays)
        for layer, item in files.match_layers(layers, stored)
        if (arrays := item.sort_arrays(layer.kind)) is not None
    ]
    used = {id(item) for _, item, _ in found}
    notes = [
        f"Keras' layer {item.name or item.path} has other values than our recipe:"
        " prepare images as it does"
        for layer, item, arrays in found
        if not _agrees_with_recipe(layer, arrays)
    ]
    return Found(
        values=rules.to_ours((layer, arrays) for layer, _, arrays in found),
        unused=[item.name or item.path for item in stored if id(item) not in used],
        notes=notes + ([_NOTES[network]] if network in _NOTES else []),
    )


def _agrees_with_recipe(layer: Layer, arrays: list[np.ndarray]) -> bool:
    """Whether a layer that normalizes images subtracts the mean that our recipe does.

    Its variance says nothing: some published files have the deviation in that place.
    """
    constants = layer.kind.constants
    return not constants or np.allclose(arrays[0], constants[0], atol=1e-3)


def write(path: Path, network: str, values: Mapping[str, np.ndarray]) -> list[str]:
    """Writes a `.weights.h5` that keras.applications' network reads.

    Args:
      path: of the file; it must end in .weights.h5 for Keras.
      network: a name of the registry.
      values: by the names of our variables.

    Returns:
      The names of the variables that Keras has too.

    Raises:
      InputError: a variable is missing, or nobody knows Keras' names of the network.
    """
    layers = _get_table(network)
    named = (name for layer in layers for name in layer.variables())
    names = list(dict.fromkeys(named))  # two arrays may make up one of ours
    missing = [name for name in names if name not in values]
    if missing:
        raise errors.InputError(
            f"Keras' weights of {network} need {missing[0]}, which is not there"
        )
    files.write(path, list(rules.to_theirs(layers, values)))
    return names


def _get_table(network: str) -> list[Layer]:
    if network not in TABLES:
        raise errors.InputError(
            f"Keras' names of {network} are not known; known: {', '.join(TABLES)}"
        )
    return list(TABLES[network]())
