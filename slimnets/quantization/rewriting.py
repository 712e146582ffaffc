"""Fake quantization of a whole graph: fold batch norm, then round tensors."""

import re
from collections.abc import Sequence

import tensorflow as tf

from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.quantization import batch_norms, integer_kernels, layers, ranges
from slimnets.quantization.batch_norms import BATCH_NORMS
from slimnets.quantization.graph import (
    ADDITIONS,
    Ops,
    Unquantizable,
    get_parent,
    name_scope,
    trace_back,
)
from slimnets.quantization.layers import ACTIVATIONS, RELUS, Layer
from slimnets.quantization.ranges import Quantized

_SUMS = ADDITIONS | {"Mul"}
_BEFORE_SUMS = frozenset(
    {"Reshape", "Identity", "BatchToSpaceND", "SpaceToBatchND", "MaxPool", "Max"}
)
# What gives some of its input's values, and so has its range.
_SELECTIONS = _BEFORE_SUMS | {"Squeeze", "Transpose", "Pad", "StridedSlice", "Slice"}
_MEANS = frozenset({"AvgPool", "Mean"})
_ROUNDED_IMAGES = "FakeQuantWithMinMaxArgs"  # an export rounds its inputs before
_FUSED = ACTIVATIONS | {"BatchToSpaceND"}  # of a kernel, behind its sums
_MASKS = frozenset({"GreaterEqual", "Less", "SelectV2", "Floor"})


def rewrite(
    operations: Sequence[tf.Operation], is_training: bool, settings: FakeQuantization
) -> Ops:
    """Inserts fake quantization among a network's ops.

    Args:
      operations: of the network, all in the default graph, in their order.
      is_training: whether ranges are followed; else they are taken as they are.
      settings: how.

    Returns:
      The ops, which resolve tensors of the network to what took their place.

    Raises:
      Unquantizable: a batch norm cannot be folded, or there is nothing to quantize.
    """
    ops = Ops(operations)
    folded = batch_norms.fold(ops, settings)
    rewriter = _Rewriter(ops, is_training, settings)
    found = list(layers.find_layers(ops, folded))
    for layer in found:
        rewriter.quantize_layer(layer)
    if not rewriter.count:
        raise Unquantizable("there is no layer whose weights could be quantized")
    rewriter.quantize_sums()
    rewriter.quantize_derived()
    if settings.integer_kernels and not is_training:
        rewriter.leave_hard_swish_in_float()
        for layer in found:
            rewriter.add_up_integers(layer, layer.linear.name in folded)
        rewriter.combine_integers()
    return ops


