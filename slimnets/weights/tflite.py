"""Weights inside TFLite's files, float or quantised; batch norm is folded into them.

The converter multiplies batch norm's factor into the kernel before it and turns the
rest into a bias. So a variable of ours gets the folded kernel, and its batch norm what
leaves that as it is: a beta that is the bias, a moving variance of 1 less epsilon.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from slimnets import errors
from slimnets.checkpoints import file_kinds
from slimnets.nets import blueprint
from slimnets.weights.rules import Found

_IDENTIFIER = b"TFL3"
_DTYPES = {
    schema.TensorType.FLOAT32: "<f4",
    schema.TensorType.FLOAT16: "<f2",
    schema.TensorType.INT8: "i1",
    schema.TensorType.UINT8: "u1",
    schema.TensorType.INT32: "<i4",
    schema.TensorType.INT64: "<i8",
}
_FUSED_NORM = "FusedBatchNormV3"
_CONV = schema.BuiltinOperator.CONV_2D
_DEPTHWISE = schema.BuiltinOperator.DEPTHWISE_CONV_2D
_DENSE = schema.BuiltinOperator.FULLY_CONNECTED
# Of the kernels of these: the axes that give ours, and our names for it.
_KERNELS = {
    _CONV: ((1, 2, 3, 0), ("weights", "pointwise_weights")),
    _DEPTHWISE: ((1, 2, 3, 0), ("depthwise_weights",)),
    _DENSE: ((1, 0), ("weights", "pointwise_weights")),
}


class _Layer(NamedTuple):
    """A convolution or a fully connected layer of the file."""

    names: str  # of its tensors, joined by ';'
    kernel: np.ndarray  # in our order of axes
    bias: np.ndarray  # [channels]
    ours: tuple[str, ...]  # what we may call its kernel


def read(path: Path, network: str) -> Found:
    """Reads the weights of a TFLite file that was made of a TF-Slim graph.

    Args:
      path: of the file.
      network: a name of the registry.

    Raises:
      InputError: it is no such file.
    """
    file_kinds.require_source(path, "tflite")
    traced = blueprint.trace(network, 2)
    values: dict[str, np.ndarray] = {}
    unused = []
    for layer in _read_layers(_parse(path)):
        name = _find_variable(layer, traced, values)
        if name is None:
            unused.append(layer.names.split(";")[0])
            continue
        values[name] = _split_multiplier(layer.kernel, name, traced)
        values |= _assign_bias(name.rpartition("/")[0], layer.bias, traced)
    return Found(values, unused, [_describe(values)] if values else [])


def _describe(values: dict[str, np.ndarray]) -> str:
    return (
        "batch norm was folded into the kernels before it: what remains of it adds"
        f" their biases; {len(values)} values in all"
    )


def _parse(path: Path) -> Any:
    try:
        content = path.read_bytes()
        if content[4:8] != _IDENTIFIER:
            raise ValueError("it does not begin as one does")
        return schema.ModelT.InitFromPackedBuf(content, 0)
    # A damaged buffer makes its reader fail in any way.
    except Exception as error:
        raise errors.InputError(
            f"{path} cannot be read as a .tflite file: {errors.summarize(error)}"
        ) from error


def _read_layers(model: Any) -> Iterator[_Layer]:
    """Yields the layers whose kernel is a constant, in the order in which they run."""
    graph = model.subgraphs[0]
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    # float16 weights are made float32 by an operator of their own.
    widened = {
        op.outputs[0]: op.inputs[0]
        for op in graph.operators
        if codes[op.opcodeIndex] == schema.BuiltinOperator.DEQUANTIZE
    }
    for op in graph.operators:
        if codes[op.opcodeIndex] not in _KERNELS:
            continue
        axes, ours = _KERNELS[codes[op.opcodeIndex]]
        kernel, *biases = (
            graph.tensors[widened.get(index, index)]
            for index in op.inputs[1:3]
            if index >= 0
        )
        output = graph.tensors[op.outputs[0]]
        names = f"{kernel.name.decode()};{output.name.decode()}"
        numbers = _dequantize(model, kernel)
        added: np.ndarray | None = np.zeros(output.shape[-1], np.float32)
        if biases:
            added = _dequantize(model, biases[0])
        if numbers is not None and added is not None:
            yield _Layer(names, numbers.transpose(axes), added, ours)


def _dequantize(model: Any, tensor: Any) -> np.ndarray | None:
    """Returns a tensor's numbers, dequantised; None if they are not in the file."""
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) == 0:
        return None
    if tensor.type not in _DTYPES:
        raise errors.InputError(
            f"the .tflite file has {tensor.name.decode()} in a number format that is"
            f" not read (TensorType {tensor.type}); convert a file of 8 bits or more"
        )
    stored = np.frombuffer(bytes(data), _DTYPES[tensor.type]).reshape(tensor.shape)
    quantised = tensor.quantization
    if quantised is None or quantised.scale is None or len(quantised.scale) == 0:
        return stored.astype(np.float32)
    shape = [1] * stored.ndim
    if len(quantised.scale) > 1:
        shape[quantised.quantizedDimension] = -1
    zero = np.asarray(quantised.zeroPoint, np.float64).reshape(shape)
    scale = np.asarray(quantised.scale, np.float64).reshape(shape)
    return ((stored - zero) * scale).astype(np.float32)


def _find_variable(
    layer: _Layer, traced: blueprint.Blueprint, taken: Mapping[str, np.ndarray]
) -> str | None:
    """Returns our name of a layer's kernel; None if its names tell of none."""
    candidates = (
        f"{scope}/{kernel}"
        for name in layer.names.split(";")
        for scope in _list_scopes(name)
        for kernel in layer.ours
    )
    known = (name for name in candidates if name in traced.variables)
    return next((name for name in known if name not in taken), None)


def _list_scopes(name: str) -> Iterator[str]:
    """Yields what in a path may be our scope: others come before it, ops behind."""
    parts = name.split("/")
    for start in range(len(parts)):
        for end in range(len(parts), start, -1):
            yield "/".join(parts[start:end])


def _split_multiplier(
    kernel: np.ndarray, name: str, traced: blueprint.Blueprint
) -> np.ndarray:
    """Returns a depthwise kernel with its multiplier apart, others as they are."""
    if not name.endswith("/depthwise_weights"):
        return kernel
    multiplier = traced.variables[name].shape[-1]
    return kernel.reshape(*kernel.shape[:2], -1, multiplier)


def _assign_bias(
    scope: str, bias: np.ndarray, traced: blueprint.Blueprint
) -> dict[str, np.ndarray]:
    """Returns the layer's biases, or what its batch norm has if it adds them alone."""
    if f"{scope}/biases" in traced.variables:
        return {f"{scope}/biases": bias}
    norm = f"{scope}/BatchNorm"
    variance = traced.variables.get(f"{norm}/moving_variance")
    if variance is None:
        return {}
    (epsilon,) = {
        op.get_attr("epsilon") for op in variance.consumers() if op.type == _FUSED_NORM
    }
    ones = np.ones_like(bias)
    values = {
        f"{norm}/gamma": ones,
        f"{norm}/beta": bias,
        f"{norm}/moving_mean": 0 * ones,
        f"{norm}/moving_variance": ones - np.float32(epsilon),
    }
    return {name: value for name, value in values.items() if name in traced.variables}
