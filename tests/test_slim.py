"""`from slimnets import slim` gives what `import tf_slim as slim` gave."""

import inspect
import subprocess
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets import slim

v1 = tf.compat.v1

PUBLIC = sorted(name for name in dir(tf_slim) if not name.startswith("_"))
QUANTIZING = [  # tf.contrib.quantize's
    "create_eval_graph",
    "create_training_graph",
    "experimental_create_eval_graph",
    "experimental_create_training_graph",
]
# The names that are not tf_slim's own objects, by the reason.
OURS = {
    "built on TensorFlow alone, without Keras' legacy layers": """
        avg_pool2d avg_pool3d batch_norm conv1d conv2d conv2d_in_plane conv2d_transpose
        conv3d conv3d_transpose convolution convolution1d convolution2d
        convolution2d_in_plane convolution2d_transpose convolution3d
        convolution3d_transpose dropout flatten fully_connected max_pool2d max_pool3d
        separable_conv2d separable_convolution2d""",
    "takes an epsilon": "layer_norm",
    "calls a layer of ours": "elu linear relu relu6",
    "takes a name that TensorFlow moved": """
        adaptive_clipping_fn global_variable legacy_fully_connected legacy_linear
        legacy_relu local_variable optimize_loss recompute_grad""",
    "a module that holds a mended name": """
        arg_scope_lib data layers learning losses metrics optimizers rev_block_lib
        tfexample_decoder training utils""",
    "fails on partitioned variables": "assign_from_checkpoint",
    "closes the scope around it when it fails": "arg_scope",
}
OUR_NAMES = sorted(" ".join(OURS.values()).split())


@pytest.fixture
def graph():
    with tf.Graph().as_default():
        v1.set_random_seed(1)
        yield


def evaluated(*values):
    with v1.Session() as session:
        session.run(
            [v1.global_variables_initializer(), v1.local_variables_initializer()]
        )
        return session.run(values)


def toy_loss():
    """A batch-normalized net on points that a line parts."""
    points = np.random.default_rng(0).normal(size=(32, 2)).astype(np.float32)
    labels = (points[:, :1] > 0).astype(np.float32)
    net = slim.fully_connected(tf.constant(points), 4, normalizer_fn=slim.batch_norm)
    logits = slim.linear(net, 1)
    slim.losses.sigmoid_cross_entropy(logits, tf.constant(labels))
    return slim.losses.get_total_loss(), logits, labels


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_here_and_is_tf_slims_own_unless_broken(name):
    assert name in slim.__all__
    assert (getattr(slim, name) is getattr(tf_slim, name)) == (name not in OUR_NAMES)


def test_nothing_else_is_here_but_layers_that_tf_slim_lacks_and_its_place():
    ours = ["fast_layers", "grouped_conv2d", "install", *QUANTIZING]
    assert slim.__all__ == sorted([*PUBLIC, *ours])


@pytest.mark.parametrize(
    "name", [n for n in OUR_NAMES if not isinstance(getattr(slim, n), types.ModuleType)]
)
def test_ours_take_tf_slims_arguments(name):
    theirs = inspect.signature(getattr(tf_slim, name)).parameters.values()
    ours = list(inspect.signature(getattr(slim, name)).parameters.values())
    # An argument of ours beyond tf_slim's comes last and has a default.
    assert all(p.default is not p.empty for p in ours[len(theirs) :])
    for their, our in zip(theirs, ours, strict=False):
        assert (our.name, our.kind) == (their.name, their.kind)
        if isinstance(their.default, int | float | str | bool | type(None)):
            assert our.default == their.default


