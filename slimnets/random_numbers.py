"""Random numbers of layers and of recipes: TensorFlow's next ones, or those of a key.

    key = tf.stack([random_numbers.hash_seed("images", seed), position])
    with random_numbers.keyed(key):
        image = augment(image)

Outside of `keyed` TensorFlow's stateful ops draw, as they did for TF-Slim:
`tf.random.set_seed` repeats them, in the order in which they run. Inside, the n-th draw
follows from the key and n alone, whatever ran before it or beside it: images can be
prepared in parallel, and a run that was killed goes on as if it never was.
"""

import contextlib
import contextvars
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

_ALGORITHM = "philox"
_SHARES_APART = 2**40


class _Key:
    """Seeds of stateless ops, another one for each draw."""

    def __init__(self, key: tf.Tensor, share: tf.Tensor | None):
        self._key, self._share = key, share
        self._drawn = 0

    def next(self) -> tf.Tensor:
        """Returns int64 [2], another one for each share."""
        share = 0 if self._share is None else self._share * _SHARES_APART
        return self._next() + tf.stack([tf.constant(0, tf.int64), share])

    def draw(self, shape: Any, dtype: tf.DType, is_shared: bool) -> tf.Tensor:
        """Draws from [0, 1): a part of what one batch would get, or, shared, all."""
        seed = self._next()
        if self._share is None or is_shared:
            return tf.random.stateless_uniform(shape, seed, dtype=dtype, alg=_ALGORITHM)
        return _draw_part(seed, shape, dtype, self._share)

    def _next(self) -> tf.Tensor:
        self._drawn += 1
        return self._key + tf.constant([self._drawn, 0], tf.int64)


def _draw_part(
    seed: tf.Tensor, shape: Any, dtype: tf.DType, share: tf.Tensor
) -> tf.Tensor:
    """Returns the part of a longer draw that begins `share` times `shape` into it.

    Philox counts: a number of the counter makes four, of float64 two.
    """
    at_once = 2 if dtype == tf.float64 else 4
    size = tf.reduce_prod(tf.cast(shape, tf.int64))
    first, skipped = share * size // at_once, share * size % at_once
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    drawn = tf.raw_ops.StatelessRandomUniformV2(
        shape=tf.expand_dims(size + at_once - 1, 0),
        key=key,
        counter=counter + tf.stack([tf.cast(first, tf.uint64), 0]),
        alg=tf.random.Algorithm.PHILOX.value,
        dtype=dtype,
    )
    return tf.reshape(tf.slice(drawn, [skipped], [size]), shape)


_current: contextvars.ContextVar[_Key | None] = contextvars.ContextVar(
    "random_key", default=None
)


def hash_seed(use: str, *numbers: int) -> int:
    """Returns an int64 that no other use and no neighbouring seed has.

    Args:
      use: what is drawn by it, such as "images".
      *numbers: a user's seed and what else tells it from others.
    """
    text = " ".join([use, *map(str, numbers)])
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


@contextlib.contextmanager
def keyed(key: tf.Tensor, share: tf.Tensor | None = None) -> Iterator[None]:
    """Lets what is drawn inside, in this thread, follow from a key.

    Args:
      key: int64 [2]: a `hash_seed`, and a number that is another one each time.
      share: int64 [], the place of a replica, whose batch is an equal part of a larger
        one: its floats, drawn for its examples, are that part of what they would be.
        None: it has all.
    """
    token = _current.set(_Key(key, share))
    try:
        yield
    finally:
        _current.reset(token)


def uniform(
    shape: Sequence[Any],
    low: float = 0,
    high: float = 1,
    dtype: tf.DType = tf.float32,
) -> tf.Tensor:
    """Draws numbers that are equally likely anywhere in [low, high).

    Args:
      shape: of the result; its sizes may be tensors.
      low: the least.
      high: none reaches it.
      dtype: float or integer.
    """
    key = _current.get()
    if key is None:
        return tf.random.uniform(shape, low, high, dtype)
    if dtype.is_floating:
        return low + (high - low) * key.draw(shape, dtype, is_shared=False)
    return tf.random.stateless_uniform(
        shape, key.next(), low, high, dtype, alg=_ALGORITHM
    )


def draw_seed() -> tf.Tensor:
    """Draws the seed, [2], of one of TensorFlow's stateless ops."""
    key = _current.get()
    if key is None:
        return tf.random.uniform([2], maxval=tf.int32.max, dtype=tf.int32)
    return key.next()


def dropout(
    values: tf.Tensor, rate: float | tf.Tensor, noise_shape: Any, seed: int | None
) -> tf.Tensor:
    """Zeroes values at random and scales the others by 1 / (1 - rate).

    Args:
      values: a float tensor.
      rate: the probability that a value is zeroed, in [0, 1).
      noise_shape: as `tf.nn.dropout` has it; None draws for each value.
      seed: of TensorFlow's stateful op; a key counts for more.
    """
    key = _current.get()
    if key is None:
        return tf.nn.dropout(values, rate, noise_shape, seed)
    # One choice for all examples; a batch of one example has its own.
    is_shared = (
        noise_shape is not None
        and tf.get_static_value(noise_shape[0]) == 1
        and values.shape[0] != 1
    )
    return tf.nn.experimental.general_dropout(
        values,
        rate,
        lambda shape, dtype: key.draw(shape, dtype, is_shared),
        noise_shape,
    )
