"""A network's call, rewritten for fake quantization while it is traced."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from slimnets.layers import computation
from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.quantization.rewriting import rewrite

Network = Callable[[tf.Tensor], Any]
Scopes = Callable[[], contextlib.AbstractContextManager[None]]


def call(
    network: Network,
    images: tf.Tensor,
    is_training: bool,
    settings: FakeQuantization,
    scopes: Scopes,
) -> Any:
    """Calls a network with its weights and activations rounded.

    Gradients have to follow what is computed, not what the network's own ops would
    have: so it becomes a function, rewritten before anything asks for its gradients.

    Args:
      network: `f(images)` returns tensors in any structure. It is traced.
      images: float [batch, height, width, channels].
      is_training: whether the ranges are followed.
      settings: how.
      scopes: opens the scopes in which variables are found; they are open here, and
        are opened again in the function's graph.

    Returns:
      What the network returns, each tensor as it is after rounding.
    """
    if settings.in_place:
        return _trace(network, images, is_training, settings)

    @tf.function(autograph=False)
    def quantized(images: tf.Tensor) -> Any:
        with scopes():
            return _trace(network, images, is_training, settings)

    return quantized(images)


@contextlib.contextmanager
def in_place() -> Iterator[None]:
    """Lets networks called inside, each in a graph of its own, be rewritten there.

    Such a graph gives no gradients. Without quantization it changes nothing.
    """
    way = computation.given()
    if way is None or way.quantization is None:
        yield
        return
    here = dataclasses.replace(way.quantization, in_place=True)
    with computation.computing(dataclasses.replace(way, quantization=here)):
        yield


def _trace(
    network: Network, images: tf.Tensor, is_training: bool, settings: FakeQuantization
) -> Any:
    graph = tf.compat.v1.get_default_graph()
    before = len(graph.get_operations())
    outputs = network(images)
    ops = rewrite(graph.get_operations()[before:], is_training, settings)
    return tf.nest.map_structure(ops.resolve, outputs)
