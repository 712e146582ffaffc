"""What NASNet-A and PNASNet-5 share, on networks of a few thin cells."""

import inspect
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.model import Model
from slimnets.nets.nasnet import nasnet, nasnet_utils, pnasnet
from tests import v1_graph
from tests.goldens import fill

NASNET = {
    "builder": nasnet.build_nasnet_mobile,
    "config": nasnet.mobile_imagenet_config,
    "end_points": [
        "Stem",
        "Cell_0",
        "Reduction_Cell_0",
        "Cell_1",
        "Reduction_Cell_1",
        "Cell_2",
        "global_pool",
        "Logits",
        "Predictions",
    ],
}
PNASNET = {
    "builder": pnasnet.build_pnasnet_mobile,
    "config": pnasnet.mobile_imagenet_config,
    "end_points": [
        "Stem",
        "Cell_0",
        "Cell_1",
        "Cell_2",
        "global_pool",
        "Logits",
        "Predictions",
    ],
}
pytestmark = pytest.mark.slow

FAMILIES = pytest.mark.parametrize("family", [NASNET, PNASNET], ids=["nas", "pnas"])


def thin(config, **changes):
    """Returns a config of 3 cells, before two of which there are reductions."""
    for name, value in {"num_cells": 3, "num_conv_filters": 8, **changes}.items():
        config.set_hparam(name, value)
    return config


class Built(NamedTuple):
    """A network in a graph, and the shapes of its weights by name."""

    net: tf.Tensor
    end_points: dict[str, tf.Tensor]
    weights: dict[str, list[int]]


def built(family, images=None, num_classes=5, is_training=False, **arguments):
    """Returns a thin network in the graph that is open."""
    arguments.setdefault("config", thin(family["config"]()))
    images = tf.zeros([2, 64, 64, 3]) if images is None else images
    with (
        slim.arg_scope(nasnet.nasnet_mobile_arg_scope()),
        v1_graph.placeholders(is_training) as shapes,
    ):
        made = family["builder"](images, num_classes, is_training, **arguments)
    weights = {n: shape for n, shape in shapes.items() if n.endswith("weights")}
    return Built(*made, weights)


@FAMILIES
def test_end_points_in_training(family):
    with tf.Graph().as_default():
        logits, end_points, _ = built(family, is_training=True)
    names = list(end_points)
    assert names[names.index("AuxLogits") - 1] == "Cell_1"
    assert [name for name in names if name != "AuxLogits"] == family["end_points"]
    assert end_points["AuxLogits"].shape == end_points["Logits"].shape == [2, 5]
    assert logits is end_points["Logits"]
    assert end_points["Predictions"].op.name == "final_layer/predictions"


@pytest.mark.parametrize(
    ("family", "index"),
    [
        (NASNET, 0),
        (NASNET, 2),
        (NASNET, 3),
        (PNASNET, -3),
        (PNASNET, -2),
        (PNASNET, -1),
    ],
)
def test_a_network_stops_at_any_of_its_end_points(family, index):
    final_endpoint = family["end_points"][index]
    with tf.Graph().as_default():
        net, end_points, _ = built(family, final_endpoint=final_endpoint)
    names = list(end_points)
    assert names == family["end_points"][: len(names)]
    assert names[-1] == final_endpoint
    assert net is end_points[final_endpoint]


@pytest.mark.parametrize(
    ("num_classes", "final_endpoint"), [(5, "Cell_3"), (5, "AuxLogits"), (0, "Logits")]
)
def test_an_end_point_that_is_not_there_is_an_error(num_classes, final_endpoint):
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match="end point"):
        built(NASNET, num_classes=num_classes, final_endpoint=final_endpoint)


@pytest.mark.parametrize(
    ("num_classes", "is_training", "use_aux_head"),
    [(None, True, True), (5, False, True), (5, True, False)],
)
def test_no_auxiliary_head_is_built_in_vain(num_classes, is_training, use_aux_head):
    config = thin(pnasnet.mobile_imagenet_config(), use_aux_head=use_aux_head)
    with tf.Graph().as_default():
        made = built(PNASNET, None, num_classes, is_training, config=config)
    assert "AuxLogits" not in made.end_points
    assert not [name for name in made.weights if name.startswith("aux")]


def test_the_auxiliary_head_sees_all_of_the_image():
    with tf.Graph().as_default():
        made = built(NASNET, tf.zeros([1, 256, 300, 3]), is_training=True)
    shapes = {k: v for k, v in made.weights.items() if k.startswith("aux")}
    assert shapes == {
        "aux_1/aux_logits/proj/weights": [1, 1, 96, 128],
        "aux_1/aux_logits/Conv/weights": [4, 5, 128, 768],
        "aux_1/aux_logits/FC/weights": [768, 5],
    }


def test_the_auxiliary_head_needs_images_of_known_size():
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [None, None, 64, 3])
        with pytest.raises(errors.InputError, match="use_aux_head"):
            built(NASNET, images, is_training=True)


def test_channels_first_changes_no_variable():
    shapes, stems = [], []
    for data_format in ("NHWC", "NCHW"):
        config = thin(pnasnet.mobile_imagenet_config(), data_format=data_format)
        with tf.Graph().as_default():
            made = built(PNASNET, None, 5, True, config=config)
        shapes.append(made.weights)
        stems.append(made.end_points["Stem"].shape.as_list())
    assert shapes[0] == shapes[1]
    assert stems[1] == [stems[0][0], stems[0][3], *stems[0][1:3]]


