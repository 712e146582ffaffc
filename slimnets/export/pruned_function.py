"""Functions to be exported, pruned to the ops and variables that outputs need."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

Outputs = dict[str, tf.Tensor]


class PrunedFunction(NamedTuple):
    """A function and the variables to save with it.

    Attributes:
      run: a tf.function of one argument.
      variables: those it reads.
      graph: the same as a graph, for formats that keep weights as constants.
    """

    run: Any
    variables: list[tf.Variable]
    graph: "PrunedGraph"


class PrunedGraph(NamedTuple):
    """The ops between an input and its outputs.

    Attributes:
      graph_def: with a placeholder for the input and for each variable's handle.
      input: the input tensor's name.
      outputs: names of output tensors, in the order of `structure`.
      structure: as the function returns it.
      variables: by the name of the placeholder of the handle, as an op.
    """

    graph_def: tf.compat.v1.GraphDef
    input: str
    outputs: list[str]
    structure: Any
    variables: dict[str, tf.Variable]

    def add(
        self, batch: tf.Tensor, given: Mapping[str, tf.Tensor], scope: str = ""
    ) -> Outputs:
        """Adds the ops to the graph being built.

        Args:
          batch: the input.
          given: tensors by the name of those whose place they take.
          scope: of the ops' names.
        """
        tensors = tf.graph_util.import_graph_def(
            self.graph_def,
            input_map={self.input: batch, **given},
            return_elements=self.outputs,
            name=scope,
        )
        return tf.nest.pack_sequence_as(self.structure, tensors)

    def list_reads(self) -> dict[str, tf.Variable]:
        """Returns the variables by the names of the tensors that have their values."""
        return {
            f"{node.name}:0": self.variables[node.input[0]]
            for node in self.graph_def.node
            if node.op == "ReadVariableOp"
        }


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
    pruned = _trace(outputs, inputs)

    def run(batch: tf.Tensor) -> Outputs:
        graph = tf.compat.v1.get_default_graph()
        handles = {
            f"{name}:0": graph.capture(variable.handle)
            for name, variable in pruned.variables.items()
        }
        return pruned.add(batch, handles)

    function = tf.function(run, input_signature=[inputs], autograph=False)
    return PrunedFunction(function, list(pruned.variables.values()), pruned)


def _trace(
    outputs: Callable[[tf.Tensor], Outputs], inputs: tf.TensorSpec
) -> PrunedGraph:
    """Returns what a function computes, with the ops that it needs for that alone."""
    traced = tf.compat.v1.wrap_function(outputs, [inputs])
    ops = _find_needed([tensor.op for tensor in traced.outputs])
    graph_def = tf.compat.v1.GraphDef()
    graph_def.CopyFrom(traced.graph.as_graph_def())
    names = {op.name for op in ops}
    kept = [node for node in graph_def.node if node.name in names]
    del graph_def.node[:]
    graph_def.node.extend(kept)
    variables = {v.handle.ref(): v for v in traced.graph.variables}
    return PrunedGraph(
        graph_def,
        traced.inputs[0].name,
        [tensor.name for tensor in traced.outputs],
        traced.structured_outputs,
        {
            inner.op.name: variables[outer.ref()]
            for outer, inner in traced.graph.captures
            if inner.op in ops
        },
    )


def _find_needed(ops: list[tf.Operation]) -> set[tf.Operation]:
    """Returns the operations that some depend on, and these themselves."""
    found: set[tf.Operation] = set()
    while ops:
        op = ops.pop()
        if op not in found:
            found.add(op)
            ops += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return found
