"""ConvNeXt: Keras' numbers, the paper's costs, dilation, stochastic depth."""

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import errors, slim
from slimnets.nets import convnext, registry
from tests import filled, v1_graph

v1 = tf.compat.v1
SIZE = 64
BLOCKS = (3, 3, 9, 3)
SHORT = tuple(stage._replace(depth=8, blocks=2) for stage in convnext.TINY)


def random_keras_network():
    """Returns keras.applications' network, whose every variable is random."""
    network = tf.keras.applications.ConvNeXtTiny(
        weights=None,
        include_preprocessing=False,
        input_shape=(SIZE, SIZE, 3),
        classes=7,
        classifier_activation=None,
    )
    rng = np.random.default_rng(0)
    for variable in network.weights:
        shape = variable.shape
        if variable.name == "gamma":
            variable.assign(rng.uniform(0.5, 1.5, shape))
        elif variable.name == "kernel":
            scale = np.sqrt(1 / np.prod(shape[:-1]))
            variable.assign(scale * rng.standard_normal(shape))
        else:
            variable.assign(0.1 * rng.standard_normal(shape))
        if "stem_conv" in variable.path:
            variable.assign(1e-3 * variable)  # so small that layer norm's epsilon tells
    return network


def keras_layers():
    """Returns our names of layers by Keras' names."""
    layers = {
        "stem_conv": "stem/conv",
        "stem_layernorm": "stem/LayerNorm",
        "head_layernorm": "PreLogits",
        "head_dense": "Logits",
    }
    for after in (0, 1, 2):
        ours = f"downsample{after + 2}"
        layers[f"downsampling_conv_{after}"] = f"{ours}/conv"
        layers[f"downsampling_layernorm_{after}"] = f"{ours}/LayerNorm"
    for stage, blocks in enumerate(BLOCKS):
        for block in range(blocks):
            theirs = f"stage_{stage}_block_{block}"
            ours = f"stage{stage + 1}/block{block + 1}"
            layers[f"{theirs}_depthwise_conv"] = f"{ours}/depthwise"
            layers[f"{theirs}_layernorm"] = f"{ours}/LayerNorm"
            layers[f"{theirs}_pointwise_conv_1"] = f"{ours}/expand"
            layers[f"{theirs}_pointwise_conv_2"] = f"{ours}/project"
            layers[f"{theirs}_layer_scale"] = f"{ours}/layer_scale"
    return layers


def weights_under_our_names(network):
    """Returns Keras' weights in our shapes."""
    names, weights = keras_layers(), {}
    kinds = {"kernel": "weights", "bias": "biases"}
    for variable in network.weights:
        *_, layer, kind = variable.path.split("/")
        ours, values = names[layer.removeprefix("convnext_tiny_")], variable.numpy()
        kind = kinds.get(kind, kind)
        if ours.endswith("depthwise") and kind == "weights":
            kind, values = "depthwise_weights", np.swapaxes(values, 2, 3)
        elif kind == "weights" and values.ndim == 2:
            values = values[None, None]
        name = ours if ours.endswith("layer_scale") else f"{ours}/{kind}"
        weights[f"convnext_tiny/{name}"] = values
    return weights


@pytest.mark.slow
def test_it_computes_what_keras_does():
    network = random_keras_network()
    weights = weights_under_our_names(network)
    model = slimnets.Model("convnext_tiny", num_classes=7, image_size=SIZE)
    assert set(weights) == set(model.variables_by_name)
    for name, values in weights.items():
        model.variables_by_name[name].assign(values)
    images = np.random.default_rng(1).uniform(-2, 2, (2, SIZE, SIZE, 3))
    expected = network(images.astype(np.float32)).numpy()
    logits, _ = model(images.astype(np.float32))
    assert np.ptp(expected) > 0.5
    scale = np.abs(expected).max()
    # Tanh's approximation of gelu would differ by 5e-5.
    np.testing.assert_allclose(logits / scale, expected / scale, rtol=0, atol=2e-5)


def build(name="convnext_tiny", size=SIZE, num_classes=1000, **arguments):
    images = v1.placeholder(tf.float32, [None, size, size, 3])
    network_fn = registry.get_network_fn(name, num_classes)
    return network_fn(images, **arguments)


