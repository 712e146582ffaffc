"""arg_scope refuses what cannot work, before it touches the scope around it."""

import functools

import pytest
import tf_slim

from slimnets.mended.scopes import arg_scope


@tf_slim.add_arg_scope
def doubled(x, factor=2):
    return x * factor


@tf_slim.add_arg_scope
def halved(x):
    return x / 2


@tf_slim.add_arg_scope
def open_ended(x, **options):
    return x, options


def undecorated(x, factor=2):
    return x * factor


def test_defaults_hold_within_and_end_after():
    with arg_scope([doubled], factor=3):
        assert doubled(1) == 3
    assert doubled(1) == 2


def test_a_scope_opens_again():
    with arg_scope([doubled], factor=3) as scope:
        pass
    with arg_scope(scope):
        assert doubled(1) == 3


def test_either_scope_nests_in_the_other():
    with arg_scope([doubled], factor=3), tf_slim.arg_scope([open_ended], a=1):
        assert doubled(1) == 3
        with arg_scope([open_ended], b=2):
            assert open_ended(0) == (0, {"a": 1, "b": 2})
            assert tf_slim.current_arg_scope() is not None


@pytest.mark.parametrize(
    ("op", "named"),
    [
        (undecorated, "undecorated: decorate it with @slim.add_arg_scope"),
        (len, "len: decorate it"),
        (functools.partial(doubled, factor=5), "open it over doubled"),
    ],
)
def test_an_op_without_a_scope_is_named_and_the_scope_around_survives(op, named):
    with arg_scope([doubled], factor=3):
        with pytest.raises(ValueError, match=named):
            arg_scope([doubled, op], factor=4)
        assert doubled(1) == 3
    assert doubled(1) == 2


def test_an_op_without_an_argument_of_the_scope_fails_only_when_called():
    with arg_scope([doubled, halved], factor=3):
        assert doubled(1) == 3
        with pytest.raises(TypeError, match=r"halved.* 'factor'"):
            halved(1)


def test_a_default_that_no_op_takes_is_warned_of_with_the_nearest_name():
    nearest = r"doubled, halved 'facto'; did you mean factor\?"
    with (
        arg_scope([doubled], factor=3),
        pytest.warns(UserWarning, match=nearest),
        arg_scope([doubled, halved], facto=4),
        pytest.raises(TypeError, match=r"doubled.* 'facto'"),
    ):
        doubled(1)


def test_an_op_that_takes_anything_is_given_anything():
    with arg_scope([open_ended], anything=1):
        assert open_ended(0) == (0, {"anything": 1})


def test_neither_ops_nor_a_scope_is_refused():
    with (
        pytest.raises(TypeError, match="list_ops_or_scope"),
        arg_scope(doubled, factor=3),
    ):
        pytest.fail("the scope opened")
