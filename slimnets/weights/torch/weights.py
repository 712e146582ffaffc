"""PyTorch's weights of a network, read under the names of our variables."""

from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.weights import rules
from slimnets.weights.rules import Found, Layer
from slimnets.weights.torch import files
from slimnets.weights.torch.tables import NORM, TABLES, Table

_PARALLEL = "module."  # what torch.nn.DataParallel puts before each name
_COUNTER = ".num_batches_tracked"  # of batch norm; nothing in inference depends on it


def read(path: Path, network: str) -> Found:
    """Reads a file of PyTorch's weights.

    Args:
      path: of the file.
      network: a name of the registry.

    Raises:
      InputError: it is no such file, or nobody knows PyTorch's names of the network.
    """
    if network not in TABLES:
        raise errors.InputError(
            f"PyTorch's names of {network} are not known; known: {', '.join(TABLES)}"
        )
    tensors = {
        name.removeprefix(_PARALLEL): array
        for name, array in files.read(path).items()
        if not name.endswith(_COUNTER)
    }
    found = [(table, _find_layers(table, tensors)) for table in TABLES[network]]
    table, layers = max(found, key=lambda item: len(item[1]))
    used = {name for layer, _ in layers for name in _list_names(layer)}
    return Found(
        values=_rescale_gamma(table, rules.to_ours(layers)),
        unused=[name for name in tensors if name not in used],
        notes=[table.note] if table.note else [],
    )


def _find_layers(
    table: Table, tensors: dict[str, np.ndarray]
) -> list[tuple[Layer, list[np.ndarray]]]:
    """Returns the table's layers that are among the tensors, with their arrays."""
    return [
        (layer, [tensors[name] for name in _list_names(layer)])
        for layer in table.layers()
        if all(name in tensors for name in _list_names(layer))
    ]


def _list_names(layer: Layer) -> list[str]:
    return [f"{layer.theirs}.{weight.theirs}" for weight in layer.kind.weights]


def _rescale_gamma(
    table: Table, values: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Makes up for another epsilon of batch norm by its gamma: exact in inference."""
    theirs, ours = table.epsilons
    if theirs == ours:
        return values
    gamma, variance = NORM.weights[0].ours, NORM.weights[3].ours
    for name in [name for name in values if name.endswith(f"/{variance}")]:
        scope = name.removesuffix(variance)
        ratio = (values[name].astype(np.float64) + ours) / (values[name] + theirs)
        values[scope + gamma] = (values[scope + gamma] * np.sqrt(ratio)).astype(
            np.float32
        )
    return values
