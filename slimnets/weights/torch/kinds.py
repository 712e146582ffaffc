"""The kinds of layers that PyTorch's networks have, and what their tables share."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from slimnets.config import choices
from slimnets.weights.rules import Kind, Layer, Weight

_OIHW, _OI = (2, 3, 1, 0), (1, 0)  # the axes of ours in theirs
_BIAS = Weight("bias", "biases")

CONV = Kind((Weight("weight", "weights", _OIHW),))
CONV_BIAS = Kind((*CONV.weights, _BIAS))
DEPTHWISE = Kind((Weight("weight", "depthwise_weights", (2, 3, 0, 1)),))
LINEAR = Kind((Weight("weight", "weights", _OI, matrix=True), _BIAS))
NORM = Kind(
    (
        Weight("weight", "gamma"),
        Weight("bias", "beta"),
        Weight("running_mean", "moving_mean"),
        Weight("running_var", "moving_variance"),
    )
)
NORM_UNSCALED = NORM._replace(scale_in_kernel=True)  # where ours has no gamma
LAYER_NORM = Kind(NORM.weights[:2])


# The libraries whose state dicts are known, and the forms of them. timm's networks
# that bear tf_ before their names have TensorFlow's padding and epsilon.
TORCHVISION, TIMM, TIMM_TF = choices.TORCH_VARIANTS

# Why `use_explicit_padding`, for a table's note.
PADS_BOTH_SIDES = (
    "PyTorch pads strided convolutions on both sides, which changes nothing for images"
    " of 32 k + 1 pixels, as 225"
)
_RECIPE = (
    "the library's own weights take images that --preprocessing_name={} prepares, not"
    " the network's own recipe"
)


class Table(NamedTuple):
    """A library's state dict of a network.

    Attributes:
      layers: yields them.
      name: of the library, one of `config.choices.TORCH_VARIANTS`.
      epsilons: of batch norm, theirs and ours.
      arguments: of our builder, under which its logits are the library's.
      note: what the user should know, or why it needs the arguments; '' for nothing.
      renamed: of names that files had before: a regular expression for what has become
        another, and the other.
      recipe: that prepared images for the library's own weights, where it is not the
        network's: a name of slimnets.preprocessing.
    """

    layers: Callable[[], Iterator[Layer]]
    name: str
    epsilons: tuple[float, float] = (1e-5, 1e-5)
    arguments: Mapping[str, Any] = MappingProxyType({})
    note: str = ""
    renamed: tuple[tuple[str, str], ...] = ()
    recipe: str = ""

    def describe(self) -> list[str]:
        """Returns what the user should know, each a sentence."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        wanted = f"for its logits build with {given}" if given else ""
        sentence = ": ".join(part for part in (self.note, wanted) if part)
        recipe = _RECIPE.format(self.recipe) if self.recipe else ""
        return [said for said in (sentence, recipe) if said]

    def computes_as(self, other: "Table") -> bool:
        """Whether both make the same network of the same tensors."""
        return self[2:4] == other[2:4]


def make_separable_kind(depthwise: str, pointwise: str) -> Kind:
    """Returns the kind of separable convolutions, by the names of their halves."""
    [per_channel], [mixing] = DEPTHWISE.weights, CONV.weights
    return Kind(
        (
            per_channel._replace(theirs=f"{depthwise}.weight"),
            mixing._replace(theirs=f"{pointwise}.weight", ours="pointwise_weights"),
        )
    )


def conv_and_norm(kind: Kind, theirs: str, norm: str, ours: str) -> Iterator[Layer]:
    """Yields a convolution and its batch norm."""
    yield Layer(kind, theirs, ours)
    yield Layer(NORM, norm, f"{ours}/BatchNorm")


def squeeze_excite(theirs: str, names: tuple[str, str], ours: str) -> Iterator[Layer]:
    """Yields the two layers of a squeeze-and-excitation.

    Args:
      theirs: where it is in the other library.
      names: of its layers there.
      ours: the scope of the block that it is in.
    """
    for name, layer in zip(names, ("Conv", "Conv_1"), strict=True):
        yield Layer(CONV_BIAS, f"{theirs}.{name}", f"{ours}/squeeze_excite/{layer}")
