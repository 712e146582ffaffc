"""Variables for layers and networks that run eagerly, without a Model around them."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tests.goldens import fill


class Variables(dict):
    """Keeps what is asked for by name, with random values: batch norm's averages too.

    variables = Variables()
    with tf.compat.v1.variable_scope("", custom_getter=variables.get):
    """

    def get(
        self,
        getter: Callable[..., tf.Variable],
        name: str,
        shape: Sequence[int],
        dtype: tf.DType = tf.float32,
        **_: Any,
    ) -> tf.Variable:
        """Takes the place of TF 1's variable store, as its custom_getter."""
        if name not in self:
            self[name] = tf.Variable(fill.weight(name, tuple(shape)), name=name)
        return self[name]