def test_import_changes_nothing_of_tf_slim_and_silences_one_warning():
    program = """
import warnings
import tensorflow as tf, tf_slim
modules = tf_slim, tf_slim.learning, tf_slim.layers, tf_slim.learning.ops
before = [dict(vars(module)) for module in modules]
warnings.simplefilter("error")
from slimnets import slim
assert before == [dict(vars(module)) for module in modules]
with tf.Graph().as_default():
    slim.gdn(tf.zeros([1, 4, 4, 1]))
try:
    warnings.warn("another", UserWarning)
except UserWarning:
    print("raised")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "raised\n"


@pytest.mark.filterwarnings("ignore:`layer.apply`:UserWarning")  # tf_slim.conv2d
def test_scopes_reach_across(graph):
    images = tf.zeros([1, 8, 8, 3])
    with tf_slim.arg_scope([tf_slim.conv2d], stride=2):
        assert slim.conv2d(images, 5, 3).shape == [1, 4, 4, 5]
        with slim.arg_scope([slim.conv2d], padding="VALID"):
            assert slim.conv2d(images, 5, 3).shape == [1, 3, 3, 5]
            assert tf_slim.conv2d(images, 5, 3).shape == [1, 3, 3, 5]
    with tf_slim.arg_scope([tf_slim.batch_norm], scale=True):
        slim.batch_norm(images, scope="normalized")
    with slim.arg_scope([slim.fully_connected], biases_initializer=None):
        slim.relu(tf.zeros([1, 3]), 2, scope="unbiased")
    names = [variable.op.name for variable in slim.get_model_variables()]
    assert "normalized/gamma" in names
    assert "unbiased/weights" in names
    assert "unbiased/biases" not in names


def test_repeat_and_stack_name_scopes_as_tf_slim_does(graph):
    net = slim.repeat(tf.zeros([1, 8, 8, 3]), 2, slim.conv2d, 4, 3)
    slim.stack(slim.flatten(net), slim.relu, [3, 2])
    assert [v.op.name for v in slim.get_variables_by_suffix("weights")] == [
        "Repeat/convolution2d_1/weights",
        "Repeat/convolution2d_2/weights",
        "Stack/fully_connected_1/weights",
        "Stack/fully_connected_2/weights",
    ]


# TensorFlow's Supervisor closes its writer before its last entry.
@pytest.mark.filterwarnings("ignore:Attempting to use a closed FileWriter")
def test_training_loop(graph, tmp_path):
    loss, _, _ = toy_loss()
    train_op = slim.learning.create_train_op(
        loss,
        v1.train.MomentumOptimizer(0.1, 0.9),
        clip_gradient_norm=1.0,
        gradient_multipliers={"fully_connected/weights": 2.0},
        summarize_gradients=True,
    )
    losses = []

    def step(*arguments):
        loss, should_stop = slim.learning.train_step(*arguments)
        losses.append(loss)
        return loss, should_stop

    slim.learning.train(train_op, str(tmp_path), step, number_of_steps=3)
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    reader = tf.train.load_checkpoint(str(tmp_path))
    assert reader.get_tensor("global_step") == 3
    assert np.any(reader.get_tensor("fully_connected/BatchNorm/moving_mean"))


def test_evaluation_once(graph, tmp_path):
    _, logits, labels = toy_loss()
    slim.get_or_create_global_step()
    value, update = slim.metrics.streaming_accuracy(logits > 0, labels > 0)
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        path = v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    accuracy = slim.evaluation.evaluate_once(
        "", path, str(tmp_path), num_evals=2, eval_op=update, final_op=value
    )
    assert 0 < accuracy < 1


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", v1.train.AdagradOptimizer])
def test_optimize_loss(graph, optimizer):
    loss, _, _ = toy_loss()
    step = v1.train.get_or_create_global_step()
    train_op = slim.optimize_loss(
        loss,
        step,
        learning_rate=0.1,
        optimizer=optimizer,
        gradient_noise_scale=0.01,
        clip_gradients=slim.adaptive_clipping_fn(),
    )
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        losses = [session.run(train_op) for _ in range(10)]
        assert losses[-1] < losses[0]
        assert session.run(step) == 10


def test_metrics(graph):
    labels, scores = tf.constant([0, 1, 1, 0]), tf.constant([0.1, 0.9, 0.4, 0.6])
    metrics = {
        "accuracy": slim.metrics.streaming_accuracy(scores > 0.5, labels > 0),
        "hits": slim.metrics.streaming_true_positives_at_thresholds(
            scores, labels, [0.3, 0.5]
        ),
        "recall": slim.metrics.recall_at_precision(labels, scores, precision=1.0),
        "all": slim.metrics.streaming_concat(scores),
        "auc": slim.metrics.streaming_dynamic_auc(labels, scores),
    }
    values, updates = slim.metrics.aggregate_metric_map(metrics)
    with v1.Session() as session:
        session.run(v1.local_variables_initializer())
        session.run(list(updates.values()))
        results = session.run(values)
    assert results["accuracy"] == 0.5
    assert results["hits"].tolist() == [2, 1]
    assert results["recall"] == pytest.approx(0.5)
    assert results["all"].tolist() == pytest.approx([0.1, 0.9, 0.4, 0.6])
    assert results["auc"] == pytest.approx(0.75)


def test_losses(graph):
    embeddings = tf.constant([[0.0, 0], [0, 1], [9, 9], [9, 8]])
    loss = slim.losses.metric_learning.compute_gt_cluster_score(
        slim.losses.metric_learning.pairwise_distance(embeddings),
        tf.constant([0, 0, 1, 1]),
    )
    assert evaluated(loss) == (-2,)  # one unit from each cluster's best centre


def test_decoder_reads_an_image():
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    feature = {
        "image/encoded": tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[tf.io.encode_png(picture).numpy()])
        ),
        "image/format": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"png"])),
        "image/class/label": tf.train.Feature(
            int64_list=tf.train.Int64List(value=[3, 5])
        ),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    handlers = slim.tfexample_decoder
    decoder = handlers.TFExampleDecoder(
        {
            "image/encoded": v1.FixedLenFeature([], tf.string),
            "image/format": v1.FixedLenFeature([], tf.string, "png"),
            "image/class/label": v1.VarLenFeature(tf.int64),
            "image/class/other": v1.VarLenFeature(tf.int64),
        },
        {
            "image": handlers.Image(),
            "label": handlers.Tensor("image/class/label"),
            "column": handlers.Tensor("image/class/label", shape=[2, 1]),
            "other": handlers.BackupHandler(
                handlers.Tensor("image/class/other"),
                handlers.Tensor("image/class/label"),
            ),
        },
    )
    assert isinstance(handlers.Image(), tf_slim.tfexample_decoder.Image)
    items = ["image", "label", "column", "other"]
    with tf.Graph().as_default():
        image, label, column, other = evaluated(
            *decoder.decode(example.SerializeToString(), items)
        )
    np.testing.assert_array_equal(image, picture)
    assert label.tolist() == other.tolist() == [3, 5]
    assert column.tolist() == [[3], [5]]
