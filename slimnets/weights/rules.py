"""What a name rule says: which of our variables a layer of another library holds."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np


class Weight(NamedTuple):
    """An array of a layer.

    Attributes:
      theirs: where the other library keeps it, below the layer's name.
      ours: our variable, below the layer's scope.
      axes: the order of their axes that gives ours; () where both agree.
      matrix: whether theirs is the matrix of a fully connected layer. Ours may be a
        convolution over all of its input.
      scale: factor from theirs to ours.
    """

    theirs: str
    ours: str
    axes: tuple[int, ...] = ()
    matrix: bool = False
    scale: float = 1.0

    def to_ours(self, array: np.ndarray) -> np.ndarray:
        """Returns our form of their array, float32; a matrix remains one."""
        array = np.asarray(array * self.scale, np.float32)
        return array.transpose(self.axes) if self.axes else array

    def to_theirs(self, array: np.ndarray) -> np.ndarray:
        """Returns their form of our array."""
        array = np.asarray(array / self.scale, np.float32)
        if self.matrix:
            array = array.reshape(-1, array.shape[-1])
        return array.transpose(np.argsort(self.axes)) if self.axes else array


class Kind(NamedTuple):
    """A kind of layer.

    Attributes:
      weights: its arrays, in the other library's order.
      type_name: of its class in the other library; '' where that does not matter.
      bias_before_norm: its last array is a bias that batch norm takes away again. Our
        layer has none: it moves into the moving mean.
      places: where Keras' files have the arrays; () for its layers without sublayers.
      constants: the arrays of a layer that we have not, but our recipes; () for others.
    """

    weights: tuple[Weight, ...]
    type_name: str = ""
    bias_before_norm: bool = False
    places: tuple[str, ...] = ()
    constants: tuple[np.ndarray, ...] = ()

    def size(self) -> int:
        """Returns the number of arrays."""
        return len(self.weights) + len(self.constants)

    def paths(self) -> tuple[str, ...]:
        """Returns where Keras' files have the arrays, below the layer's own place."""
        numbered = tuple(f"vars/{number}" for number in range(self.size()))
        return self.places or numbered


class Layer(NamedTuple):
    """A layer that both libraries have: a row of a family's table.

    Attributes:
      kind: what arrays it has.
      theirs: its name in the other library.
      ours: the scope of its variables.
    """

    kind: Kind
    theirs: str
    ours: str

    def variables(self) -> list[str]:
        """Returns the names of our variables, in the order of the other's arrays."""
        return [f"{self.ours}/{weight.ours}" for weight in self.kind.weights]


class Found(NamedTuple):
    """What a file holds of a network.

    Attributes:
      values: by the names of our variables, as `Weight.to_ours` gives them.
      unused: names in the file that no rule knows.
      notes: what the user should know besides.
      arguments: of our builder, under which its logits are those of the file's library.
    """

    values: dict[str, np.ndarray]
    unused: list[str]
    notes: list[str]
    arguments: Mapping[str, Any] = MappingProxyType({})


def to_ours(
    layers: Iterable[tuple[Layer, list[np.ndarray]]],
) -> dict[str, np.ndarray]:
    """Returns layers' arrays by the names of our variables.

    Args:
      layers: with the arrays of each, in its kind's order.
    """
    values: dict[str, np.ndarray] = {}
    biases: dict[str, np.ndarray] = {}
    for layer, arrays in layers:
        if layer.kind.constants:
            continue
        converted = [
            weight.to_ours(array)
            for weight, array in zip(layer.kind.weights, arrays, strict=True)
        ]
        named = dict(zip(layer.variables(), converted, strict=True))
        if layer.kind.bias_before_norm:
            biases |= [named.popitem()]
        values |= named
    for mean, bias in biases.items():
        if mean in values:
            values[mean] = values[mean] - bias
    return values


def to_theirs(
    layers: Iterable[Layer], values: Mapping[str, np.ndarray]
) -> Iterator[tuple[Layer, list[np.ndarray]]]:
    """Yields each layer with its arrays, in its kind's order; what `to_ours` undoes.

    Args:
      layers: whose variables are all among `values`.
      values: by the names of our variables.
    """
    for layer in layers:
        arrays = [
            weight.to_theirs(values[name])
            for name, weight in zip(layer.variables(), layer.kind.weights, strict=True)
        ]
        if layer.kind.bias_before_norm:
            arrays[-1] = np.zeros_like(arrays[-1])
        yield layer, [*arrays, *layer.kind.constants]


def reshape_matrix(array: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Returns a matrix as a convolution over all of its input, where ours is one.

    A fully connected layer behind a flattened map of [height, width, channels] is a
    convolution whose kernel is as large.

    Args:
      array: any; other than such matrices come back as they are.
      shape: of our variable.
    """
    fits = array.size == math.prod(shape) and array.shape[-1:] == tuple(shape[-1:])
    if array.ndim == 2 and len(shape) == 4 and fits:
        return array.reshape(shape)
    return array
