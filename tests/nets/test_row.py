"""A row's builder, under its name."""

import inspect

import pytest
import tensorflow as tf

from slimnets.nets.row import Network, named_builder


def build(images, num_classes=10, keep_prob=1.0, scope="family", *, table):
    """Adds nothing to the graph."""
    return tf.zeros([1, num_classes]), {"keep_prob": keep_prob, scope: table}


ROW = Network(
    "net",
    build,
    dict,
    image_size=8,
    preprocessing="none",
    classes=10,
    paper="arXiv:1",
    parameters=0,
    multiply_adds=0.0,
    arguments={"table": (1, 2), "keep_prob": 0.5, "scope": "net"},
)
net = named_builder([ROW], "net")


def test_it_builds_as_its_row_does():
    assert net(None)[1] == ROW.build(None, 10)[1] == {"keep_prob": 0.5, "net": (1, 2)}


@pytest.mark.parametrize("by_position", [True, False])
def test_its_arguments_can_be_given_otherwise(by_position):
    args, kwargs = (
        ((None, 3, 0.9), {}) if by_position else ((None,), {"keep_prob": 0.9})
    )
    _, end_points = net(*args, **kwargs, table=())
    assert end_points == {"keep_prob": 0.9, "net": ()}


def test_an_argument_given_twice_or_unknown_is_an_error():
    with pytest.raises(TypeError, match="multiple values for argument 'keep_prob'"):
        net(None, 3, 0.9, keep_prob=0.9)
    with pytest.raises(TypeError, match="unexpected keyword argument 'keep_prop'"):
        net(None, keep_prop=0.9)


def test_editors_see_its_name_defaults_and_documentation():
    assert (net.__module__, net.__name__) == (__name__, "net")
    parameters = inspect.signature(net).parameters
    assert parameters["keep_prob"].default == 0.5
    assert parameters["num_classes"].default == 10
    assert net.__doc__ == "net (arXiv:1).\n\nAdds nothing to the graph."
    assert net.default_image_size == 8
