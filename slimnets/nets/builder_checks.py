"""What a builder has to do, so that `slimnets.Model` can keep its variables.

The library's builders do; one's own is told in a line what it does otherwise.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimnets import errors
from slimnets.nets import own
from slimnets.nets.row import Network

# Where a builder may leave what takes part in training, and what keeps it there.
_COLLECTIONS = {
    tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES: (
        "a regularization loss",
        "give the regularizer to the layer or to tf.compat.v1.get_variable",
    ),
    tf.compat.v1.GraphKeys.LOSSES: ("a loss", "leave losses to the caller"),
}


@contextlib.contextmanager
def checked(network: Network, kept: Mapping[str, tf.Variable]) -> Iterator[None]:
    """Raises an InputError if what is built here leaves something out of reach.

    Args:
      network: whose builder runs; errors in one's own are told with their place.
      kept: receives the variables by name meanwhile.
    """
    made: list[tf.Variable] = []

    def create(make: Callable[..., tf.Variable], **options: Any) -> tf.Variable:
        variable = make(**options)
        if not tf.executing_eagerly():  # in tf.init_scope it is meant to last
            made.append(variable)
        return variable

    try:
        with tf.variable_creator_scope(create):
            yield
    except errors.InputError:
        raise
    except Exception as error:
        if not own.is_own(network):
            raise
        fault = own.describe_fault(error)
        raise errors.InputError(f"{network.name} cannot be built: {fault}") from error
    _require_kept(network, made, kept)
    _require_empty_collections(network)


def _require_kept(
    network: Network, made: Sequence[tf.Variable], kept: Mapping[str, tf.Variable]
) -> None:
    found = {id(variable) for variable in kept.values()}
    for variable in made:
        if id(variable) not in found:
            raise errors.InputError(
                f"{network.name} makes the variable {variable.name} by tf.Variable,"
                " anew at each call: make it by tf.compat.v1.get_variable(name, ...),"
                " which finds it again"
            )


def _require_empty_collections(network: Network) -> None:
    for collection, (what, remedy) in _COLLECTIONS.items():
        for left in tf.compat.v1.get_collection(collection):
            raise errors.InputError(
                f"{network.name} adds {what} to a collection of the graph, {left.name},"
                f" where a Model does not find it: {remedy}"
            )


def require_pair(
    outputs: Any, network: Network
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Returns what a builder returned, a tensor and its end points.

    Raises:
      InputError: it returned something else.
    """
    if isinstance(outputs, tuple) and len(outputs) == 2:
        net, end_points = outputs
        if tf.is_tensor(net) and isinstance(end_points, dict):
            return net, end_points
    raise errors.InputError(
        f"{network.name} returned {_name(outputs)}; a builder returns a pair, its"
        " logits and a dict of its end points"
    )


def require_classes(net: tf.Tensor, num_classes: int | None, network: Network) -> None:
    """Raises an InputError if logits are not as many as there are classes."""
    if num_classes and net.shape.rank and net.shape[-1] != num_classes:
        raise errors.InputError(
            f"{network.name} returned logits of shape {net.shape} where {num_classes}"
            " classes were asked for: its second argument, num_classes, has to be the"
            " number of its logits"
        )


def _name(outputs: Any) -> str:
    if isinstance(outputs, tuple):
        return f"({', '.join(type(part).__name__ for part in outputs)})"
    return type(outputs).__name__
