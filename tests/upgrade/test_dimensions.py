"""Sizes of shapes: `.value` holds what it held, and other `.value`s stay."""

import pytest
import tensorflow as tf

SIZES = """
import tensorflow as tf

def sizes(x):
  shape = x.get_shape()
  height, width = shape[1:3]
  batch, depth = shape[0], shape[3]
  product = 1
  for dim in x.shape:
    product *= dim.value or 1
  return (
    batch.value, depth.value, shape[0].value, x.shape[-1].value, height.value,
    width.value, product,
    [d.value for d in shape.with_rank(4)], [d.value for _, d in enumerate(shape)],
  )
"""


@pytest.mark.parametrize("old_shapes", [False, True])
def test_sizes_are_numbers_or_none(move, old_shapes):
    names: dict = {}
    exec(move(SIZES).read(), names)
    if old_shapes:
        tf.compat.v1.disable_v2_tensorshape()
    try:
        with tf.Graph().as_default():
            x = tf.compat.v1.placeholder(tf.float32, [None, 4, 5, 3])
            found = names["sizes"](x)
    finally:
        tf.compat.v1.enable_v2_tensorshape()
    assert found == (None, 3, None, 3, 4, 5, 60, [None, 4, 5, 3], [None, 4, 5, 3])


def test_other_values_stay(move):
    old = """
    import tensorflow as tf
    def f(summary, variable, enum):
      tf.identity(variable.value())
      return summary.value, enum.member.value, [v.value for v in summary.value]
    """
    new = move(old).read()
    assert "dimension_value" not in new
    assert "disable" not in new


def test_a_size_of_unknown_origin_gets_the_old_shapes(move):
    moved = move("import tensorflow as tf\n\ndef f(dim):\n  return dim.value\n")
    assert "tf.disable_v2_tensorshape()" in moved.read()
