"""Keras' weights of a network, read and written under the names of our variables."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimnets import checkpoints, errors
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
    " checkpoints its weights were made, pixels alone: for Keras' logits build with"
    " pools_see_padding=True"
)
_NOTES = {
    "resnet50": _BGR,
    "vgg_16": _BGR,
    "vgg_19": _BGR,
    "nasnet_mobile": _ZERO_PADS,
    "nasnet_large": _ZERO_PADS,
}
# Of our builder, under which its logits are Keras'.
_ARGUMENTS = {
    "nasnet_mobile": {"pools_see_padding": True},
    "nasnet_large": {"pools_see_padding": True},
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
    matched = files.match_layers(layers, files.read(path))
    found = [
        (layer, item, arrays)
        for layer, item in matched.layers
        if (arrays := item.sort_arrays(layer.kind)) is not None
    ]
    used = {id(item) for _, item, _ in found}
    odd = [item for _, item in matched.layers if id(item) not in used]
    unused = [*odd, *matched.unused]
    notes = [
        f"Keras' layer {item.name or item.path} has other values than our recipe:"
        " prepare images as it does"
        for layer, item, arrays in found
        if not _agrees_with_recipe(layer, arrays)
    ]
    head = None if odd else _find_head(network, matched)
    if head is not None:
        _, item, _ = head
        found.append(head)
        unused = []
        notes.append(
            f"its layer {item.name or item.path} is taken for the logits, which are"
            " computed of features averaged over the image"
        )
    return Found(
        values=rules.to_ours((layer, arrays) for layer, _, arrays in found),
        unused=[item.name or item.path for item in unused],
        notes=notes + ([_NOTES[network]] if network in _NOTES else []),
        arguments=_ARGUMENTS.get(network, {}),
    )


_Head = tuple[Layer, files.Stored, list[np.ndarray]]


def _find_head(network: str, matched: files.Matched) -> _Head | None:
    """Returns a Dense layer of one's own in the place of the logits.

    It counts as such if it is all that the table lacks and all that the file has
    besides, and takes as many features.
    """
    if len(matched.missing) != 1 or len(matched.unused) != 1:
        return None
    [layer], [item] = matched.missing, matched.unused
    arrays = list(item.arrays.values())
    if [array.ndim for array in arrays] != [2, 1]:
        return None
    kernel, bias = arrays
    shape = checkpoints.get_variable_shapes(network, len(bias))[layer.variables()[0]]
    if list(kernel.shape) != shape[-2:] or len(bias) != shape[-1]:
        return None
    return layer, item, arrays


def _agrees_with_recipe(layer: Layer, arrays: list[np.ndarray]) -> bool:
    """Whether a layer that normalizes images subtracts the mean that our recipe does.

    Its variance says nothing: some published files have the deviation in that place.
    """
    constants = layer.kind.constants
    if not constants:
        return True
    mean = arrays[0].reshape(-1)
    return mean.shape == constants[0].shape and np.allclose(
        mean, constants[0], atol=1e-3
    )


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