class _Rewriter:
    """Rounds tensors of one graph, each once.

    Attributes:
      count: of the layers whose weights are rounded.
    """

    def __init__(self, ops: Ops, is_training: bool, settings: FakeQuantization):
        self._ops, self._is_training, self._settings = ops, is_training, settings
        self._quantized: dict[str, Quantized] = {}  # by name of the tensor that is read
        self._weights: dict[str, ranges.Range] = {}  # by name of the linear op
        self._done: dict[str, ranges.Range] = {}  # by name of the op that is rounded
        self.count = 0

    def quantize_layer(self, layer: Layer) -> None:
        """Rounds the weights of a layer and what leaves its kernel."""
        if not layer.linear.name.startswith(self._settings.scope):
            return
        scope = get_parent(layer.linear.name)
        self._quantize_weights(layer.linear, _join(scope, "weights_quant"))
        outer = get_parent(scope) if layer.bypass is not None else scope
        last = layer.activation
        if last is None and layer.bypass is None:
            last = layer.bias or self._find_end(layer.linear)
        if last is not None:
            self._quantize(last, _join(outer, "act_quant"), start=0.0)
        if layer.bypass is not None and layer.bias is not None:
            self._quantize(layer.bias, _join(scope, "conv_quant"))
            if not self._is_followed_by(layer.bypass, ACTIVATIONS):
                self._quantize(layer.bypass, _join(outer, "add_quant"))
        late = layer.late_bypass
        if late is not None and not self._is_followed_by(late, RELUS):
            name = _join(get_parent(late.name), "post_activation_bypass_quant")
            self._quantize(late, name)

    def quantize_sums(self) -> None:
        """Rounds sums and products of rounded values that no kernel goes on with."""
        for op in list(self._ops):
            if self._is_open_sum(op) and op.name.startswith(self._settings.scope):
                self._quantize(op, f"{op.name}/activation_{op.type}_quant")

    def quantize_derived(self) -> None:
        """Rounds means and concatenations as integer kernels do, by known ranges.

        A mean has its input's range. LiteRT concatenates what has one range: theirs
        together. tf.contrib.quantize left both to the converter of its time.
        """
        for op in list(self._ops):
            if op.type in _MEANS:
                known = self._find(op.inputs[0])
                if known is not None:
                    self._quantize_mean(op, known.range)
            elif op.type == "ConcatV2":
                parts = [self._find(part) for part in op.inputs[:-1]]
                known_parts = [part.range for part in parts if part is not None]
                if parts and len(known_parts) == len(parts):
                    with name_scope(get_parent(op.name)):
                        union = ranges.unite(known_parts)
                    self._requantize(op, union, "concat_quant")

    def add_up_integers(self, layer: Layer, is_folded: bool) -> None:
        """Lets a layer whose inputs' range is known add up integers."""
        linear, bias = layer.linear, layer.bias
        inputs = self._find(linear.inputs[0])
        weights = self._weights.get(linear.name)
        if inputs is None or weights is None:
            return
        if bias is not None and not is_folded and bias.type != "BiasAdd":
            bias = None  # what is added is a shortcut
        outputs = self._find_output_range(linear if bias is None else bias)
        integer_kernels.add_up_integers(
            self._ops, linear, bias, inputs.range, weights, outputs, self._settings
        )

    def leave_hard_swish_in_float(self) -> None:
        """Takes the roundings inside of `x * relu6(x + 3) / 6` away.

        LiteRT's converter makes one op of it, which computes in float.
        """
        for op in self._ops:
            if op.type != "RealDiv":
                continue
            product = ranges.unround(op.inputs[0])
            if product.op.type != "Mul" or product.op.name not in self._done:
                continue
            value, gate = product.op.inputs
            relu = ranges.unround(gate)
            if relu.op.type != "Relu6" or relu.op.name not in self._done:
                continue
            if any(given is value for given in relu.op.inputs[0].op.inputs):
                self._ops.redirect(op.inputs[0], product, [op])
                self._ops.redirect(gate, relu, [product.op])
                del self._done[product.op.name], self._done[relu.op.name]

    def combine_integers(self) -> None:
        """Lets sums and products of two rounded tensors be those of integers.

        Or of such a tensor and a constant, which is rounded within a range of its own.
        """
        for op in self._ops:
            if op.type not in _SUMS:
                continue
            first, second = (
                self._find(tensor) or ranges.round_constant(tensor)
                for tensor in op.inputs
            )
            outputs = self._find_output_range(op)
            if first is None or second is None or outputs is None:
                continue
            integer_kernels.combine_integers(
                self._ops, op, (first.range, second.range), outputs, self._settings
            )

    def _find_output_range(self, op: tf.Operation) -> ranges.Range | None:
        """Returns the range in which the kernel that an op is of rounds its result."""
        while op.name not in self._done:
            readers = self._ops.consumers(op.outputs[0])
            if len(readers) != 1 or readers[0].type not in _FUSED:
                return None
            op = readers[0]
        return self._done[op.name]

    def _find_end(self, linear: tf.Operation) -> tf.Operation | None:
        """Returns the op that ends a bare layer; None where batch norm follows it."""
        readers = self._ops.consumers(linear.outputs[0])
        if len(readers) == 1 and readers[0].type == "BatchToSpaceND":
            return self._find_end(readers[0])
        normalized = any(reader.type in BATCH_NORMS for reader in readers)
        return None if normalized else linear

    def _quantize_weights(self, linear: tf.Operation, name: str) -> None:
        weights = linear.inputs[1]
        rounded = ranges.quantize_weights(
            weights, name, self._is_training, self._settings
        )
        self._ops.redirect(weights, rounded.values, [linear])
        self._weights[linear.name] = rounded.range
        self.count += 1

    def _quantize(self, op: tf.Operation, name: str, start: float = -6.0) -> None:
        if op.name in self._done:
            return
        tensor = op.outputs[0]
        rounded = ranges.quantize_activations(
            tensor, name, self._is_training, self._settings, start
        )
        self._put(op, rounded)

    def _requantize(self, op: tf.Operation, within: ranges.Range, name: str) -> None:
        with name_scope(get_parent(op.name)):
            rounded = ranges.requantize(
                op.outputs[0], within, name, self._is_training, self._settings
            )
        self._put(op, rounded)

    def _quantize_mean(self, op: tf.Operation, within: ranges.Range) -> None:
        if self._is_training or not self._settings.integer_kernels:
            self._requantize(op, within, "pool_quant")
            return
        with name_scope(get_parent(op.name)), tf.name_scope("pool_quant"):
            rounded = integer_kernels.round_mean(
                op.outputs[0], op.type, within, self._settings
            )
        self._put(op, Quantized(rounded, within))

    def _put(self, op: tf.Operation, rounded: Quantized) -> None:
        self._done[op.name] = rounded.range
        self._quantized[rounded.values.name] = rounded
        self._ops.redirect(op.outputs[0], rounded.values)

    def _find(self, tensor: tf.Tensor) -> Quantized | None:
        """Returns how the values of a tensor were rounded, if only moved since."""
        while tensor.name not in self._quantized:
            if tensor.op.type == _ROUNDED_IMAGES:
                return Quantized(tensor, ranges.read_constant(tensor.op))
            if tensor.op.type not in _SELECTIONS or not tensor.op.inputs:
                return None
            tensor = tensor.op.inputs[0]
        return self._quantized[tensor.name]

    def _is_followed_by(self, op: tf.Operation, types: frozenset[str]) -> bool:
        readers = self._ops.consumers(self._ops.resolve(op.outputs[0]))
        return any(reader.type in types for reader in readers)

    def _is_open_sum(self, op: tf.Operation) -> bool:
        """Whether an op adds or multiplies what is rounded, and its result is not."""
        if op.type not in _SUMS or op.name in self._done or self._is_dropout(op):
            return False
        readers = op.outputs[0].consumers()
        if len(readers) == 1 and readers[0].type in RELUS:
            return False
        return any(self._comes_of_rounded(tensor) for tensor in op.inputs)

    def _is_dropout(self, op: tf.Operation) -> bool:
        """Whether a product is dropout's, which training alone has."""
        if op.type != "Mul":
            return False
        if re.search(r"(^|/)dropout(_\d+)?/", op.name.lower()):
            return True
        through = frozenset({"Cast", "Mul", "Identity"})
        sources = (trace_back(tensor, through).op for tensor in op.inputs)
        # Rounding that is delayed selects too, but is not the network's.
        return any(source.type in _MASKS and source in self._ops for source in sources)

    def _comes_of_rounded(self, tensor: tf.Tensor) -> bool:
        while tensor.name not in self._quantized:
            op = tensor.op
            if op.type in _BEFORE_SUMS and op.inputs:
                tensor = op.inputs[0]
                continue
            return op.type in _SUMS and any(
                self._is_open_sum(source.op) for source in op.inputs
            )
        return True


def _join(scope: str, name: str) -> str:
    return f"{scope}/{name}" if scope else name
