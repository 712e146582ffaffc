"""The layers of a graph as an integer runtime fuses them: what is to be rounded where.

        weights
           |
        linear - bias - [bypass] - activation - [bypass after activation]

One kernel computes all from the linear op to the activation, in 32 bits: only what
leaves it is rounded. The rules, and the names, are those of tf.contrib.quantize.
"""

from collections.abc import Iterator
from typing import NamedTuple

import tensorflow as tf

from slimnets.quantization.batch_norms import LINEAR, Folded
from slimnets.quantization.graph import ADDITIONS, Ops, find_first, is_variable

RELUS = frozenset({"Relu", "Relu6"})
ACTIVATIONS = RELUS | {"Identity"}
_BIASES = ADDITIONS | {"BiasAdd"}


class Layer(NamedTuple):
    """A linear op and those that are fused with it; None where it has none of a kind.

    Attributes:
      linear: multiplies by the weights, its second input.
      bias: adds what is the same for all examples, or batch norm's part.
      bypass: adds a shortcut.
      activation: relu, relu6 or none at all.
      late_bypass: adds a shortcut after the activation.
    """

    linear: tf.Operation
    bias: tf.Operation | None
    bypass: tf.Operation | None
    activation: tf.Operation | None
    late_bypass: tf.Operation | None

    @property
    def is_bare(self) -> bool:
        """Whether nothing is fused with the linear op."""
        return self.bias is None and self.activation is None


def find_layers(ops: Ops, folded: dict[str, Folded]) -> Iterator[Layer]:
    """Yields the layers whose weights are variables, folded or not, in their order.

    Those whose kernel ends with the linear op, as the first half of a separable
    convolution's does, come last: so did their names.
    """
    found = [
        _describe(op, ops, folded)
        for op in ops
        if op.type in LINEAR and (op.name in folded or is_variable(op.inputs[1]))
    ]
    for bare in (False, True):
        yield from (layer for layer in found if layer.is_bare == bare)


def _describe(linear: tf.Operation, ops: Ops, folded: dict[str, Folded]) -> Layer:
    if linear.name in folded:
        bias = folded[linear.name].bias
    else:
        outputs = linear.outputs[0]
        dilated = find_first(ops.consumers(outputs), {"BatchToSpaceND"})
        readers = ops.consumers(dilated.outputs[0] if dilated else outputs)
        bias = find_first(readers, _BIASES)
    last = linear if bias is None else _skip_identity(bias, ops)
    readers = ops.consumers(last.outputs[0])
    activation = find_first(readers, ACTIVATIONS)
    bypass = None
    if activation is None and bias is not None:
        bypass = find_first(readers, ADDITIONS)
        if bypass is not None:
            activation = find_first(ops.consumers(bypass.outputs[0]), ACTIVATIONS)
    late = None
    if activation is not None:
        late = find_first(ops.consumers(activation.outputs[0]), ADDITIONS)
    elif bypass is None:
        late = _find_behind_dropout(last, ops)
    return Layer(linear, bias, bypass, activation, late)


def _find_behind_dropout(op: tf.Operation, ops: Ops) -> tf.Operation | None:
    """Returns what adds a shortcut to an op's output after dropout, or None.

    So a drop path is in training. Evaluation has an identity in its place, which is
    taken for the activation, so that the sum is one after it.
    """
    for types in ({"Mul"}, {"SelectV2"}):
        readers = ops.consumers(op.outputs[0])
        dropped = find_first(readers, types)
        if dropped is None or "/dropout/" not in dropped.name:
            return None
        op = dropped
    return find_first(ops.consumers(op.outputs[0]), ADDITIONS)


def _skip_identity(bias: tf.Operation, ops: Ops) -> tf.Operation:
    """Returns the identity by which batch norm waits for its updates, if it does so."""
    readers = ops.consumers(bias.outputs[0])
    waiting = find_first(readers, {"Identity"})
    if waiting is not None and "/BatchNorm/" in waiting.name and len(readers) == 1:
        return waiting
    return bias
