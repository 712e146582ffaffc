"""The layers of a network, with their shapes, cost and receptive fields."""

import collections
import math
from collections.abc import Iterable
from typing import NamedTuple

import tensorflow as tf

from slimnets.nets.blueprint import Blueprint
from slimnets.report import receptive_field
from slimnets.report.receptive_field import Field

_KINDS = {
    "Conv2D": "conv",
    "DepthwiseConv2dNative": "depthwise",
    "MatMul": "dense",
    "BatchMatMulV2": "dense",
}


class LayerSummary(NamedTuple):
    """One convolution or matrix product, with all variables that belong to it.

    Or variables that belong to none, such as those of batch norm before an activation.

    Attributes:
      name: its variable scope, or its op where it has no variables.
      kind: such as "conv 3x3/2" (a stride of 2), "conv 3x3 g32" (32 groups of
        channels), "depthwise 5x5", "sep 5x5" (depthwise, then 1x1), "dense", "norm".
      shape: of its output for one image.
      parameters: number of trainable parameters.
      multiply_adds: of its convolutions and matrix products, for one image.
      field: the receptive field of its output.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    field: Field


def list_layers(blueprint: Blueprint) -> list[LayerSummary]:
    """Returns a network's layers, in the order in which they run.

    Every trainable variable belongs to one, and every multiply-add: the sums are the
    network's. Multiply-adds are those of convolutions and matrix products; biases,
    normalization, activations and pools are left out, as papers do.
    """
    fields = receptive_field.compute_fields(blueprint.graph, blueprint.images)
    uses = _find_variables(blueprint, fields)
    scopes = _find_scopes(blueprint.variables, uses)
    parameters: collections.Counter[str] = collections.Counter()
    for name in blueprint.trainable:
        parameters[scopes[name]] += blueprint.variables[name].shape.num_elements()
    return [
        _summarize(scope, ops, parameters[scope], fields)
        for scope, ops in _group_ops(uses, scopes).items()
    ]


def count_multiply_adds(op: tf.Operation) -> int:
    """Returns the multiply-adds of an op for one image; 0 unless it is linear."""
    if op.type not in _KINDS:
        return 0
    shape = op.inputs[1].shape.as_list()
    if op.type == "Conv2D":
        terms = math.prod(shape[:3])  # of a grouped one: the channels of a group
    elif op.type == "DepthwiseConv2dNative":
        terms = math.prod(shape[:2])
    else:
        flipped = op.get_attr("transpose_b" if op.type == "MatMul" else "adj_y")
        terms = shape[-1] if flipped else shape[-2]
    return terms * op.outputs[0].shape.num_elements()


def _summarize(
    scope: str,
    ops: list[tf.Operation],
    parameters: int,
    fields: dict[tf.Operation, Field],
) -> LayerSummary:
    linear = [op for op in ops if op.type in _KINDS]
    last = (linear or ops)[-1]
    return LayerSummary(
        name=scope,
        kind=_name_kind(linear, last),
        shape=tuple(last.outputs[0].shape.as_list()[1:]),
        parameters=parameters,
        multiply_adds=sum(map(count_multiply_adds, linear)),
        field=fields[last],
    )


def _name_kind(linear: list[tf.Operation], last: tf.Operation) -> str:
    if not linear:
        return "norm" if last.type.startswith("FusedBatchNorm") else "scale"
    first = linear[0]
    kind = _KINDS[first.type]
    if kind == "dense":
        return kind
    height, width, depth = first.inputs[1].shape.as_list()[:3]
    stride = first.get_attr("strides")[1]
    groups = first.inputs[0].shape[3] // depth
    return (
        f"{'sep' if last.type != first.type else kind} {height}x{width}"
        + (f"/{stride}" if stride > 1 else "")
        + (f" g{groups}" if groups > 1 else "")
    )


def _find_variables(
    blueprint: Blueprint, fields: dict[tf.Operation, Field]
) -> dict[tf.Operation, frozenset[str]]:
    """Returns the variables that each op applies to activations.

    They may have been reshaped, cast or multiplied with each other before.
    """
    carried = {
        tensor.op: frozenset([name]) for name, tensor in blueprint.variables.items()
    }
    uses = {}
    for op in blueprint.graph.get_operations():
        names = frozenset().union(
            *(carried[tensor.op] for tensor in op.inputs if tensor.op in carried)
        )
        if op in fields:
            uses[op] = names
        elif names:
            carried[op] = names
    return uses


def _find_scopes(
    variables: Iterable[str], uses: dict[tf.Operation, frozenset[str]]
) -> dict[str, str]:
    """Returns the scope of the layer that each variable belongs to.

    It is the innermost one around it that has a kernel; failing that, its own.
    """
    kernels = {
        _get_scope(name)
        for op, names in uses.items()
        if op.type in _KINDS
        for name in names
    }

    def find_scope(name: str) -> str:
        scope = _get_scope(name)
        while scope and scope not in kernels:
            scope = _get_scope(scope)
        return scope or _get_scope(name)

    return {name: find_scope(name) for name in variables}


def _get_scope(name: str) -> str:
    return name.rpartition("/")[0]


def _group_ops(
    uses: dict[tf.Operation, frozenset[str]], scopes: dict[str, str]
) -> dict[str, list[tf.Operation]]:
    """Returns the ops that use a layer's variables; and linear ops without any."""
    layers: dict[str, list[tf.Operation]] = collections.defaultdict(list)
    for op, names in uses.items():
        if not names and op.type in _KINDS:
            layers[op.name].append(op)
        for scope in dict.fromkeys(scopes[name] for name in sorted(names)):
            layers[scope].append(op)
    return layers