def test_bounded_activations_are_all_relu6():
    config = thin(pnasnet.mobile_imagenet_config(), use_bounded_activation=True)
    with tf.Graph().as_default() as graph:
        built(PNASNET, None, 5, True, config=config)
        kinds = {op.type for op in graph.get_operations()}
    assert kinds & {"Relu", "Relu6"} == {"Relu6"}


@pytest.mark.parametrize(
    ("family", "skip", "channels"),
    [
        (NASNET, False, 6 * 8),  # of Cell_0, which the reduction took in
        (NASNET, True, 4 * 4),  # of the stem
        (PNASNET, True, 5 * 4),  # of the stem, the input before last
        (PNASNET, False, 5 * 2),  # of the stem's first cell
    ],
)
def test_what_a_reduction_takes_in_can_be_skipped(family, skip, channels):
    config = thin(family["config"](), skip_reduction_layer_input=skip)
    with tf.Graph().as_default():
        shapes = built(family, config=config, final_endpoint="Cell_1").weights
    fitted = [
        shapes.get(f"cell_1/{name}/weights") for name in ("prev_1x1", "path1_conv")
    ]
    assert [shape[2] for shape in fitted if shape] == [channels]


def test_each_reduction_doubles_the_filters():
    with tf.Graph().as_default():
        end_points = built(NASNET, final_endpoint="Cell_2").end_points
    channels = [end_points[f"Cell_{i}"].shape[-1] for i in range(3)]
    assert channels == [6 * 8, 6 * 16, 6 * 32]


def test_reductions_cut_the_cells_into_equal_stretches():
    assert nasnet_utils.calc_reduction_layers(18, 2) == [6, 12]
    assert nasnet_utils.calc_reduction_layers(9, 2) == [3, 6]
    assert nasnet_utils.calc_reduction_layers(8, 1) == [4]


def test_a_config_of_the_users_is_not_changed():
    config = thin(nasnet.cifar_config())
    with tf.Graph().as_default(), slim.arg_scope(nasnet.nasnet_cifar_arg_scope()):
        nasnet.build_nasnet_cifar(tf.zeros([2, 32, 32, 3]), 5, False, config)
    assert config == thin(nasnet.cifar_config())


def test_an_unknown_hyperparameter_is_an_error():
    with pytest.raises(errors.InputError, match="did you mean num_cells"):
        nasnet.cifar_config().set_hparam("num_cell", 3)


def test_weights_are_regularized_and_nothing_else():
    config = thin(pnasnet.mobile_imagenet_config())
    with tf.Graph().as_default(), slim.arg_scope(pnasnet.pnasnet_mobile_arg_scope()):
        images = tf.zeros([2, 64, 64, 3])
        pnasnet.build_pnasnet_mobile(images, 5, False, "Cell_0", config)
        losses = tf.compat.v1.losses.get_regularization_losses()
        names = v1_graph.all_variables()
    assert len(losses) == len([name for name in names if name.endswith("weights")])


def calls(step):
    """Yields what a model in training makes of the same images, call by call."""
    config = thin(nasnet.cifar_config(), drop_path_keep_prob=0.2, use_aux_head=False)
    model = Model("nasnet_cifar", 3, is_training=True, config=config, current_step=step)
    assert "global_step" not in model.variables_by_name
    while True:
        yield model(fill.images(4, 32, 32, 3))[0].numpy()


def test_a_model_is_told_the_step_of_drop_path():
    step = tf.Variable(0, dtype=tf.int64)
    logits = calls(step)
    at_first = next(logits)
    np.testing.assert_allclose(next(logits), at_first, 1e-4, 1e-5)
    step.assign(nasnet.cifar_config().total_training_steps)
    assert not np.allclose(next(logits), at_first, 1e-2)


def test_a_model_that_is_told_no_step_drops_nothing():
    logits = calls(None)
    np.testing.assert_allclose(next(logits), next(logits), 1e-4, 1e-5)


@pytest.mark.parametrize(
    ("module", "name", "size"),
    [
        (nasnet, "nasnet_cifar", 32),
        (nasnet, "nasnet_mobile", 224),
        (nasnet, "nasnet_large", 331),
        (pnasnet, "pnasnet_mobile", 224),
        (pnasnet, "pnasnet_large", 331),
    ],
)
def test_builders_take_what_research_slims_do(module, name, size):
    builder = getattr(module, f"build_{name}")
    assert builder.default_image_size == size
    given = list(inspect.signature(builder).parameters)
    tail = ["final_endpoint", "config"] if size > 32 else ["config", "current_step"]
    assert given[:5] == ["images", "num_classes", "is_training", *tail]
    defaults = inspect.signature(getattr(module, f"{name}_arg_scope")).parameters
    assert list(defaults) == ["weight_decay", "batch_norm_decay", "batch_norm_epsilon"]


def test_an_argument_says_which_pools_see_padding():
    images = tf.zeros([1, 32, 32, 3])
    config = thin(nasnet.mobile_imagenet_config())
    with pytest.raises(errors.InputError) as caught:
        nasnet.build_nasnet_mobile(images, 5, config=config, pools_see_padding="max")
    assert str(caught.value) == (
        "pools_see_padding must be False, True or 'average', not 'max'"
    )
    counts = []
    for seeing in (None, True, "average"):
        with tf.Graph().as_default() as graph:
            images = tf.zeros([1, 32, 32, 3])
            nasnet.build_nasnet_mobile(
                images, 5, False, "Stem", config, pools_see_padding=seeing
            )
        operations = graph.get_operations()
        counts.append(sum(o.type in ("Pad", "PadV2") for o in operations))
    assert counts[0] < counts[2] < counts[1]
    assert not config.pools_see_padding
