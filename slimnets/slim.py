"""The one door to tf_slim: its public names, with the broken ones mended.

`from slimnets import slim` stands where `import tf_slim as slim` stood. Names that
work are tf_slim's own objects. The layers networks are built of are ours, with
tf_slim's signatures and scope keys, so scopes opened over either reach both. Modules
with something broken in them are twins of tf_slim's: see slimnets/mended. What tf_slim
took from elsewhere for itself, such as `ops` and `six`, is here too: programs take it
from there.

Modules are imported by tf_slim's paths, such as `slimnets.slim.data.tfexample_decoder`;
`slimnets.slim.nets` is `slimnets.nets`. A program that is to keep its `import tf_slim`
calls `slimnets.slim.install()` before it.
"""

import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

import tf_slim
from tf_slim import (
    GDN,
    OPTIMIZER_CLS_NAMES,
    OPTIMIZER_SUMMARIES,
    RevBlock,
    VariableDeviceChooser,
    absolute_import,
    add_model_variable,
    apply_regularization,
    arg_scope_func_key,
    arg_scoped_arguments,
    array_ops,
    assert_global_step,
    assert_or_get_global_step,
    assign_from_checkpoint_fn,
    assign_from_values,
    assign_from_values_fn,
    bias_add,
    bucketization_op,
    bucketize,
    check_ops,
    clip_ops,
    control_flow_ops,
    create_global_step,
    current_arg_scope,
    data_decoder,
    data_provider,
    dataset,
    dataset_data_provider,
    dense_to_sparse,
    division,
    dtypes,
    evaluation,
    filter_variables,
    gdn,
    get_global_step,
    get_local_variables,
    get_model_variables,
    get_or_create_global_step,
    get_trainable_variables,
    get_unique_variable,
    get_variable_full_name,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    group_norm,
    has_arg_scope,
    images_to_sequence,
    init_ops,
    initializers,
    instance_norm,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    math_ops,
    maxout,
    model_analyzer,
    model_variable,
    moving_averages,
    normalization,
    one_hot_encoding,
    ops,
    optimizer_,
    parallel_reader,
    pool,
    prefetch_queue,
    print_function,
    queues,
    random_ops,
    regularizers,
    repeat,
    rev_block,
    scale_gradient,
    sequence_to_images,
    six,
    softmax,
    spatial_softmax,
    stack,
    sum_regularizer,
    summaries,
    summarize_activation,
    summarize_activations,
    summarize_biases,
    summarize_collection,
    summarize_tensor,
    summarize_tensors,
    summarize_variables,
    summarize_weights,
    summary,
    train,
    train_eval,
    unit_norm,
    variable,
    variance_scaling_initializer,
    vars_,
    vs,
    xavier_initializer,
    xavier_initializer_conv2d,
)

from slimnets.layers.convolution import conv2d, separable_conv2d
from slimnets.layers.convolution_in_plane import conv2d_in_plane
from slimnets.layers.convolution_nd import convolution, convolution1d, convolution3d
from slimnets.layers.dense import dropout, flatten, fully_connected
from slimnets.layers.fast import fast_layers
from slimnets.layers.grouped_convolution import grouped_conv2d
from slimnets.layers.layer_normalization import layer_norm
from slimnets.layers.normalization import batch_norm
from slimnets.layers.pooling import avg_pool2d, avg_pool3d, max_pool2d, max_pool3d
from slimnets.layers.transposed_convolution import (
    convolution2d_transpose,
    convolution3d_transpose,
)
from slimnets.lazy import import_submodule
from slimnets.mended import paths
from slimnets.mended.modules import (
    arg_scope_lib,
    data,
    layers,
    learning,
    losses,
    metrics,
    optimizers,
    rev_block_lib,
    training,
    utils,
    variables,
)
from slimnets.mended.scopes import arg_scope
from slimnets.quantization import (
    create_eval_graph,
    create_training_graph,
    experimental_create_eval_graph,
    experimental_create_training_graph,
)

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Named here for its type: a decorated function keeps its own.
add_arg_scope: Callable[[_Function], _Function] = tf_slim.add_arg_scope

conv1d = convolution1d
conv2d_transpose = convolution2d_transpose
conv3d = convolution3d
conv3d_transpose = convolution3d_transpose
convolution2d = conv2d
convolution2d_in_plane = conv2d_in_plane
separable_convolution2d = separable_conv2d

elu = layers.elu
legacy_fully_connected = layers.legacy_fully_connected
legacy_linear = layers.legacy_linear
legacy_relu = layers.legacy_relu
linear = layers.linear
relu = layers.relu
relu6 = layers.relu6

