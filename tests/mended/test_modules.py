"""The twins mend every broken function of tf_slim and leave the others its own."""

import sys
import types

import pytest
import tf_slim
from tf_slim.ops import variables as slim_variables

from slimnets.mended import modules, tfexample_decoder, twin

TWINS = {
    "layers": tf_slim.layers,
    "learning": tf_slim.learning,
    "losses.metric_learning": tf_slim.losses.metric_learning,
    "metrics.histogram_ops": tf_slim.metrics.histogram_ops,
    "metrics.metric_ops": tf_slim.metrics.metric_ops,
    "optimizers": tf_slim.optimizers,
    "rev_block_lib": tf_slim.rev_block_lib,
    "training": tf_slim.training,
    "utils": tf_slim.utils,
    "variables": slim_variables,
}
USE_A_REPLACEMENT = {"learning": {"train"}}
SOUND = sorted(
    name
    for name, module in sys.modules.items()
    if name.startswith("tf_slim.")
    and not name.startswith("tf_slim.nets")
    and module not in (*TWINS.values(), tf_slim.tfexample_decoder)
)


def names_in(value):
    """The names that a function or a class mentions, nested code included."""
    if isinstance(value, type):
        return set().union(*map(names_in, vars(value).values()))
    if isinstance(value, types.FunctionType):
        return names_in(value.__code__)
    if isinstance(value, types.CodeType):
        return set(value.co_names).union(*map(names_in, value.co_consts))
    return set()


def mentioned_in(module):
    """Each function and class of a module, with the names it mentions."""
    return {
        name: names_in(value)
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
    }


def reach_a_moved_name(module):
    """The functions and classes that themselves take a name TensorFlow moved."""
    lost = {
        alias: set(twin.MOVED[value.__name__])
        for alias, value in vars(module).items()
        if isinstance(value, types.ModuleType) and value.__name__ in twin.MOVED
    }
    return {
        name
        for name, names in mentioned_in(module).items()
        if any(alias in names and gone & names for alias, gone in lost.items())
    }


def broken_in(module):
    """Those, and the ones that call them."""
    mentioned, broken = mentioned_in(module), reach_a_moved_name(module)
    while more := {n for n, names in mentioned.items() if names & broken} - broken:
        broken |= more
    return broken


def attribute(path):
    value = modules
    for part in path.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("path", TWINS)
def test_a_twin_mends_what_is_broken_and_nothing_else(path):
    mended = vars(attribute(path))
    rebound = {
        name
        for name, value in mended.items()
        if isinstance(value, types.FunctionType) and value.__globals__ is mended
    }
    assert rebound == broken_in(TWINS[path]) | USE_A_REPLACEMENT.get(path, set())


def test_every_broken_handler_is_mended():
    mended = {cls.__name__ for cls in tfexample_decoder.MENDED}
    # LookupTensor itself is sound; the Tensor it inherits from is not.
    assert mended - {"LookupTensor"} == reach_a_moved_name(tf_slim.tfexample_decoder)


@pytest.mark.parametrize("name", SOUND)
def test_no_other_module_is_broken(name):
    assert not broken_in(sys.modules[name])


def test_a_twin_keeps_tf_slims_objects_and_tf_slim_its_own():
    assert modules.learning.train_step is tf_slim.learning.train_step
    assert modules.metrics.streaming_accuracy is tf_slim.metrics.streaming_accuracy
    assert modules.learning.create_train_op is not tf_slim.learning.create_train_op
    assert not hasattr(tf_slim.learning.ops, "IndexedSlices")
    assert tf_slim.learning.training is tf_slim.training
