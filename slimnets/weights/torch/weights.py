"""PyTorch's weights of a network, read under the names of our variables."""

from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.weights import rules
from slimnets.weights.rules import Found, Layer
from slimnets.weights.torch import files
from slimnets.weights.torch.tables import NORM, TABLES, Table

# What wrappers put before names: DataParallel, compile, Lightning, a user's own module.
_WRAPPERS = ("module.", "_orig_mod.", "model.", "backbone.")
_AVERAGES_TOO = (
    "it holds moving averages too, under {!r}: --use_moving_averages takes them"
)
_COUNTER = ".num_batches_tracked"  # of batch norm; nothing in inference depends on it


def read(path: Path, network: str, moving_averages: bool = False) -> Found:
    """Reads a file of PyTorch's weights.

    Args:
      path: of the file.
      network: a name of the registry.
      moving_averages: take those of the weights where the file has them too.

    Raises:
      InputError: it is no such file, or nobody knows PyTorch's names of the network.
    """
    if network not in TABLES:
        raise errors.InputError(
            f"PyTorch's names of {network} are not known; known: {', '.join(TABLES)}"
        )
    stored = files.read(path, moving_averages)
    tensors = {
        _unwrap(name): array
        for name, array in stored.tensors.items()
        if not name.endswith(_COUNTER)
    }
    found = [(table, _find_layers(table, tensors)) for table in TABLES[network]]
    table, layers = max(found, key=lambda item: len(item[1]))
    used = {name for layer, _ in layers for name in _list_names(layer)}
    return Found(
        values=_rescale_gamma(table, rules.to_ours(layers)),
        unused=[name for name in tensors if name not in used],
        notes=[
            *([table.note] if table.note else []),
            *([_AVERAGES_TOO.format(stored.averages)] if stored.averages else []),
        ],
    )


def _unwrap(name: str) -> str:
    """Returns a tensor's name without what wrappers put before it."""
    for wrapper in _WRAPPERS:
        if name.startswith(wrapper):
            return _unwrap(name.removeprefix(wrapper))
    return name


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
