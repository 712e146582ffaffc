"""The ops of a graph as a rewrite sees them, and how their inputs are redirected."""

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

ADDITIONS = frozenset({"Add", "AddV2"})
READS = frozenset({"ReadVariableOp", "VariableV2", "Variable"})


class Unquantizable(ValueError):
    """A graph cannot be quantized; the message says why."""


class Ops:
    """The ops of a network, and what has taken the place of their outputs.

    What the rewrite itself adds is not among them.
    """

    def __init__(self, ops: Sequence[tf.Operation]):
        """Takes the ops in the order in which they were made."""
        self._ops = list(ops)
        self._known = {op.name for op in ops}
        self._replaced: dict[str, tf.Tensor] = {}

    def __iter__(self) -> Iterator[tf.Operation]:
        return iter(self._ops)

    def __contains__(self, op: tf.Operation) -> bool:
        return op.name in self._known

    def add(self, op: tf.Operation, before: tf.Operation) -> None:
        """Makes an op of the rewrite one of the network's, before another one."""
        self._ops.insert(self._ops.index(before), op)
        self._known.add(op.name)

    def discard(self, op: tf.Operation) -> None:
        """Leaves an op out of the order: it only feeds the rewrite's own ops now."""
        self._ops.remove(op)

    def consumers(self, tensor: tf.Tensor) -> list[tf.Operation]:
        """Returns the network's ops that read a tensor, in their order in the graph."""
        return [op for op in tensor.consumers() if op in self]

    def redirect(
        self,
        tensor: tf.Tensor,
        new: tf.Tensor,
        consumers: Sequence[tf.Operation] | None = None,
    ) -> None:
        """Lets ops read another tensor in the place of one.

        Args:
          tensor: that is read.
          new: that is to be read.
          consumers: the ops; None takes all that read it, and the network's outputs.
        """
        for op in self.consumers(tensor) if consumers is None else consumers:
            for index, given in enumerate(op.inputs):
                if given is tensor:
                    op._update_input(index, new)
        if consumers is None:
            self._replaced[tensor.name] = new

    def resolve(self, tensor: Any) -> Any:
        """Returns what has taken a tensor's place; other values as they are."""
        while isinstance(tensor, tf.Tensor) and tensor.name in self._replaced:
            tensor = self._replaced[tensor.name]
        return tensor


def find_first(
    ops: Sequence[tf.Operation], types: frozenset[str] | set[str]
) -> tf.Operation | None:
    """Returns the first op of some types, or None."""
    return next((op for op in ops if op.type in types), None)


def trace_back(tensor: tf.Tensor, through: frozenset[str]) -> tf.Tensor:
    """Follows first inputs up while ops are of some types."""
    while tensor.op.type in through and tensor.op.inputs:
        tensor = tensor.op.inputs[0]
    return tensor


def is_variable(tensor: tf.Tensor) -> bool:
    """Whether a tensor is a variable's value, or one put together from parts of it."""
    plumbing = frozenset({"Identity", "ConcatV2", "Reshape", "Cast"})
    return trace_back(tensor, plumbing).op.type in READS


def get_parent(name: str) -> str:
    """Returns the scope that an op or a scope lies in, '' at the top."""
    return name.rpartition("/")[0]


def name_scope(name: str) -> Any:
    """Opens a name scope by its full name, '' for the top."""
    return tf.name_scope(f"{name}/" if name else "")
