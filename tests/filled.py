"""Variables for layers and networks that run eagerly, without a Model around them."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
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
        trainable: bool | None = None,
        **_: Any,
    ) -> tf.Variable:
        """Takes the place of TF 1's variable store, as its custom_getter."""
        if name not in self:
            value = fill.weight(name, tuple(shape))
            self[name] = tf.Variable(value, trainable is not False, name=name)
        return self[name]


@contextlib.contextmanager
def variables() -> Iterator[Variables]:
    """Gives layers, called eagerly, variables that equal names share."""
    made = Variables()
    with tf.compat.v1.variable_scope(
        "", reuse=tf.compat.v1.AUTO_REUSE, custom_getter=made.get
    ):
        yield made
