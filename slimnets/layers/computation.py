"""How the layers of a run compute: one value, made where the run starts.

    chosen = computation.choose_fastest(True, tf.float32, hardware.detect())
    with computation.computing(chosen):
        logits, end_points = network(images)

A layer reads this value alone: no environment variable, no list of devices. Where a run
gives none, as in a v1 graph of TF-Slim, layers use TensorFlow's plain ops under the
names that TF-Slim gave them.
"""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator

import tensorflow as tf

from slimnets.hardware import Hardware
from slimnets.layers.block_runs import FirstRun, Recomputation, SecondRun
from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.layers.folding import FoldedCall


@dataclasses.dataclass(frozen=True)
class Computation:
    """What decides how layers compute; each default is TensorFlow's plain way.

    Attributes:
      whole_extents_as_products: a convolution whose filters cover all of the input is a
        matrix product.
      pointwise_filter_gradients_as_products: the gradient of a 1x1 convolution's
        filters is a matrix product.
      compiled_filter_gradients: XLA compiles the gradients of larger filters.
      depthwise_in_float32: depthwise convolutions compute in float32 and cast.
      depthwise_gradients_in_float32: they alone; depthwise convolutions themselves
        compute in their input's type.
      compiled_activations: XLA compiles relu6 in 16 bits, and its gradient.
      compiled_batch_norm: XLA compiles batch norm in training with the relu or relu6
        behind it.
      batch_norm_decay_limit: in [0, 1], a scalar that no batch norm's decay exceeds;
        None for none. By TF-Slim's 0.997 to 0.9997 the moving averages need thousands
        of steps to follow the weights; a limit that grows with the step lets short runs
        evaluate well and leaves long ones as they were.
      frozen_batch_norm: in training, too, batch norm normalizes by its moving averages,
        which stay as they are; gamma and beta have gradients.
      frozen_scopes: variable scopes whose layers compute as in inference: batch norm by
        its moving averages, and nothing is dropped.
      sync_batch_norm: batch norm takes the moments of all replicas' examples together.
      folding: folds batch norm into the linear layer before it; None does not.
      recomputation: recomputes the inside of blocks for their gradients; None keeps it.
      quantization: rounds weights and activations to integers; None does not. `Model`
        then computes by TensorFlow's plain ops, which the rewrite knows.
      block_run: the run of a block that layers are in; `recomputation.block` sets it.
    """

    whole_extents_as_products: bool = False
    pointwise_filter_gradients_as_products: bool = False
    compiled_filter_gradients: bool = False
    depthwise_in_float32: bool = False
    depthwise_gradients_in_float32: bool = False
    compiled_activations: bool = False
    compiled_batch_norm: bool = False
    batch_norm_decay_limit: tf.Tensor | float | None = None
    frozen_batch_norm: bool = False
    frozen_scopes: frozenset[str] = frozenset()
    sync_batch_norm: bool = False
    folding: FoldedCall | None = None
    recomputation: Recomputation | None = None
    quantization: FakeQuantization | None = None
    block_run: FirstRun | SecondRun | None = None


def choose_fastest(
    training: bool, precision: tf.DType, hardware: Hardware
) -> Computation:
    """Returns the fastest ways that were measured; kernels.py has the measurements.

    Args:
      training: whether gradients of the weights will be asked for.
      precision: the type that the network computes in.
      hardware: what it runs on.
    """
    on_cpu_in_16_bits = precision.size == 2 and not hardware.has_gpu
    # oneDNN's gradients of filters are slow where it has AVX2 alone.
    slow_filter_gradients = (
        hardware.onednn
        and not hardware.has_gpu
        and "avx2" in hardware.instructions
        and "avx512f" not in hardware.instructions
    )
    return Computation(
        whole_extents_as_products=True,
        pointwise_filter_gradients_as_products=on_cpu_in_16_bits,
        compiled_filter_gradients=(
            training and precision == tf.float32 and slow_filter_gradients
        ),
        depthwise_in_float32=on_cpu_in_16_bits and training,
    )


_PLAIN = Computation()
_given: contextvars.ContextVar[Computation | None] = contextvars.ContextVar(
    "computation", default=None
)


@contextlib.contextmanager
def computing(computation: Computation) -> Iterator[None]:
    """Lets the layers called inside, in this thread, compute as a value says.

    In a distributed step that is inside `strategy.run`, which may start threads.
    """
    token = _given.set(computation)
    try:
        yield
    finally:
        _given.reset(token)


def given() -> Computation | None:
    """Returns the value of the innermost `computing` around; None outside of all."""
    return _given.get()


def current() -> Computation:
    """Returns how a layer is to compute now."""
    return _given.get() or _PLAIN


def is_frozen(scope: str) -> bool:
    """Returns whether the layer in a variable scope computes as in inference.

    Args:
      scope: full name of the layer's own. One that has no variables, such as
        dropout's, goes by the scope around.
    """
    way = current()
    if not way.frozen_scopes:
        return False
    found = {scope, scope.rpartition("/")[0]} & way.frozen_scopes
    # In a block's second run scopes have other names.
    run = way.block_run
    return bool(found) if run is None else run.once(lambda: bool(found))
