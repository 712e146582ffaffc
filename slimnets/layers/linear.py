"""What convolutions and matrix products share: kernel first, then norm or biases."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf
import tf_slim
from tf_slim.ops import arg_scope as slim_arg_scope

from slimnets.layers import computation, kernels, normalization, scoping
from slimnets.layers.folding import Linear

Initializer = Callable[..., tf.Tensor]
Regularizer = Callable[[tf.Tensor], tf.Tensor]

XAVIER: Initializer = tf_slim.xavier_initializer()
ZEROS: Initializer = tf.compat.v1.zeros_initializer()


class Epilogue(NamedTuple):
    """What follows a layer's linear part: a layer's own arguments of these names."""

    activation_fn: Callable[..., tf.Tensor] | None
    normalizer_fn: Callable[..., tf.Tensor] | None
    normalizer_params: dict[str, Any] | None
    biases_initializer: Initializer | None
    biases_regularizer: Regularizer | None
    variables_collections: Any
    trainable: bool
    biases_loss: str = "bias"  # their name in TF-Slim's names of losses


def apply_linear(layer: Linear) -> tf.Tensor:
    """Returns a linear layer's outputs; a batch norm may then be folded into it."""
    outputs = layer.apply(layer.kernel)
    folding = computation.current().folding
    if folding is not None:
        folding.register(outputs, layer)
    return outputs


def apply_norm_bias_activation(
    outputs: tf.Tensor, data_format: str, epilogue: Epilogue
) -> tf.Tensor:
    """Ends a linear layer: normalizer_fn or else biases, then activation_fn."""
    activation_fn = epilogue.activation_fn
    if epilogue.normalizer_fn is not None:
        given = dict(epilogue.normalizer_params or {})
        if _is_joined(epilogue):
            given["activation_fn"], activation_fn = activation_fn, None
        outputs = epilogue.normalizer_fn(outputs, **given)
    elif epilogue.biases_initializer is not None:
        biases = tf_slim.model_variable(
            "biases",
            shape=[scoping.get_channels(outputs, data_format)],
            dtype=scoping.get_stored_type(outputs.dtype),
            initializer=epilogue.biases_initializer,
            regularizer=scoping.regularize_in_scope(
                epilogue.biases_regularizer, epilogue.biases_loss
            ),
            trainable=epilogue.trainable,
            collections=scoping.select_collections(
                epilogue.variables_collections, "biases"
            ),
        )
        outputs = kernels.add_biases(outputs, biases, data_format)
    return (
        outputs if activation_fn is None else kernels.activate(outputs, activation_fn)
    )


def _is_joined(epilogue: Epilogue) -> bool:
    """Whether batch norm computes the activation after it along.

    Its own outputs, which a scope may collect, are not to be activated.
    """
    norm = normalization.batch_norm
    if epilogue.normalizer_fn is not norm or epilogue.activation_fn is None:
        return False
    scope = slim_arg_scope.current_arg_scope()
    given = {
        **scope.get(slim_arg_scope.arg_scope_func_key(norm), {}),
        **(epilogue.normalizer_params or {}),
    }
    own = given.get("activation_fn"), given.get("outputs_collections")
    return computation.current().compiled_batch_norm and own == (None, None)
