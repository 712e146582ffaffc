"""The modules of tf_slim that hold something broken, as twins with just that mended.

Each list names the functions that reach a name TensorFlow moved, directly or through
one another (tests/mended/test_modules.py works the lists out anew and compares), and
those that are to use a replacement.
"""

import functools

import tensorflow as tf
import tf_slim
from tf_slim.ops import variables as slim_variables

from slimnets.layers import (
    convolution,
    convolution_in_plane,
    convolution_nd,
    dense,
    layer_normalization,
    normalization,
    pooling,
    transposed_convolution,
)
from slimnets.mended import checkpoints, scopes, supervisor, tfexample_decoder
from slimnets.mended.twin import make_twin, rebind

OWN_LAYERS = {
    "avg_pool2d": pooling.avg_pool2d,
    "avg_pool3d": pooling.avg_pool3d,
    "batch_norm": normalization.batch_norm,
    "conv1d": convolution_nd.convolution1d,
    "conv2d": convolution.conv2d,
    "conv2d_in_plane": convolution_in_plane.conv2d_in_plane,
    "conv2d_transpose": transposed_convolution.convolution2d_transpose,
    "conv3d": convolution_nd.convolution3d,
    "conv3d_transpose": transposed_convolution.convolution3d_transpose,
    "convolution": convolution_nd.convolution,
    "convolution1d": convolution_nd.convolution1d,
    "convolution2d": convolution.conv2d,
    "convolution2d_in_plane": convolution_in_plane.conv2d_in_plane,
    "convolution2d_transpose": transposed_convolution.convolution2d_transpose,
    "convolution3d": convolution_nd.convolution3d,
    "convolution3d_transpose": transposed_convolution.convolution3d_transpose,
    "dropout": dense.dropout,
    "flatten": dense.flatten,
    "fully_connected": dense.fully_connected,
    "layer_norm": layer_normalization.layer_norm,
    "max_pool2d": pooling.max_pool2d,
    "max_pool3d": pooling.max_pool3d,
    "separable_conv2d": convolution.separable_conv2d,
    "separable_convolution2d": convolution.separable_conv2d,
    **{
        name: functools.partial(
            dense.fully_connected, **getattr(tf_slim, name).keywords
        )
        for name in ("elu", "linear", "relu", "relu6")
    },
}

# tf_slim names this gradient of its gdn, as TF 1 did, but no longer registers it.
tf.RegisterGradient("GDNLowerBound")(tf_slim.GDN._lower_bound_grad)

arg_scope_lib = make_twin(tf_slim.arg_scope_lib, arg_scope=scopes.arg_scope)
utils = make_twin(tf_slim.utils, ["constant_value", "smart_cond"])
variables = make_twin(
    slim_variables,
    ["global_variable", "local_variable"],
    assign_from_checkpoint=checkpoints.assign_from_checkpoint,
)

layers = make_twin(
    tf_slim.layers, ["legacy_fully_connected"], utils=utils, **OWN_LAYERS
)
for _name in ("legacy_linear", "legacy_relu"):
    _keywords = getattr(tf_slim, _name).keywords
    setattr(
        layers, _name, functools.partial(layers.legacy_fully_connected, **_keywords)
    )

optimizers = make_twin(
    tf_slim.optimizers,
    [
        "_add_scaled_noise_to_gradients",
        "_multiply_gradients",
        "adaptive_clipping_fn",
        "optimize_loss",
    ],
)

rev_block_lib = make_twin(tf_slim.rev_block_lib, ["_recompute_grad"])
vars(rev_block_lib)["recompute_grad"] = rev_block_lib.enable_with_args(
    rebind(tf_slim.recompute_grad.__wrapped__, vars(rev_block_lib))
)

training = make_twin(
    tf_slim.training,
    [
        "add_gradients_summaries",
        "clip_gradient_norms",
        "clip_gradient_norms_fn",
        "create_train_op",
        "multiply_gradients",
    ],
)
learning = make_twin(
    tf_slim.learning,
    [
        "add_gradients_summaries",
        "clip_gradient_norms",
        "create_train_op",
        "multiply_gradients",
        "train",
    ],
    supervisor=supervisor,
    training=training,
)

metric_learning = make_twin(
    tf_slim.losses.metric_learning,
    [
        "_find_loss_augmented_facility_idx",
        "cluster_loss",
        "compute_augmented_facility_locations",
        "compute_augmented_facility_locations_pam",
        "compute_gt_cluster_score",
        "update_all_medoids",
        "update_medoid_per_cluster",
    ],
)
losses = make_twin(
    tf_slim.losses,
    metric_learning=metric_learning,
    cluster_loss=metric_learning.cluster_loss,
)

_METRICS = [
    "auc_with_confidence_intervals",
    "precision_at_recall",
    "recall_at_precision",
    "streaming_concat",
    "streaming_curve_points",
    "streaming_dynamic_auc",
    "streaming_false_negative_rate_at_thresholds",
    "streaming_false_negatives_at_thresholds",
    "streaming_false_positive_rate_at_thresholds",
    "streaming_false_positives_at_thresholds",
    "streaming_true_negatives_at_thresholds",
    "streaming_true_positives_at_thresholds",
]
metric_ops = make_twin(
    tf_slim.metrics.metric_ops,
    [
        *_METRICS,
        "_compute_dynamic_auc",
        "_compute_placement_auc",
        "_compute_recall_at_precision",
        "_streaming_confusion_matrix_at_thresholds",
    ],
)
histogram_ops = make_twin(
    tf_slim.metrics.histogram_ops, ["_check_labels_and_scores", "auc_using_histogram"]
)
metrics = make_twin(
    tf_slim.metrics,
    metric_ops=metric_ops,
    histogram_ops=histogram_ops,
    auc_using_histogram=histogram_ops.auc_using_histogram,
    **{name: getattr(metric_ops, name) for name in _METRICS},
)

decoders = make_twin(
    tf_slim.tfexample_decoder,
    **{cls.__name__: cls for cls in tfexample_decoder.MENDED},
)
data = make_twin(tf_slim.data, tfexample_decoder=decoders)
