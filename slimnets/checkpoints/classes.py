"""How many classes a network's weights tell apart, read off their shapes."""

from collections.abc import Mapping, Sequence

from slimnets.checkpoints.reading import read_shapes
from slimnets.nets import blueprint
from slimnets.nets.row import Network

# A class count that no layer has as its depth: variables whose last dimension equals it
# belong to the classifier.
_SENTINEL = 99991


def read_num_classes(checkpoint: str, network: str | Network) -> int | None:
    """Reads a network's number of classes off the shapes in a checkpoint.

    Args:
      checkpoint: its path.
      network: a name of the registry, a reference, or a row.

    Returns:
      As `infer_num_classes`.
    """
    return infer_num_classes(read_shapes(checkpoint), network)


def infer_num_classes(
    shapes: Mapping[str, Sequence[int]], network: str | Network
) -> int | None:
    """Reads a network's number of classes off the shapes of its variables.

    It is the last dimension of the variables whose shape the number of classes changes.

    Args:
      shapes: by variable name; some may be missing.
      network: a name of the registry, a reference, or a row.

    Returns:
      The number, or None if none of these variables is there (there are features
      alone) or they disagree.
    """
    shaped = get_variable_shapes(network, _SENTINEL)
    classifier = [name for name, shape in shaped.items() if shape[-1:] == [_SENTINEL]]
    sizes = {shapes[name][-1] for name in classifier if name in shapes}
    return sizes.pop() if len(sizes) == 1 else None


def get_variable_shapes(
    network: str | Network, num_classes: int | None
) -> dict[str, list[int]]:
    """Returns the shapes of a network's variables."""
    traced = blueprint.trace(network, num_classes).variables
    return {name: variable.shape.as_list() for name, variable in traced.items()}
