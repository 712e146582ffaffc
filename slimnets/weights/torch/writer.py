"""Our weights of a network, written under PyTorch's names."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.weights import rules
from slimnets.weights.match import AUXILIARY
from slimnets.weights.rules import Layer
from slimnets.weights.torch import files
from slimnets.weights.torch.kinds import Table
from slimnets.weights.torch.tables import TABLES
from slimnets.weights.torch.weights import check_known, rescale_gamma


def write(
    path: Path,
    network: str,
    values: Mapping[str, np.ndarray],
    variant: str | None = None,
) -> list[str]:
    """Writes a state dict that torchvision's or timm's network loads.

    Args:
      path: of the file, safetensors.
      network: a name of the registry.
      values: by the names of our variables.
      variant: the name of the table to write it by; None for the first.

    Returns:
      What the user should know.

    Raises:
      InputError: a variable is missing or has no place there, nobody knows PyTorch's
        names of the network, or the file cannot be written.
    """
    check_known(network, variant)
    tables = TABLES[network]
    table = next(t for t in tables if variant in (None, t.name))
    layers = list(_list_layers(table, network, values))
    theirs, ours = table.epsilons
    own = rescale_gamma(values, before=ours, after=theirs)
    files.write_safetensors(
        path,
        {
            f"{layer.theirs}.{weight.theirs}": np.ascontiguousarray(array)
            for layer, arrays in rules.to_theirs(layers, own)
            for weight, array in zip(layer.kind.weights, arrays, strict=True)
        },
    )
    written = {
        name for layer in layers for name in [*_list_ours(layer), *layer.zeros()]
    }
    left = len(values.keys() - written)
    return [
        f"written for {table.name}: {_describe(table)}",
        *([f"{left} variables that it lacks are left out"] if left else []),
    ]


def _describe(table: Table) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in table.arguments.items())
    network = f"our network built with {given}" if given else "our network"
    return f"its network gives the logits of {network}"


def _list_layers(
    table: Table, network: str, values: Mapping[str, np.ndarray]
) -> Iterator[Layer]:
    """Yields the table's layers; those of an auxiliary head where there is one."""
    for layer in table.layers():
        missing = [name for name in _list_ours(layer) if name not in values]
        if missing and AUXILIARY in missing[0]:
            continue
        if missing:
            raise errors.InputError(
                f"PyTorch's weights of {network} need {missing[0]}, which is not there"
            )
        for name in layer.zeros():
            if name in values and values[name].any():
                raise errors.InputError(
                    f"PyTorch's weights of {network} have nothing in the place of"
                    f" {name}, and these biases are not zero"
                )
        yield layer


def _list_ours(layer: Layer) -> list[str]:
    """Returns the names of the variables that a layer's tensors are made of."""
    return layer.variables()[layer.kind.scale_in_kernel :]