adaptive_clipping_fn = optimizers.adaptive_clipping_fn
assign_from_checkpoint = variables.assign_from_checkpoint
global_variable = variables.global_variable
local_variable = variables.local_variable
optimize_loss = optimizers.optimize_loss
recompute_grad = rev_block_lib.recompute_grad
tfexample_decoder = data.tfexample_decoder

__path__: list[str] = []  # a package, whose modules paths.enter enters
paths.enter(__name__, globals())


def __getattr__(name: str) -> ModuleType:
    """Returns the networks, slim.nets, which import this module themselves."""
    return import_submodule(__name__, name)


def install() -> None:
    """Lets `import tf_slim` mean this module, from now on and in all of this process.

    `tf_slim.nets` is `slimnets.nets` then, and other modules are found by their paths.
    Call it before a program's own modules are imported: what took a name from tf_slim
    before keeps it.
    """
    paths.take_place("tf_slim", sys.modules[__name__])


# tf_slim's gdn, a Keras layer, says these at each call; its user cannot help it.
warnings.filterwarnings(
    "ignore", r"`layer\.(apply|add_variable)` is deprecated", UserWarning
)

__all__ = [
    "GDN",
    "OPTIMIZER_CLS_NAMES",
    "OPTIMIZER_SUMMARIES",
    "RevBlock",
    "VariableDeviceChooser",
    "absolute_import",
    "adaptive_clipping_fn",
    "add_arg_scope",
    "add_model_variable",
    "apply_regularization",
    "arg_scope",
    "arg_scope_func_key",
    "arg_scope_lib",
    "arg_scoped_arguments",
    "array_ops",
    "assert_global_step",
    "assert_or_get_global_step",
    "assign_from_checkpoint",
    "assign_from_checkpoint_fn",
    "assign_from_values",
    "assign_from_values_fn",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bias_add",
    "bucketization_op",
    "bucketize",
    "check_ops",
    "clip_ops",
    "control_flow_ops",
    "conv1d",
    "conv2d",
    "conv2d_in_plane",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "convolution",
    "convolution1d",
    "convolution2d",
    "convolution2d_in_plane",
    "convolution2d_transpose",
    "convolution3d",
    "convolution3d_transpose",
    "create_eval_graph",
    "create_global_step",
    "create_training_graph",
    "current_arg_scope",
    "data",
    "data_decoder",
    "data_provider",
    "dataset",
    "dataset_data_provider",
    "dense_to_sparse",
    "division",
    "dropout",
    "dtypes",
    "elu",
    "evaluation",
    "experimental_create_eval_graph",
    "experimental_create_training_graph",
    "fast_layers",
    "filter_variables",
    "flatten",
    "fully_connected",
    "gdn",
    "get_global_step",
    "get_local_variables",
    "get_model_variables",
    "get_or_create_global_step",
    "get_trainable_variables",
    "get_unique_variable",
    "get_variable_full_name",
    "get_variables",
    "get_variables_by_name",
    "get_variables_by_suffix",
    "get_variables_to_restore",
    "global_variable",
    "group_norm",
    "grouped_conv2d",
    "has_arg_scope",
    "images_to_sequence",
    "init_ops",
    "initializers",
    "install",
    "instance_norm",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "layer_norm",
    "layers",
    "learning",
    "legacy_fully_connected",
    "legacy_linear",
    "legacy_relu",
    "linear",
    "local_variable",
    "losses",
    "math_ops",
    "max_pool2d",
    "max_pool3d",
    "maxout",
    "metrics",
    "model_analyzer",
    "model_variable",
    "moving_averages",
    "normalization",
    "one_hot_encoding",
    "ops",
    "optimize_loss",
    "optimizer_",
    "optimizers",
    "parallel_reader",
    "pool",
    "prefetch_queue",
    "print_function",
    "queues",
    "random_ops",
    "recompute_grad",
    "regularizers",
    "relu",
    "relu6",
    "repeat",
    "rev_block",
    "rev_block_lib",
    "scale_gradient",
    "separable_conv2d",
    "separable_convolution2d",
    "sequence_to_images",
    "six",
    "softmax",
    "spatial_softmax",
    "stack",
    "sum_regularizer",
    "summaries",
    "summarize_activation",
    "summarize_activations",
    "summarize_biases",
    "summarize_collection",
    "summarize_tensor",
    "summarize_tensors",
    "summarize_variables",
    "summarize_weights",
    "summary",
    "tfexample_decoder",
    "train",
    "train_eval",
    "training",
    "unit_norm",
    "utils",
    "variable",
    "variance_scaling_initializer",
    "vars_",
    "vs",
    "xavier_initializer",
    "xavier_initializer_conv2d",
]
