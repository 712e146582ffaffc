"""VGG: the table's columns, maps of logits, sizes, modes and reuse. Built, not run."""

import inspect

import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import vgg
from tests import v1_graph

v1 = tf.compat.v1


def images(height, width):
    return v1.placeholder(tf.float32, [None, height, width, 3])


@pytest.mark.parametrize(
    ("builder", "layers"), [(vgg.vgg_a, 11), (vgg.vgg_16, 16), (vgg.vgg_19, 19)]
)
def test_layers_are_as_many_as_the_names_and_columns_say(builder, layers):
    with tf.Graph().as_default(), slim.arg_scope(vgg.vgg_arg_scope()):
        logits, end_points = builder(images(224, 224), 7)
        names = list(v1_graph.all_variables())
        losses = v1.losses.get_regularization_losses()
    assert len(losses) == layers
    assert sum(name.endswith("/weights") for name in names) == layers
    assert len(names) == 2 * layers
    assert len(end_points) == layers + 5
    assert end_points[f"{builder.__name__}/fc8"] is logits
    assert builder.default_image_size == 224


def test_letters_and_numbers_name_the_same_networks():
    assert vgg.vgg_d is vgg.vgg_16
    assert vgg.vgg_e is vgg.vgg_19
    assert "column E" in vgg.vgg_e.__doc__
    parameters = inspect.signature(vgg.vgg_e).parameters
    assert parameters["scope"].default == "vgg_19"


@pytest.mark.parametrize(
    ("padding", "size", "rows"),
    [("VALID", 224, 1), ("VALID", 289, 3), ("SAME", 32, 1), ("SAME", 95, 2)],
)
def test_maps_of_logits(padding, size, rows):
    with tf.Graph().as_default():
        logits, _ = vgg.vgg_a(
            images(size, size + 32), 5, spatial_squeeze=False, fc_conv_padding=padding
        )
    assert logits.shape.as_list() == [None, rows, rows + 1, 5]


def test_a_map_is_averaged_or_refused():
    with tf.Graph().as_default():
        logits, end_points = vgg.vgg_a(images(256, 300), 5, global_pool=True)
        assert logits.shape.as_list() == [None, 5]
        assert end_points["global_pool"].shape.as_list() == [None, 1, 1, 4096]
    with (
        tf.Graph().as_default(),
        pytest.raises(errors.InputError, match="2x3 logits"),
    ):
        vgg.vgg_a(images(256, 300), 5)


def test_unknown_sizes():
    with tf.Graph().as_default():
        logits, end_points = vgg.vgg_a(images(None, None), 5)
    assert logits.shape.as_list() == [None, 5]
    assert end_points["vgg_a/fc7"].shape.as_list() == [None, None, None, 4096]


@pytest.mark.parametrize(("padding", "smallest"), [("VALID", 224), ("SAME", 32)])
def test_smaller_images_are_errors(padding, smallest):
    message = f"^vgg_16 needs images of at least {smallest}x{smallest}"
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        vgg.vgg_16(images(smallest, smallest - 1), fc_conv_padding=padding)


def test_an_unknown_padding_is_an_error():
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match="SAME"):
        vgg.vgg_16(images(224, 224), fc_conv_padding="same")


@pytest.mark.parametrize("num_classes", [None, 0])
def test_features_are_those_of_fc7(num_classes):
    with tf.Graph().as_default():
        net, end_points = vgg.vgg_a(images(224, 224), num_classes)
    assert net is end_points["vgg_a/fc7"]
    assert list(end_points)[-1] == "vgg_a/fc7"


@pytest.mark.parametrize("is_training", [True, False])
def test_dropout_is_of_training(is_training):
    with tf.Graph().as_default() as graph:
        vgg.vgg_a(images(224, 224), 5, is_training=is_training)
        random = [op.name for op in graph.get_operations() if "Random" in op.type]
    dropping = {name.split("/")[1] for name in random if "dropout" in name}
    assert dropping == ({"dropout6", "dropout7"} if is_training else set())


def test_reuse_makes_no_more_variables_and_keeps_end_points_names():
    with tf.Graph().as_default():
        _, first = vgg.vgg_a(images(224, 224), 5)
        made = list(v1_graph.all_variables())
        _, second = vgg.vgg_a(images(225, 224), 5, reuse=True)
        assert list(v1_graph.all_variables()) == made
    assert list(first) == list(second)
