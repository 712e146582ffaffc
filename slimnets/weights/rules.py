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
      unfolded: the shape that theirs is brought to before its axes are ordered; in it 0
        stands for the size that was there, -1 for what is left. () where it stays.
      folded: what undoes that.
    """

    theirs: str
    ours: str
    axes: tuple[int, ...] = ()
    matrix: bool = False
    scale: float = 1.0
    unfolded: tuple[int, ...] = ()
    folded: tuple[int, ...] = ()

    def to_ours(self, array: np.ndarray) -> np.ndarray:
        """Returns our form of their array, float32; a matrix remains one."""
        if self.scale != 1:
            array = array * self.scale
        array = _reshape(np.asarray(array, np.float32), self.unfolded)
        return array.transpose(self.axes) if self.axes else array

    def to_theirs(self, array: np.ndarray) -> np.ndarray:
        """Returns their form of our array."""
        if self.scale != 1:
            array = array / self.scale
        array = np.asarray(array, np.float32)
        if self.matrix:
            array = array.reshape(-1, array.shape[-1])
        array = array.transpose(np.argsort(self.axes)) if self.axes else array
        return _reshape(array, self.folded)


def _reshape(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Returns an array in a shape in which 0 stands for the size that was there."""
    if not shape:
        return array
    return array.reshape([n or array.shape[axis] for axis, n in enumerate(shape)])


class Kind(NamedTuple):
    """A kind of layer.

    Attributes:
      weights: its arrays, in the other library's order.
      type_name: of its class in the other library; '' where that does not matter.
      bias_before_norm: its last array is a bias that batch norm takes away again. Our
        layer has none: it moves into the moving mean.
      places: where Keras' files have the arrays; () for its layers without sublayers.
      constants: the arrays of a layer that we have not, but our recipes; () for others.
      scale_in_kernel: its first array is the factor of batch norm, which our layer has
        not: it moves into the kernel before, and the moving mean.
      zeros: biases that our layer has besides, below its scope: they are zero.
    """

    weights: tuple[Weight, ...]
    type_name: str = ""
    bias_before_norm: bool = False
    places: tuple[str, ...] = ()
    constants: tuple[np.ndarray, ...] = ()
    scale_in_kernel: bool = False
    zeros: tuple[str, ...] = ()

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

    def zeros(self) -> list[str]:
        """Returns the names of our variables that the other library has not."""
        return [f"{self.ours}/{name}" for name in self.kind.zeros]


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
    scales: dict[str, np.ndarray] = {}
    for layer, arrays in layers:
        if layer.kind.constants:
            continue
        named = _name_arrays(layer, arrays)
        if layer.kind.bias_before_norm:
            biases |= [named.popitem()]
        if layer.kind.scale_in_kernel:
            scales[layer.ours] = named.pop(layer.variables()[0])
        values |= named
    _subtract_biases(values, biases)
    _multiply_kernels(values, scales)
    return values


def _name_arrays(layer: Layer, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Returns a layer's arrays as ours, by the names of our variables."""
    pairs = zip(layer.kind.weights, arrays, strict=True)
    converted = [weight.to_ours(array) for weight, array in pairs]
    zeros = {
        name: np.zeros(converted[0].shape[-1:], np.float32) for name in layer.zeros()
    }
    return zeros | dict(zip(layer.variables(), converted, strict=True))


def _subtract_biases(
    values: dict[str, np.ndarray], biases: Mapping[str, np.ndarray]
) -> None:
    """Moves biases before batch norm, which are by its moving mean's name, into it."""
    for mean, bias in biases.items():
        if mean in values:
            values[mean] = values[mean] - bias


def _multiply_kernels(
    values: dict[str, np.ndarray], scales: Mapping[str, np.ndarray]
) -> None:
    """Moves the factors of batch norm, by its scope, to what it is applied to."""
    for scope, scale in scales.items():
        for name in (f"{scope.rpartition('/')[0]}/weights", f"{scope}/moving_mean"):
            if name in values and (scale != 1).any():
                values[name] = values[name] * scale


def to_theirs(
    layers: Iterable[Layer], values: Mapping[str, np.ndarray]
) -> Iterator[tuple[Layer, list[np.ndarray]]]:
    """Yields each layer with its arrays, in its kind's order; what `to_ours` undoes.

    Args:
      layers: whose variables are all among `values`.
      values: by the names of our variables.
    """
    for layer in layers:
        ones = layer.variables()[:1] if layer.kind.scale_in_kernel else []
        arrays = [
            np.ones_like(values[f"{layer.ours}/beta"])
            if name in ones
            else weight.to_theirs(values[name])
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
