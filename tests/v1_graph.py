"""Variables of the default v1 graph, by name, and their values."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf


def by_name(variables: Iterable[tf.Variable]) -> dict[str, tf.Variable]:
    """Returns variables by their names without ':0', in the same order."""
    return {variable.name.removesuffix(":0"): variable for variable in variables}


def all_variables() -> dict[str, tf.Variable]:
    """Returns the graph's variables, in the order in which they were made."""
    return by_name(tf.compat.v1.global_variables())


def initialize(
    session: tf.compat.v1.Session, value_of: Callable[[str, list[int]], np.ndarray]
) -> None:
    """Runs every variable's initializer with `value_of(name, shape)` as its value."""
    variables = all_variables()
    session.run(
        [variable.initializer for variable in variables.values()],
        {
            variable.initializer.inputs[1]: value_of(name, variable.shape.as_list())
            for name, variable in variables.items()
        },
    )


@contextlib.contextmanager
def stand_ins(
    value_of: Callable[[str, list[int], bool], tf.Tensor | None],
) -> Iterator[None]:
    """Gives layers `value_of(name, shape, trainable)` for each variable they ask for.

    So a network that needs no variables, only shapes or values, is built much faster.
    Where `value_of` returns None they get the variable.
    """

    def stand_in(
        getter: Callable[..., tf.Variable], name: str, shape: Any, **arguments: Any
    ) -> tf.Tensor | tf.Variable:
        trainable = arguments.get("trainable") is not False
        value = value_of(name, tf.TensorShape(shape).as_list(), trainable)
        return getter(name, shape, **arguments) if value is None else value

    with tf.compat.v1.variable_scope("", custom_getter=stand_in):
        yield


@contextlib.contextmanager
def placeholders(training: bool = False) -> Iterator[dict[str, list[int]]]:
    """Gives layers placeholders for variables; yields their shapes by name.

    In training moving averages are variables all the same, for layers assign to them.
    """
    shapes: dict[str, list[int]] = {}

    def placeholder(name: str, shape: list[int], trainable: bool) -> tf.Tensor | None:
        shapes[name] = shape
        if training and not trainable:
            return None
        return tf.compat.v1.placeholder(tf.float32, shape)

    with stand_ins(placeholder):
        yield shapes


@contextlib.contextmanager
def without_v2_behavior() -> Iterator[None]:
    """Turns off, inside, what `disable_v2_behavior` turns off within graphs."""
    v1 = tf.compat.v1
    v1.disable_v2_tensorshape()
    v1.disable_resource_variables()
    v1.disable_control_flow_v2()
    v1.disable_tensor_equality()
    try:
        yield
    finally:
        v1.enable_v2_tensorshape()
        v1.enable_resource_variables()
        v1.enable_control_flow_v2()
        v1.enable_tensor_equality()
