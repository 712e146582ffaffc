"""What EfficientNet and MnasNet share, on a network of a few thin blocks."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.nets import mbconv
from slimnets.nets.mbconv import Stage, Table

v1 = tf.compat.v1

THIN = Table(
    stem=8,
    stages=(
        Stage(1, 3, 1, 4, 1, squeeze_excite=False),
        Stage(3, 3, 2, 8, 2, squeeze_excite=False),
        Stage(3, 5, 2, 8, 2, squeeze_excite=False),
        Stage(3, 3, 2, 8, 2, squeeze_excite=False),
        Stage(3, 5, 2, 8, 2, squeeze_excite=False),
    ),
    head=16,
    activation_fn=tf.nn.relu6,
)
BLOCKS = [f"block{stage}" for stage in ("1a", "2a", "2b", "3a", "3b", "4a", "4b")]
BLOCKS += ["block5a", "block5b"]
thin = functools.partial(mbconv.mbconv, table=THIN, scope="thin")


def images(batch, size):
    values = np.random.default_rng(0).normal(size=[batch, size, size, 3])
    return values.astype(np.float32)


def evaluated(build):
    """Returns what `build` makes, under the networks' arg scope, in numbers."""
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(0)
        with slim.arg_scope(mbconv.mbconv_arg_scope()):
            tensors = build()
        session.run(v1.global_variables_initializer())
        return session.run(tensors)


def assert_equal_at_scale(actual, expected):
    scale = np.abs(expected).max()
    assert scale > 0
    np.testing.assert_allclose(actual / scale, expected / scale, rtol=0, atol=1e-4)


def test_end_points_are_layers_and_what_is_inside_blocks():
    with tf.Graph().as_default():
        _, end_points = mbconv.base(tf.zeros([1, 64, 64, 3]), table=THIN)
    assert [name for name in end_points if "/" not in name] == [
        "stem",
        *BLOCKS,
        "head",
    ]
    inside = {"expansion_output", "depthwise_output", "projection_output"}
    parts = {name for name in end_points if name.startswith("block2a/")}
    assert parts == {f"block2a/{part}" for part in inside}
    assert "block1a/expansion_output" not in end_points  # MBConv1 expands nothing


def test_the_squeeze_is_of_the_blocks_input_and_learns():
    stages = [stage._replace(squeeze_excite=True) for stage in THIN.stages]
    with tf.Graph().as_default():
        mbconv.base(tf.zeros([1, 64, 64, 3]), table=THIN._replace(stages=stages))
        variables = {v.op.name: v.shape.as_list() for v in v1.trainable_variables()}
    squeeze = "MBConv/block3a/squeeze_excite"
    assert variables[f"{squeeze}/Conv/weights"] == [1, 1, 24, 2]
    assert variables[f"{squeeze}/Conv_1/weights"] == [1, 1, 2, 24]
    assert variables[f"{squeeze}/Conv_1/biases"] == [24]


@pytest.mark.parametrize("output_stride", [8, 16])
def test_explicitly_padded_dense_features_subsampled_are_the_nominal_ones(
    output_stride,
):
    dense, nominal = evaluated(
        lambda: [
            thin(
                images(1, 65),
                None,
                is_training=False,
                global_pool=False,
                output_stride=stride,
                use_explicit_padding=True,
                reuse=v1.AUTO_REUSE,
            )[0]
            for stride in (output_stride, None)
        ]
    )
    factor = 32 // output_stride
    assert nominal.shape == (1, 3, 3, 16)
    assert_equal_at_scale(dense[:, ::factor, ::factor], nominal)


def test_explicit_padding_differs_at_even_sizes_alone():
    def features(size, explicitly):
        return thin(
            images(1, size),
            None,
            is_training=False,
            use_explicit_padding=explicitly,
            reuse=v1.AUTO_REUSE,
        )[0]

    same, explicit, same_even, explicit_even = evaluated(
        lambda: [features(s, e) for s in (65, 64) for e in (False, True)]
    )
    assert_equal_at_scale(explicit, same)
    assert np.abs(explicit_even - same_even).max() > 0.01 * np.abs(same_even).max()


@pytest.mark.parametrize(
    ("block", "before", "index"), [("2b", "2a", 2), ("5b", "5a", 8)]
)
def test_drop_connect_forgets_blocks_of_some_examples(block, before, index):
    def build():
        _, end_points = thin(images(64, 32), 2, drop_connect_rate=0.9)
        names = [f"block{before}", f"block{block}/projection_output", f"block{block}"]
        return [end_points[name] for name in names]

    shortcut, output, total = evaluated(build)
    forgotten = np.all(total == shortcut, axis=(1, 2, 3))
    assert 0 < forgotten.sum() < 64
    keep_prob = 1 - 0.9 * index / len(BLOCKS)
    kept = ~forgotten
    assert_equal_at_scale(total[kept], shortcut[kept] + output[kept] / keep_prob)


@pytest.mark.parametrize(
    ("is_training", "rate", "drops"), [(True, 0.2, 4), (True, 0.0, 0), (False, 0.2, 0)]
)
def test_drop_connect_is_of_training_and_of_shortcuts(is_training, rate, drops):
    with tf.Graph().as_default() as graph:
        thin(images(2, 32), 2, is_training, drop_connect_rate=rate)
        random = [
            op.name for op in graph.get_operations() if op.type == "RandomUniform"
        ]
    assert len([name for name in random if "drop_connect" in name]) == drops


def test_a_tensor_can_say_whether_it_trains():
    def build():
        mode = tf.constant(False)
        return [
            thin(
                images(2, 32),
                2,
                is_training,
                drop_connect_rate=0.5,
                reuse=v1.AUTO_REUSE,
            )[0]
            for is_training in (mode, False)
        ]

    by_tensor, by_value = evaluated(build)
    assert_equal_at_scale(by_tensor, by_value)


def test_weights_are_regularized_and_biases_are_not():
    with tf.Graph().as_default(), slim.arg_scope(mbconv.mbconv_arg_scope(0.1)):
        thin(images(1, 32), 2, is_training=False)
        weights = [v for v in v1.trainable_variables() if "weights" in v.op.name]
        losses = v1.losses.get_regularization_losses()
    assert len(losses) == len(weights) == 3 + 2 + 8 * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"output_stride": 4}, "must be 8, 16 or 32 .or None., not 4"),
        ({"final_endpoint": "block2c"}, "did you mean block"),
    ],
)
def test_impossible_arguments_are_errors(arguments, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        mbconv.base(tf.zeros([1, 64, 64, 3]), table=THIN, **arguments)


def test_a_map_of_logits_is_not_squeezed():
    with tf.Graph().as_default():
        logits, _ = thin(
            images(1, 64),
            2,
            is_training=False,
            global_pool=False,
            spatial_squeeze=False,
        )
        assert logits.shape.as_list() == [1, 2, 2, 2]
        with pytest.raises(ValueError, match="spatial_squeeze=False"):
            thin(images(1, 64), 2, False, global_pool=False, scope="other")
