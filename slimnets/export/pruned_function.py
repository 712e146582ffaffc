"""Functions to be exported, pruned to the ops and variables that outputs need."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Outputs = dict[str, tf.Tensor]


class PrunedFunction(NamedTuple):
    """A function and the variables to save with it.

    Attributes:
      run: a tf.function of one argument.
      variables: those it reads.
    """

    run: Any
    variables: list[tf.Variable]


def prune_to_outputs(
    outputs: Callable[[tf.Tensor], Outputs], inputs: tf.TensorSpec
) -> PrunedFunction:
    """Returns a function without the ops that its outputs do not depend on.

    A folded network's trace still has the convolutions before folding. They never
    run, but a SavedModel would keep their weights.

    Args:
      outputs: from a batch to tensors by name.
      inputs: shape, type and name of the batch.
    """
    traced = tf.compat.v1.wrap_function(outputs, [inputs])
    ops = _find_needed([tensor.op for tensor in traced.outputs])
    graph_def = tf.compat.v1.GraphDef()
    graph_def.CopyFrom(traced.graph.as_graph_def())
    names = {op.name for op in ops}
    kept = [node for node in graph_def.node if node.name in names]
    del graph_def.node[:]
    graph_def.node.extend(kept)
    variables = {v.handle.ref(): v for v in traced.graph.variables}
    captured = {
        inner.name: variables[outer.ref()]
        for outer, inner in traced.graph.captures
        if inner.op in ops
    }

    def run(batch: tf.Tensor) -> Outputs:
        graph = tf.compat.v1.get_default_graph()
        handles = {name: graph.capture(v.handle) for name, v in captured.items()}
        tensors = tf.graph_util.import_graph_def(
            graph_def,
            input_map={traced.inputs[0].name: batch} | handles,
            return_elements=[tensor.name for tensor in traced.outputs],
            name="",
        )
        return tf.nest.pack_sequence_as(traced.structured_outputs, tensors)

    function = tf.function(run, input_signature=[inputs], autograph=False)
    return PrunedFunction(function, list(captured.values()))


def _find_needed(ops: list[tf.Operation]) -> set[tf.Operation]:
    """Returns the operations that some depend on, and these themselves."""
    found: set[tf.Operation] = set()
    while ops:
        op = ops.pop()
        if op not in found:
            found.add(op)
            ops += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return found
