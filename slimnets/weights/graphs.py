"""Weights inside TensorFlow's graphs: frozen ones, and SavedModels.

Graphs that were made of TF-Slim's networks bear its names, below some prefix perhaps.
TensorFlow 1 freezes a variable as a constant of its name; TensorFlow 2's constant has
only the name of an op that reads it.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import graph_pb2
from tensorflow.core.framework.node_def_pb2 import NodeDef as Node
from tensorflow.core.protobuf import saved_model_pb2

from slimnets import checkpoints, errors
from slimnets.checkpoints import file_kinds
from slimnets.nets import blueprint
from slimnets.weights.rules import Found

# What freezing appends to a variable's name.
_SUFFIX = re.compile(r"(/read|/ReadVariableOp|/resource|/Read)+(_\d+)?$|:0$")
_MOST_REPEATED = 2**26  # bytes of an array that is one number repeated
_MODEL_FILE = "saved_model.pb"


def read_frozen(path: Path, network: str) -> Found:
    """Reads a frozen GraphDef's constants.

    Args:
      path: of the .pb file.
      network: a name of the registry.

    Raises:
      InputError: it is no such file.
    """
    file_kinds.require_source(path, "frozen_graph")
    graph = graph_pb2.GraphDef()
    _parse(graph, path, "a frozen graph's .pb")
    return _find_frozen(network, graph)


def read_saved_model(path: Path, network: str) -> Found:
    """Reads a SavedModel's variables, or its constants if it has been frozen.

    Args:
      path: of its folder.
      network: a name of the registry.

    Raises:
      InputError: it is no such folder.
    """
    if path.name == _MODEL_FILE:
        path = path.parent
    file_kinds.require_source(path, "saved_model")
    variables = path / "variables" / "variables"
    found = Found({}, [], [])
    if variables.with_suffix(".index").is_file():
        found = match_names(network, _read_variables(str(variables)))
        if found.values:  # one of constants has a file of none
            return found
    model = saved_model_pb2.SavedModel()
    _parse(model, path / _MODEL_FILE, "a SavedModel's folder")
    merged = graph_pb2.GraphDef()
    for meta_graph in model.meta_graphs:
        merged.MergeFrom(meta_graph.graph_def)
    frozen = _find_frozen(network, merged)
    return frozen if frozen.values or not found.unused else found


def _find_frozen(network: str, graph: graph_pb2.GraphDef) -> Found:
    """Finds a network's variables among a graph's constants, its functions' too."""
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    held: dict[str, np.ndarray] = {}
    used: dict[str, np.ndarray] = {}
    for body in bodies:
        constants = {n.name: _read_constant(n) for n in body if _is_weight(n)}
        held |= constants
        used |= _name_by_use(network, body, constants)
    named = (match_names(network, arrays) for arrays in (held, used))
    return max(named, key=lambda found: len(found.values))


def _name_by_use(
    network: str, body: Sequence[Node], constants: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns constants by the variables that ops of the same names take."""
    sources = {node.name: [_get_producer(name) for name in node.input] for node in body}
    copies = {node.name: sources[node.name][0] for node in body if _is_copy(node)}
    variables = _trace_uses(network)
    found = {}
    for op, inputs in sources.items():
        for position, taken in enumerate(inputs):
            while taken in copies:
                taken = copies[taken]
            uses = ((scope, position) for scope in _strip_prefixes(op))
            name = next((variables[use] for use in uses if use in variables), None)
            if name and taken in constants:
                found[name] = constants[taken]
    return found


def _trace_uses(network: str) -> dict[tuple[str, int], str]:
    """Returns the variables by the op that takes them, and as which of its inputs."""
    traced = blueprint.trace(network, 2)
    names = {tensor.op.name: name for name, tensor in traced.variables.items()}
    uses = {
        (op.name, position): names[tensor.op.name]
        for op in traced.graph.get_operations()
        for position, tensor in enumerate(op.inputs)
        if tensor.op.name in names
    }
    # Where a kernel covers its whole input, TensorFlow 2's graph has a product.
    products = {
        (f"{op.removesuffix('Conv2D')}MatMul", position): name
        for (op, position), name in uses.items()
        if op.endswith("/Conv2D")
    }
    return products | uses


def _get_producer(name: str) -> str:
    """Returns the op whose output a node's input is."""
    return name.removeprefix("^").partition(":")[0]


def _is_copy(node: Node) -> bool:
    return node.op in ("Identity", "ReadVariableOp", "Reshape")


def match_names(network: str, arrays: Mapping[str, np.ndarray]) -> Found:
    """Finds a network's variables among named arrays.

    A variable is the array of its name, of its name behind a prefix, or either with
    what freezing appends. Where several are, the shortest name counts: the others are
    copies.

    Args:
      network: a name of the registry.
      arrays: of a graph, by name.
    """
    names: dict[str, str] = {}
    wanted = checkpoints.get_variable_shapes(network, 2)
    for name in sorted(arrays, key=len):
        for candidate in _strip_prefixes(_SUFFIX.sub("", name)):
            if candidate in wanted:
                names.setdefault(candidate, name)
                break
    used = set(names.values())
    return Found(
        values={ours: arrays[theirs] for ours, theirs in names.items()},
        unused=[name for name in arrays if name not in used],
        notes=[],
    )


def _strip_prefixes(name: str) -> Iterator[str]:
    """Yields the name, and what is left of it as scopes are dropped from the front."""
    parts = name.split("/")
    for start in range(len(parts)):
        yield "/".join(parts[start:])


def _parse(message: Any, path: Path, what: str) -> None:
    try:
        message.ParseFromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise errors.InputError(
            f"{path} cannot be read as {what}: {errors.summarize(error)}"
        ) from error


def _read_constant(node: Node) -> np.ndarray:
    """Returns a constant's value; ValueError if it claims more than it holds.

    One number may stand for an array full of it.
    """
    tensor = node.attr["value"].tensor
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    if min(sizes) < 0 or 4 * math.prod(sizes) > _MOST_REPEATED + tensor.ByteSize():
        raise ValueError(f"the constant {node.name} claims a shape of {sizes}")
    return tf.make_ndarray(tensor)


def _is_weight(node: Node) -> bool:
    tensor = node.attr["value"].tensor
    return (
        node.op == "Const"
        and tensor.dtype == tf.float32.as_datatype_enum
        and bool(tensor.tensor_shape.dim)
    )


def _read_variables(path: str) -> dict[str, np.ndarray]:
    """Returns a SavedModel's variables by their own names."""
    return dict(_keep_floats(checkpoints.read(path).items()))


def _keep_floats(
    items: Iterable[tuple[str, object]],
) -> Iterator[tuple[str, np.ndarray]]:
    for name, value in items:
        if isinstance(value, np.ndarray) and value.dtype == np.float32:
            yield name, value
