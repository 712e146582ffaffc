"""What a network's variables are for: which are its head, and which belong together.

Both are told by what a network does, not by names of scopes: the head depends on the
number of classes; a block is what the network's table, or its family, runs as one.
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from slimnets.layers import computation
from slimnets.layers.block_runs import Recomputation
from slimnets.nets import blueprint
from slimnets.nets.row import Network


def find_head(
    network: str | Network,
    shapes: Mapping[str, Sequence[int]],
    num_classes: int,
    image_size: int | None = None,
    channels: int | None = None,
) -> tuple[str, ...]:
    """Returns the variables of a network's head, and an auxiliary head's last layer.

    Args:
      network: a name of the registry, a reference, or a row.
      shapes: of the network's variables by name, with `num_classes` classes.
      num_classes: of its logits.
      image_size: height and width in pixels; None takes the network's own.
      channels: of the images; None takes the network's own.

    Returns:
      Their names, in the order of `shapes`.
    """
    other = blueprint.trace(
        network, num_classes + 1, image_size, channels, is_training=True
    ).variables
    return tuple(
        name
        for name, shape in shapes.items()
        if name in other and other[name].shape.as_list() != list(shape)
    )


def list_layers(
    network: str | Network,
    num_classes: int | None,
    image_size: int | None = None,
    channels: int | None = None,
) -> list[list[str]]:
    """Returns a network's variables by block, or by layer where they are in none.

    Args:
      network: as of `find_head`.
      num_classes: of its logits; None for features.
      image_size: as of `find_head`.
      channels: as of `find_head`.

    Returns:
      Names of variables, trainable or not, of each block and layer, in the order in
      which the network is built: from the image to the logits. Auxiliary heads are
      left out.
    """
    recording = Recomputation(())
    with computation.computing(computation.Computation(recomputation=recording)):
        traced = blueprint.trace(network, num_classes, image_size, channels)
    used = _find_ops_before(traced.net)
    block_of = {
        id(variable): block
        for block, run in enumerate(recording.blocks)
        for variable in run.variables
    }
    layers: dict[int | str, list[str]] = {}
    for name, variable in traced.variables.items():
        if variable.op not in used:
            continue
        key = block_of.get(id(variable), _get_layer(name, layers))
        layers.setdefault(key, []).append(name)
    return list(layers.values())


def _find_ops_before(net: tf.Tensor) -> set[tf.Operation]:
    """Returns the ops that a tensor follows from."""
    found: set[tf.Operation] = set()
    left = [net.op]
    while left:
        op = left.pop()
        if op not in found:
            found.add(op)
            left += [tensor.op for tensor in op.inputs]
    return found


def _get_layer(name: str, layers: Mapping[int | str, list[str]]) -> str:
    """Returns the scope of a variable's layer; a normalizer's is that around it."""
    scope = name.rpartition("/")[0]
    outer = scope.rpartition("/")[0]
    return outer if outer in layers else scope
