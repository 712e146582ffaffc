"""What every layer shares: tf_slim's scope keys, collections and output names."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import tensorflow as tf
from tf_slim.layers import utils as slim_utils
from tf_slim.ops import arg_scope as slim_arg_scope

from slimnets.layers import recomputation

Layer = TypeVar("Layer", bound=Callable[..., Any])


def stands_for(slim_layer: Callable[..., Any]) -> Callable[[Layer], Layer]:
    """Decorates a layer so that tf_slim's scopes for `slim_layer` reach it too.

    arg_scope finds a layer's defaults under a key; giving ours the key of the layer
    it replaces lets `arg_scope([tf_slim.batch_norm], ...)` and
    `arg_scope([slimnets.slim.batch_norm], ...)` mean the same thing. Our layer takes
    the other's `__name__` too: tf_slim's stack and repeat name scopes by it.

    Args:
      slim_layer: the tf_slim function whose place the decorated one takes.
    """

    def decorate(layer: Layer) -> Layer:
        key = slim_arg_scope.arg_scope_func_key(slim_layer)
        vars(layer).update(_key_op=key)
        layer.__name__ = slim_layer.__name__
        return slim_arg_scope.add_arg_scope(layer)

    return decorate


def collect_outputs(
    outputs_collections: Any, name: str, outputs: tf.Tensor
) -> tf.Tensor:
    """Files `outputs` under `name` and returns it; a block's second run files nothing.

    Args:
      outputs_collections: None, graph collections by name as in TF-Slim, or a dict
        that receives `name -> outputs`. A dict also works outside a graph, where
        collections would keep tensors alive for good.
      name: the layer's variable scope, such as 'resnet_v1_50/conv1'.
      outputs: what the layer computed.
    """
    if recomputation.is_rerun():
        return outputs
    if isinstance(outputs_collections, dict):
        outputs_collections[name.rstrip("/")] = outputs
        return outputs
    return slim_utils.collect_named_outputs(outputs_collections, name, outputs)


def select_collections(variables_collections: Any, name: str) -> Any:
    """Returns the collections of variable `name`: a list, or an entry of a dict."""
    if isinstance(variables_collections, Mapping):
        return variables_collections.get(name)
    return variables_collections


def to_pair(value: Any) -> tuple[int, int]:
    """Returns (height, width) from an int or a pair; anything else is a ValueError."""
    values = (value, value) if isinstance(value, int) else tuple(value)
    if len(values) != 2:
        raise ValueError(f"expected a number or a pair (height, width), not {value!r}")
    return values


def check_data_format(data_format: str | None) -> str:
    """Returns 'NHWC' or 'NCHW' (None means NHWC); anything else is a ValueError."""
    if data_format not in (None, "NHWC", "NCHW"):
        raise ValueError(
            f"data_format has to be either NCHW or NHWC, not {data_format!r}."
        )
    return data_format or "NHWC"


def get_channels(inputs: tf.Tensor, data_format: str) -> int:
    """Returns the static number of channels; ValueError where it is unknown."""
    axis = 1 if data_format == "NCHW" else -1
    channels = inputs.shape[axis] if inputs.shape.rank else None
    if channels is None:
        raise ValueError(
            f"{inputs} has an undefined channels dimension: {inputs.shape}; give it a"
            " static one with set_shape."
        )
    return channels


def get_stored_type(dtype: tf.DType) -> tf.DType:
    """Returns the type of the variables of a layer that computes in `dtype`.

    It is float32 for bfloat16, which would lose small updates; checkpoints are then the
    same for both. TF-Slim's float16 layers ask for float16 variables, and so do these;
    `slimnets.Model` gives them float32 ones all the same.
    """
    return tf.float32 if dtype == tf.bfloat16 else dtype


def cast_to(
    variable: tf.Variable | tf.Tensor, dtype: tf.DType
) -> tf.Variable | tf.Tensor:
    """Returns a variable in the type that a layer computes in; itself if it is that."""
    return variable if variable.dtype == dtype else tf.cast(variable, dtype)


def get_constant_bool(value: bool | tf.Tensor) -> bool | None:
    """Returns value as a bool, or None for a tensor that only the run will know."""
    if isinstance(value, tf.Tensor | tf.Variable):
        value = tf.get_static_value(value)
        return None if value is None else bool(value)
    return bool(value)
