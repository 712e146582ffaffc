"""The one door to tf_slim: its public names, with the broken ones mended.

`from slimnets import slim` stands where `import tf_slim as slim` stood. Names that
work are tf_slim's own objects. The layers networks are built of are ours, with
tf_slim's signatures and scope keys, so scopes opened over either reach both. Modules
with something broken in them are twins of tf_slim's: see slimnets/mended.
"""

# ruff: noqa: F401, F403 - what is imported here is what this module offers.

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import tf_slim
from tf_slim import *

from slimnets.layers.convolution import conv2d, separable_conv2d
from slimnets.layers.dense import dropout, flatten, fully_connected
from slimnets.layers.grouped_convolution import grouped_conv2d
from slimnets.layers.layer_normalization import layer_norm
from slimnets.layers.normalization import batch_norm
from slimnets.layers.pooling import avg_pool2d, max_pool2d
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

if TYPE_CHECKING:  # tf_slim has no types
    _Function = TypeVar("_Function", bound=Callable[..., Any])

    def add_arg_scope(func: _Function) -> _Function: ...

    def __getattr__(name: str) -> Any: ...


convolution2d = conv2d
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

# What is left of tf_slim's Keras-built layers (conv3d, conv2d_transpose, ...) says
# this at each call; the user can do nothing about it.
warnings.filterwarnings("ignore", "`layer.apply` is deprecated", UserWarning)

__all__ = [name for name in dir(tf_slim) if not name.startswith("_")]
