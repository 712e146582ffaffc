"""A checkpoint's values reach whole variables and the pieces of partitioned ones."""

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets.mended.checkpoints import assign_from_checkpoint

v1 = tf.compat.v1


@pytest.fixture
def saved(tmp_path):
    """A checkpoint of w [3, 2] and b [2]."""
    values = {"w": np.arange(6, dtype=np.float32).reshape(3, 2), "b": np.ones(2, "f4")}
    with tf.Graph().as_default(), v1.Session() as session:
        for name, value in values.items():
            v1.get_variable(name, initializer=value)
        session.run(v1.global_variables_initializer())
        return values, v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))


def test_values_reach_whole_and_partitioned_variables(saved):
    values, path = saved
    with tf.Graph().as_default(), v1.Session() as session:
        halves = v1.fixed_size_partitioner(2, axis=0)
        w = v1.get_variable("w", [3, 2], partitioner=halves)
        b = v1.get_variable("b", [2])
        op, feed = assign_from_checkpoint(path, [*w, b])
        session.run(op, feed)
        np.testing.assert_array_equal(session.run(w.as_tensor()), values["w"])
        np.testing.assert_array_equal(session.run(b), values["b"])


def test_a_dict_renames(saved):
    values, path = saved
    with tf.Graph().as_default(), v1.Session() as session:
        other = tf_slim.variable("other", [2])
        session.run(*assign_from_checkpoint(path, {"b": other}))
        np.testing.assert_array_equal(session.run(other), values["b"])


def test_a_missing_variable_is_an_error_or_left_as_it_is(saved):
    _, path = saved
    with tf.Graph().as_default(), v1.Session() as session:
        lost = v1.get_variable("lost", [2])
        with pytest.raises(ValueError, match=r"missing variable \[lost\]"):
            assign_from_checkpoint(path, [lost])
        assert assign_from_checkpoint(path, [lost], ignore_missing_vars=True)[1] == {}
        op, feed = assign_from_checkpoint(path, [lost], ignore_missing_vars=True)
        session.run(op, feed)


def test_another_shape_is_an_error_naming_both(saved):
    _, path = saved
    with tf.Graph().as_default():
        b = v1.get_variable("b", [5])
        with pytest.raises(ValueError, match=r"b is \(2,\) .* b is \(5,\)"):
            assign_from_checkpoint(path, [b])
