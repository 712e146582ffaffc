"""Variables of the default v1 graph, by name, and their values."""

from collections.abc import Callable, Iterable

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
