"""tf.contrib.quantize's functions: the user's own v1 graph is rewritten in place.

    with tf.Graph().as_default():
        logits, _ = mobilenet_v1.mobilenet_v1(images, 5)
        loss = slim.losses.softmax_cross_entropy(logits, labels)
        slim.create_training_graph(quant_delay=2000)
        train_op = slim.learning.create_train_op(loss, optimizer)

The loss and what else read a tensor that is rounded now reads the rounded one; a tensor
that the program holds stays what it was. Beside what tf.contrib.quantize did, means and
concatenations are rounded as LiteRT's kernels do it. Batch norm is folded where it is
TensorFlow's fused one after a convolution.
"""

import tensorflow as tf

from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.quantization.rewriting import rewrite

_STEP = "fake_quantization_step"
_UPDATES = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")


def create_training_graph(
    input_graph: tf.Graph | None = None, quant_delay: int = 0
) -> None:
    """Rewrites a graph for quantization-aware training, before its gradients are added.

    Args:
      input_graph: the graph; None takes the default one.
      quant_delay: steps in float before values are rounded. 0 suits fine-tuning.

    Raises:
      ValueError: the graph trains already, or has nothing to quantize.
    """
    experimental_create_training_graph(input_graph, quant_delay=quant_delay)


def create_eval_graph(input_graph: tf.Graph | None = None) -> None:
    """Rewrites a graph for evaluation with values rounded within the trained ranges.

    Args:
      input_graph: the graph; None takes the default one.

    Raises:
      ValueError: the graph trains, or has nothing to quantize.
    """
    experimental_create_eval_graph(input_graph)


def experimental_create_training_graph(
    input_graph: tf.Graph | None = None,
    weight_bits: int = 8,
    activation_bits: int = 8,
    symmetric: bool = False,
    quant_delay: int = 0,
    freeze_bn_delay: int | None = None,
    scope: str | None = None,
) -> None:
    """Rewrites a graph as `create_training_graph` does, with more to choose.

    Args:
      input_graph: the graph; None takes the default one.
      weight_bits: of a weight, 2 to 16.
      activation_bits: of an activation, 2 to 16.
      symmetric: ranges are as far below 0 as above, which LiteRT wants of weights.
      quant_delay: steps in float before values are rounded.
      freeze_bn_delay: steps after which batch norm normalizes by its moving averages,
        which then stay as they are; None for never.
      scope: prefix of the ops to quantize; None for all.

    Raises:
      ValueError: the graph trains already, or has nothing to quantize.
    """
    graph = _require_no_updates(input_graph)
    with graph.as_default():
        counts = bool(quant_delay) or freeze_bn_delay is not None
        settings = FakeQuantization(
            step=_count_steps() if counts else None,
            delay=quant_delay or 0,
            freeze_batch_norm_delay=freeze_bn_delay,
            weight_bits=weight_bits,
            activation_bits=activation_bits,
            symmetric_weights=symmetric,
            symmetric_activations=symmetric,
            scope=_end_scope(scope),
        )
        rewrite(graph.get_operations(), is_training=True, settings=settings)


def experimental_create_eval_graph(
    input_graph: tf.Graph | None = None,
    weight_bits: int = 8,
    activation_bits: int = 8,
    symmetric: bool = False,
    quant_delay: int | None = None,
    scope: str | None = None,
) -> None:
    """Rewrites a graph as `create_eval_graph` does, with more to choose.

    Args:
      input_graph: the graph; None takes the default one.
      weight_bits: of a weight, as in training.
      activation_bits: of an activation, as in training.
      symmetric: has no effect: the ranges are there.
      quant_delay: steps of this graph in float before values are rounded.
      scope: prefix of the ops to quantize; None for all.

    Raises:
      ValueError: the graph trains, or has nothing to quantize.
    """
    del symmetric
    graph = _require_no_updates(input_graph)
    with graph.as_default():
        settings = FakeQuantization(
            step=_count_steps() if quant_delay else None,
            delay=quant_delay or 0,
            weight_bits=weight_bits,
            activation_bits=activation_bits,
            scope=_end_scope(scope),
        )
        rewrite(graph.get_operations(), is_training=False, settings=settings)


def _require_no_updates(graph: tf.Graph | None) -> tf.Graph:
    """Returns the graph to rewrite; ValueError where it has gradients already."""
    graph = tf.compat.v1.get_default_graph() if graph is None else graph
    for op in graph.get_operations():
        if op.type.startswith(_UPDATES):
            raise ValueError(
                f"the graph has the training op {op.name} already: rewrite it before"
                " the optimizer adds gradients, for these follow the rounded values"
            )
    return graph


def _end_scope(scope: str | None) -> str:
    return f"{scope.rstrip('/')}/" if scope else ""


def _count_steps() -> tf.Tensor:
    """Returns the number of the step that a graph is taking, from 1, int64 []."""
    with tf.name_scope(""):
        step = tf.compat.v1.get_variable(
            _STEP,
            shape=[],
            dtype=tf.int64,
            initializer=tf.compat.v1.zeros_initializer(),
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
        return tf.identity(tf.convert_to_tensor(step.assign_add(1)))
