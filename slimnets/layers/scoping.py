"""What every layer shares: tf_slim's scope keys, collections and output names."""

import contextlib
import functools
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf
import tf_slim
from tf_slim.layers import utils as slim_utils
from tf_slim.ops import arg_scope as slim_arg_scope

from slimnets.layers import recomputation

Layer = TypeVar("Layer", bound=Callable[..., Any])
Regularizer = Callable[[tf.Tensor], tf.Tensor | None]

# What tf_slim's layers call the variables that Keras' layers in them name otherwise.
RENAMED = {"kernel": "weights", "bias": "biases"}


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
        # A user's tf.function would have all of a layer's Python rewritten.
        layer = tf.autograph.experimental.do_not_convert(layer)
        key = slim_arg_scope.arg_scope_func_key(slim_layer)
        vars(layer).update(_key_op=key)
        layer.__name__ = slim_layer.__name__
        return slim_arg_scope.add_arg_scope(layer)

    return decorate


def layer_scope(
    scope: Any,
    default_name: str,
    inputs: Any,
    reuse: bool | None = None,
    renamed: Mapping[str, str] = RENAMED,
) -> AbstractContextManager[Any]:
    """Opens a layer's variable scope, in which every variable is a model variable.

    So are those that an activation_fn or a normalizer_fn makes by `get_variable`, which
    savers of model variables would leave out otherwise.

    Args:
      scope: name or scope; None takes default_name, made unique.
      default_name: such as 'Conv'.
      inputs: of the layer.
      reuse: reuse the layer's variables; needs `scope`.
      renamed: last part of a name asked for -> what it is in the checkpoint.
    """
    return tf.compat.v1.variable_scope(
        scope,
        default_name,
        [inputs],
        reuse=reuse,
        custom_getter=functools.partial(_get_model_variable, renamed),
    )


def _get_model_variable(
    renamed: Mapping[str, str],
    getter: Callable[..., tf.Variable],
    name: str,
    reuse: bool | None = None,
    validate_shape: bool = True,
    constraint: Any = None,
    **options: Any,
) -> tf.Variable:
    """Gets a variable of a layer as tf_slim.model_variable does."""
    folder, slash, last = name.rpartition("/")
    name = folder + slash + renamed.get(last, last)

    def get(name: str, **options: Any) -> tf.Variable:
        with _tell_of_models(name):
            return getter(
                name=name,
                validate_shape=validate_shape,
                constraint=constraint,
                **options,
            )

    # The layer's own come from model_variable already.
    if tf.compat.v1.GraphKeys.MODEL_VARIABLES in (options.get("collections") or ()):
        return get(name, reuse=reuse, **options)
    return tf_slim.model_variable(name, custom_getter=get, **options)


@contextlib.contextmanager
def _tell_of_models(name: str) -> Iterator[None]:
    """Says what TensorFlow cannot when a function makes a variable a second time."""
    try:
        yield
    except AttributeError as error:
        # TensorFlow looks for the op that made the variable, to name it.
        if "Tensor.op is undefined" not in str(error):
            raise
        raise ValueError(
            f"the variable {name} exists already: outside a v1 graph, call the builder"
            " through slimnets.Model, which finds its variables again"
        ) from error


def regularize_in_scope(
    regularizer: Regularizer | None, name: str
) -> Regularizer | None:
    """Returns a regularizer whose loss, in a v1 graph, lies in the layer's name scope.

    `get_variable` puts it under the variable's name, where a tower that collects the
    losses of its own name scope does not find it.

    Args:
      regularizer: of a variable that the layer around makes next; None for none.
      name: of the variable in TF-Slim's names of losses, such as 'kernel'.
    """
    if regularizer is None or tf.compat.v1.executing_eagerly_outside_functions():
        return regularizer
    with tf.compat.v1.name_scope(f"{name}/Regularizer") as place:
        pass
    losses: dict[Any, tf.Tensor | None] = {}

    def regularize(weights: tf.Tensor) -> tf.Tensor | None:
        # get_variable asks twice: whether there is a loss, then for the loss.
        key = id(tf.compat.v1.get_default_graph()), weights.ref()
        if key not in losses:
            with tf.compat.v1.name_scope(place):
                losses[key] = regularizer(weights)
        return losses[key]

    return regularize


