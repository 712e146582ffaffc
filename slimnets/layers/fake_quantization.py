"""The settings of fake quantization: what a run gives, and a rewrite follows."""

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class FakeQuantization:
    """How weights and activations are rounded to integers in a float network.

    The defaults are those of tf.contrib.quantize, but for weights: LiteRT's int8
    kernels take weights whose zero is the integer 0.

    Attributes:
      step: int64 scalar, the number of steps done; None where neither delay is given.
      delay: steps of training in float before values are rounded; their ranges are
        followed from the first.
      freeze_batch_norm_delay: steps after which training normalizes by the moving
        averages, which then stay as they are; None for never.
      weight_bits: of a weight, 2 to 16.
      activation_bits: of an activation, 2 to 16.
      symmetric_weights: the range of weights is as far below 0 as above.
      symmetric_activations: that of activations too.
      decay: of the moving averages of activations' ranges, in [0, 1).
      scope: prefix of the ops that are quantized; '' for all.
      integer_kernels: without training, add up products and biases as the whole numbers
        that they stand for, and round means, as LiteRT's kernels do: float32 sums err
        in their last bit, and a few values would be rounded to the neighbour.
      in_place: rewrite the graph that the layers are added to, which has nothing else
        in it, and gives no gradients; else the network becomes a function in it.
    """

    step: tf.Tensor | tf.Variable | None = None
    delay: int = 0
    freeze_batch_norm_delay: int | None = None
    weight_bits: int = 8
    activation_bits: int = 8
    symmetric_weights: bool = True
    symmetric_activations: bool = False
    decay: float = 0.999
    scope: str = ""
    integer_kernels: bool = False
    in_place: bool = False