def test_stages_are_the_papers():
    with tf.Graph().as_default(), v1_graph.placeholders():
        _, end_points = build(size=224)
    last = [f"stage{n}/block{blocks}" for n, blocks in enumerate(BLOCKS, 1)]
    shapes = [end_points[name].shape[1:].as_list() for name in last]
    assert shapes == [[56 // 2**n] * 2 + [96 * 2**n] for n in range(4)]
    inside = end_points["stage2/block1/expansion_output"]
    assert inside.shape[1:] == [28, 28, 768]


def test_dense_features_subsampled_are_the_nominal_ones():
    images = np.random.default_rng(0).normal(size=[1, 96, 96, 3]).astype(np.float32)

    def features(output_stride):
        return convnext.convnext(
            tf.constant(images),
            None,
            is_training=False,
            global_pool=False,
            output_stride=output_stride,
            stages=SHORT,
        )[0].numpy()

    with filled.variables(), slim.arg_scope(convnext.convnext_arg_scope()):
        nominal = features(None)
        assert nominal.shape == (1, 3, 3, 8)
        scale = np.abs(nominal).max()
        for output_stride in (4, 8, 16):
            dense, factor = features(output_stride), 32 // output_stride
            assert dense.shape == (1, 3 * factor, 3 * factor, 8)
            np.testing.assert_allclose(
                dense[:, ::factor, ::factor] / scale, nominal / scale, atol=1e-4
            )


def outputs_of_equal_examples(is_training):
    """Returns 32 examples' features of one image by two blocks, the second random."""
    stages = (convnext.Stage("stem", 4, 8, 2),)
    image = np.random.default_rng(0).normal(size=[1, 8, 8, 3]).astype(np.float32)
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(3)
        with (
            slim.arg_scope(convnext.convnext_arg_scope()),
            slim.arg_scope([slim.dropout], is_training=is_training),
        ):
            net, end_points = convnext.convnext_base(
                tf.constant(np.repeat(image, 32, 0)), stages, drop_path_rate=0.5
            )
        session.run(v1.global_variables_initializer())
        for variable in v1.trainable_variables():
            values = np.random.default_rng(1).standard_normal(variable.shape)
            variable.load(values, session)
        return session.run([end_points["stage1/block1"], net])


def test_stochastic_depth_skips_blocks_of_single_examples_in_training():
    before, after = outputs_of_equal_examples(is_training=True)
    np.testing.assert_allclose(before, before[:1].repeat(32, 0), rtol=1e-5)
    skipped = (before == after).all(axis=(1, 2, 3))
    assert 4 < skipped.sum() < 28
    branch = (after - before)[~skipped]
    scale = np.abs(branch).max()
    _, inference = outputs_of_equal_examples(is_training=False)
    expected = 2 * (inference - before)[~skipped]  # scaled by 1 / (1 - 0.5)
    np.testing.assert_allclose(branch / scale, expected / scale, atol=1e-5)


def test_stochastic_depth_leaves_evaluation_alone():
    before, after = outputs_of_equal_examples(is_training=False)
    assert not np.array_equal(before, after)
    np.testing.assert_allclose(after, after[:1].repeat(32, 0), rtol=1e-5)


def test_a_block_is_almost_the_identity_at_first():
    with tf.Graph().as_default(), v1.Session() as session:
        network_fn = registry.get_network_fn("convnext_tiny", None)
        images = np.random.default_rng(0).normal(size=[1, 32, 32, 3])
        _, end_points = network_fn(tf.constant(images, tf.float32), stages=SHORT)
        session.run(v1.global_variables_initializer())
        names = ["stem", "stage1/block2"]
        stem, end = session.run([end_points[name] for name in names])
    assert 0 < np.abs(end - stem).max() < 1e-4


def test_base_ends_where_it_is_told():
    images = tf.zeros([1, 64, 64, 3])
    with tf.Graph().as_default():
        net, end_points = convnext.convnext_base(
            v1.placeholder(tf.float32, images.shape), final_endpoint="downsample2"
        )
    assert net is end_points["downsample2"] and list(end_points)[-1] == "downsample2"
    assert "stage2/block1" not in end_points


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"output_stride": 6}, "output_stride must be 4, 8, 16 or 32"),
        ({"size": 31}, "convnext needs images of at least 32x32 pixels, not 31x31"),
        ({"global_pool": False}, "images this large give 2x2 logits"),
    ],
)
def test_arguments_it_cannot_take(arguments, message):
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        build(**arguments)


def test_an_unknown_end_point_is_an_error_with_the_nearest_names():
    message = "unknown end point 'stage1/block4'; did you mean stage3/block4"
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        convnext.convnext_base(tf.zeros([1, 32, 32, 3]), final_endpoint="stage1/block4")