def collect_outputs(
    outputs_collections: Any, name: str, outputs: tf.Tensor
) -> tf.Tensor:
    """Files `outputs` under `name` and returns it; a block's second run files nothing.

    Args:
      outputs_collections: None, graph collections by name as in TF-Slim, a dict that
        receives `name -> outputs`, or a list of these. A dict also works outside a
        graph, where collections would keep tensors alive for good.
      name: the layer's variable scope, such as 'resnet_v1_50/conv1'.
      outputs: what the layer computed.
    """
    if recomputation.is_rerun():
        return outputs
    many = isinstance(outputs_collections, list | tuple)
    for one in outputs_collections if many else [outputs_collections]:
        if isinstance(one, dict):
            one[name.rstrip("/")] = outputs
        elif one is not None:
            slim_utils.collect_named_outputs(one, name, outputs)
    return outputs


def name_end_points_collections() -> list[str]:
    """Returns the collections in which TF-Slim files layers of the network around.

    research/slim names them by the name scope, some of tf_slim's networks by the
    variable scope. Outside a v1 graph there are none.
    """
    if tf.compat.v1.executing_eagerly_outside_functions():
        return []
    scope = tf.compat.v1.get_variable_scope()
    return [f"{scope.original_name_scope}_end_points", f"{scope.name}_end_points"]


def select_collections(variables_collections: Any, name: str) -> Any:
    """Returns the collections of variable `name`: a list, or an entry of a dict."""
    if isinstance(variables_collections, Mapping):
        return variables_collections.get(name)
    return variables_collections


def to_pair(value: Any) -> tuple[int, int]:
    """Returns (height, width) from an int or a pair; anything else is a ValueError."""
    height, width = to_integers(value, 2)
    return height, width


def to_integers(value: Any, count: int) -> tuple[int, ...]:
    """Returns `count` integers from one or from that many; else a ValueError."""
    if isinstance(value, tf.TensorShape):
        value = value.as_list()
    values = tuple(value) if isinstance(value, list | tuple) else (value,) * count
    if len(values) != count:
        many = "a pair (height, width)" if count == 2 else f"{count} numbers"
        raise ValueError(f"expected a number or {many}, not {value!r}")
    return tuple(to_whole_number("a size or a stride", one) for one in values)


def to_whole_number(name: str, value: Any) -> int:
    """Returns an int from what stands for one, such as 32.0: in Python 2 64 / 2 was 32.

    Args:
      name: of the argument, for the error.
      value: an integer of any library, a whole float, or a Dimension of TF 1.

    Raises:
      ValueError: it is none of these.
    """
    value = tf.compat.dimension_value(value)
    try:
        return operator.index(value)
    except TypeError:
        if isinstance(value, float | np.floating) and float(value).is_integer():
            return int(value)
    raise ValueError(f"{name} must be a whole number, not {value!r}.")


def check_padding(padding: str) -> str:
    """Returns 'SAME' or 'VALID', whatever its case; anything else is a ValueError."""
    known = str(padding).upper()
    if known not in ("SAME", "VALID"):
        raise ValueError(f"padding has to be SAME or VALID, not {padding!r}.")
    return known


def check_data_format(data_format: str | None) -> str:
    """Returns 'NHWC' or 'NCHW' (None means NHWC); anything else is a ValueError."""
    if data_format not in (None, "NHWC", "NCHW"):
        raise ValueError(
            f"data_format has to be either NCHW or NHWC, not {data_format!r}."
        )
    return data_format or "NHWC"


def get_channels(inputs: tf.Tensor, data_format: str) -> int:
    """Returns the static number of channels; ValueError where it is unknown."""
    axis = 1 if data_format.startswith("NC") else -1
    channels = inputs.shape.as_list()[axis] if inputs.shape.rank else None
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
