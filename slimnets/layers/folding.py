"""Batch norm folded into the linear layer before it, for networks that only infer.

Normalizing by fixed averages multiplies each channel by a factor and adds an offset. A
convolution or a matrix product can do both itself, by kernels multiplied beforehand and
by a bias: one pass over the activations less, and TensorFlow fuses bias and activation
into the kernel. Measured on two cores with AVX2, batch 16: a third off MobileNet v2's
time, nothing off ResNet-50's, whose convolutions TensorFlow fuses with batch norm too.

Builders need not know: a linear layer registers a closure that computes its output from
a given kernel, and batch norm, finding that its input is such an output, computes it
from the folded kernel instead. What else uses the first output still gets it; where
nothing does, a `tf.function` does not compute it. So batch norm after a concatenation,
an addition or an activation stays as it is, and every end point stays right.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Apply = Callable[[tf.Tensor | tf.Variable], tf.Tensor]


class Parameters(NamedTuple):
    """The variables of one batch norm, each [channels]; None where it has none."""

    beta: tf.Variable | None
    gamma: tf.Variable | None
    moving_mean: tf.Variable
    moving_variance: tf.Variable


class Linear(NamedTuple):
    """A linear layer as a function of its kernel.

    Attributes:
      apply: `f(kernel) -> outputs`, linear in the kernel, no bias. It may run twice.
      kernel: its last axes make the channels of the outputs.
      data_format: 'NHWC' or 'NCHW', of the outputs.
      channel_axes: how many of the kernel's last axes make the channels: 2 of a
        depthwise kernel [height, width, channels, multiplier], 1 of others.
    """

    apply: Apply
    kernel: tf.Variable
    data_format: str
    channel_axes: int = 1


class Folding:
    """The folded kernels of a network: made at its first call, kept for all others.

        folding = Folding()
        with computing(Computation(folding=folding.start_call())):
            logits, end_points = model(images, is_training=False)

    Batch norms are folded that follow a linear layer directly and whose is_training is
    False. Meant for the trace of a `tf.function`: eagerly, the layer without its batch
    norm is computed too.

    The kernels follow from the network's variables; after these change, call `refresh`.
    """

    def __init__(self) -> None:
        self._folded: dict[Any, _Folded] = {}

    def start_call(self) -> "FoldedCall":
        """Returns what one call of the network needs to fold."""
        return FoldedCall(self)

    def refresh(self) -> list[tf.Operation]:
        """Makes the folded kernels follow the variables as they are now.

        Returns:
          In a v1 graph, the ops that do it; the same at each call.
        """
        return [op for folded in self._folded.values() for op in folded.refresh()]

    @property
    def count(self) -> int:
        """How many batch norms are folded."""
        return len(self._folded)

    def find_or_make(
        self, layer: Linear, parameters: Parameters, epsilon: float
    ) -> "_Folded":
        """Returns the kernel and bias of a layer and its batch norm."""
        # Layers that share their variables share what is folded of them.
        key = (layer.kernel.ref(), parameters.moving_mean.ref(), epsilon)
        if key not in self._folded:
            with tf.init_scope():
                self._folded[key] = _Folded(layer, parameters, epsilon)
        return self._folded[key]


class FoldedCall:
    """One call of a network: the linear layers in it, by the tensor each made."""

    def __init__(self, folding: Folding):
        self._folding = folding
        self._layers: dict[Any, Linear] = {}

    def register(self, outputs: tf.Tensor, layer: Linear) -> None:
        """Tells that a linear layer made `outputs`."""
        self._layers[outputs.ref()] = layer

    def normalize(
        self,
        inputs: tf.Tensor,
        parameters: Parameters,
        epsilon: float,
        data_format: str,
    ) -> tf.Tensor | None:
        """Normalizes by the moving averages, if a linear layer made the inputs.

        Args:
          inputs: what to normalize.
          parameters: of the batch norm.
          epsilon: added to the variance.
          data_format: 'NHWC' or 'NCHW'.

        Returns:
          What the layer gives with the folded kernel and bias; None where none made
          the inputs.
        """
        layer = self._layers.get(inputs.ref())
        if layer is None or layer.data_format != data_format:
            return None
        folded = self._folding.find_or_make(layer, parameters, epsilon)
        outputs = layer.apply(folded.kernel)
        bias = tf.cast(folded.bias, outputs.dtype)
        return tf.nn.bias_add(
            outputs, bias, data_format if inputs.shape.rank == 4 else None
        )


class _Folded:
    """A kernel and a bias that do the work of a linear layer and its batch norm."""

    def __init__(self, layer: Linear, parameters: Parameters, epsilon: float):
        # Not the layer itself, whose `apply` holds the graph that it was made in.
        self._unfolded, self._channel_axes = layer.kernel, layer.channel_axes
        self._parameters, self._epsilon = parameters, epsilon
        kernel, bias = self._values()
        name = layer.kernel.name.split(":")[0]
        self.kernel = _make_variable(kernel, f"{name}/folded")
        self.bias = _make_variable(bias, f"{name}/folded_bias")
        self._updates: list[tf.Operation] = []
        if not tf.executing_eagerly():
            self._updates = self._assign(kernel, bias)

    def refresh(self) -> list[tf.Operation]:
        """Folds again; in a v1 graph returns the ops that do it."""
        if tf.executing_eagerly():
            self._assign(*self._values())
        return self._updates

    def _assign(self, kernel: tf.Tensor, bias: tf.Tensor) -> list[tf.Operation]:
        return [
            variable.assign(value, read_value=False)
            for variable, value in ((self.kernel, kernel), (self.bias, bias))
        ]

    def _values(self) -> tuple[tf.Tensor, tf.Tensor]:
        beta, gamma, mean, variance = self._parameters
        factor = tf.math.rsqrt(variance + self._epsilon)
        if gamma is not None:
            factor *= gamma
        bias = -mean * factor if beta is None else beta - mean * factor
        kernel = self._unfolded
        by_channel = tf.reshape(factor, kernel.shape[-self._channel_axes :])
        return tf.cast(tf.cast(kernel, tf.float32) * by_channel, kernel.dtype), bias


def _make_variable(value: tf.Tensor, name: str) -> tf.Variable:
    """Returns a variable that no saver saves."""
    if tf.executing_eagerly():
        return tf.Variable(value, trainable=False, name=name)
    return tf.compat.v1.Variable(
        value,
        trainable=False,
        name=name,
        collections=[tf.compat.v1.GraphKeys.LOCAL_VARIABLES],
        use_resource=True,
    )
