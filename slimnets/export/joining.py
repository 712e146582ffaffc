"""Two LiteRT files made one: what prepares images, before the network that takes them.

A converter that quantizes would quantize the products of matrices by which images are
resized too. So the network is converted alone, and the file gets a second signature
whose ops are those of the preparation, then the network's own over the same weights.
"""

import copy
from typing import Any

from slimnets import errors

# Attributes of LiteRT's schema, by what an index into a model's lists is of.
_Model = Any
_Graph = Any


def join(network: bytes, preparation: bytes, signature: str) -> bytes:
    """Returns the network's file with one more signature.

    Args:
      network: a file with one signature, of one input.
      preparation: a file with one signature, whose output is that input.
      signature: the name of the new one, from the preparation's input to the network's
        outputs.

    Raises:
      InputError: the preparation branches or loops.
    """
    tools = import_tools()
    model = tools.read_model_from_bytearray(bytearray(network))
    before = tools.read_model_from_bytearray(bytearray(preparation))
    if len(before.subgraphs) != 1:
        raise errors.InputError(
            "the preprocessing branches or loops, which no quantized file can have;"
            " leave --post_training_quantize out, or name another --preprocessing_name"
        )
    _move_into(before, model)
    graph, first = _chain(before.subgraphs[0], model.subgraphs[0], signature)
    model.subgraphs.append(graph)
    model.signatureDefs.append(
        _make_signature(before, model, signature, len(model.subgraphs) - 1, first)
    )
    return bytes(tools.convert_object_to_bytearray(model))


def import_tools() -> Any:
    """Imports LiteRT's reader and writer of models as Python objects."""
    return errors.import_extra("ai_edge_litert.tools.flatbuffer_utils", "litert")


def _move_into(before: _Model, model: _Model) -> None:
    """Gives a model another's kinds of ops and buffers, and the other their places."""
    codes, buffers = len(model.operatorCodes), len(model.buffers)
    model.operatorCodes += before.operatorCodes
    model.buffers += before.buffers
    graph = before.subgraphs[0]
    for operator in graph.operators:
        operator.opcodeIndex += codes
    for tensor in graph.tensors:
        tensor.buffer += buffers


def _chain(before: _Graph, after: _Graph, name: str) -> tuple[_Graph, int]:
    """Returns a graph of two in a row, and the place of the second's tensors in it."""
    graph, first = copy.copy(before), len(before.tensors)
    moved = {k: first + k for k in range(len(after.tensors))}
    [given], [made] = after.inputs, before.outputs
    moved[int(given)] = int(made)
    moved[-1] = -1  # an input that is left out
    graph.name = name.encode()
    graph.tensors = [*before.tensors, *after.tensors]
    graph.operators = [
        *before.operators,
        *(_move_operator(operator, moved) for operator in after.operators),
    ]
    graph.outputs = [moved[int(k)] for k in after.outputs]
    return graph, first


def _move_operator(operator: Any, moved: dict[int, int]) -> Any:
    operator = copy.copy(operator)
    for name in ("inputs", "outputs", "intermediates"):
        places = getattr(operator, name)
        if places is not None:
            setattr(operator, name, [moved[int(k)] for k in places])
    return operator


def _make_signature(
    before: _Model, model: _Model, name: str, place: int, first: int
) -> Any:
    """Returns the signature of a chained graph."""
    [taken], [given] = before.signatureDefs, model.signatureDefs
    signature = copy.copy(given)
    signature.signatureKey = name.encode()
    signature.subgraphIndex = place
    signature.inputs = taken.inputs
    signature.outputs = [copy.copy(output) for output in given.outputs]
    for output in signature.outputs:
        output.tensorIndex += first
    return signature
