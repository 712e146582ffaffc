"""A twin's mended functions run on its own names; the module keeps its own."""

import inspect
from types import ModuleType

import tensorflow as tf

from slimnets.mended.twin import make_twin, rebind

SOURCE = '''
"""Two functions, one of which calls the other."""
from tensorflow.python.ops import control_flow_ops

def choose(flag, *, yes=1, no=2):
    """Chooses."""
    return control_flow_ops.cond(flag, lambda: constant(yes), lambda: constant(no))

def twice(flag):
    return 2 * choose(flag)

def sound():
    return control_flow_ops.group
'''


def sample():
    module = ModuleType("sample")
    exec(SOURCE, vars(module))
    module.constant = tf.constant
    return module


def test_mended_functions_find_moved_names_and_one_another():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        mended = make_twin(sample(), ["choose", "twice"])
        assert session.run(mended.twice(tf.constant(True))) == 2
        assert session.run(mended.choose(tf.constant(False), no=7)) == 7


def test_a_twin_leaves_the_module_and_tensorflow_as_they_were():
    module = sample()
    before = dict(vars(module))
    mended = make_twin(module, ["choose"], extra=5)
    assert vars(module) == before
    assert not hasattr(module.control_flow_ops, "cond")
    assert mended.control_flow_ops.group is module.control_flow_ops.group
    assert mended.sound is module.sound
    assert mended.extra == 5


def test_a_rebound_function_keeps_name_signature_and_docstring():
    choose = sample().choose
    copy = rebind(choose, {})
    assert copy is not choose
    assert inspect.signature(copy) == inspect.signature(choose)
    assert (copy.__name__, copy.__qualname__) == ("choose", "choose")
    assert copy.__doc__ == "Chooses."
