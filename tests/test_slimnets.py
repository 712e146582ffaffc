"""The face of the package."""

import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

import slimnets
from slimnets.nets import alexnet, registry
from slimnets.nets.mobilenet import mobilenet_v2

PROJECT = Path(__file__).parent.parent


def test_builders_bear_their_networks_names():
    assert slimnets.alexnet_v2 is alexnet.alexnet_v2
    assert slimnets.mobilenet_v2 is mobilenet_v2.mobilenet
    assert set(registry.NETWORKS) == set(slimnets.__all__) - {
        "Model",
        "Network",
        "features",
        "get_network_fn",
        "list_networks",
        "load",
        "register",
        "slim",
    }
    assert set(slimnets.__all__) <= set(dir(slimnets))


def test_builders_have_their_networks_image_sizes():
    names = registry.list_networks(kind="classifier")
    sizes = {name: registry.get_row(name).image_size for name in names}
    found = {name: getattr(slimnets, name).default_image_size for name in sizes}
    assert found == sizes


def test_a_builder_adds_to_the_graph_being_built():
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [None, 96, 96, 3])
        net, end_points = slimnets.mobilenet_v2(images, is_training=False)
    assert net.shape.as_list() == [None, 1001]
    assert end_points["Logits"] is net


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'resnet_v1_51'"):
        slimnets.resnet_v1_51  # noqa: B018


def test_modules_are_attributes_of_the_package():
    assert slimnets.nets.lenet.lenet is slimnets.lenet
    with pytest.raises(AttributeError, match="no attribute 'lenet_6'"):
        slimnets.nets.lenet_6  # noqa: B018


def test_importing_the_package_alone_imports_no_tensorflow():
    program = "import sys, slimnets; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True)
