"""AlexNet to VGG: convolutions and pools, then fully connected layers fc6, fc7, fc8.

These are convolutions too: fc6's kernel covers the features of an image of the size
that training uses, and larger images give a map of logits, one for each place of that
window (section 3.5 of arXiv:1312.6229).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.layers import scoping
from slimnets.nets import image_size, spatial
from slimnets.nets.rows import Conv, Dropout, MaxPool
from slimnets.nets.table import Row, run_table


class FullyConnected(NamedTuple):
    """A fully connected layer, as a convolution.

    Attributes:
      name: its end point and scope.
      depth: number of units.
      kernel: height and width of the window of features that they see.
      padding: of the features, 'VALID' or 'SAME'.
      stddev: of the truncated normal distribution that initial weights are drawn
        from; None leaves them, and the biases, to the arg scope.
      bias: the initial one of each unit.
    """

    name: str
    depth: int
    kernel: int = 1
    padding: str = "VALID"
    stddev: float | None = None
    bias: float = 0.0
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        """Adds it to the graph."""
        return slim.conv2d(
            net,
            self.depth,
            self.kernel,
            padding=self.padding,
            scope=self.name,
            **self.initializers(),
        )

    def initializers(self) -> dict[str, Any]:
        """Returns what draws its initial values, for slim.conv2d."""
        if self.stddev is None:
            return {}
        return {
            "weights_initializer": tf.compat.v1.truncated_normal_initializer(
                stddev=self.stddev
            ),
            "biases_initializer": tf.compat.v1.constant_initializer(self.bias),
        }

    def size_for(self, size: int) -> int:
        """Returns the least height and width that give `size`."""
        return size - 1 + (self.kernel if self.padding == "VALID" else 1)


Table = Sequence[Conv | MaxPool | FullyConnected]


def build(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    scope: str | None = None,
    global_pool: bool = False,
    *,
    table: Table,
    name: str,
    reuse: bool | None = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Convolutions, pools and three fully connected layers, for classification.

    Args:
      inputs: float [batch, height, width, channels], at least 195x195 for AlexNet,
        231x231 for OverFeat; 224x224 and 231x231 give one vector of logits.
      num_classes: number of logits; None or 0 returns fc7's features instead.
      is_training: whether dropout drops.
      dropout_keep_prob: the probability that an input of fc7 and of fc8 is kept.
      spatial_squeeze: drop the logits' height and width, which must be 1. Pass False
        to run fully convolutionally on larger images.
      scope: variable scope.
      global_pool: average fc7 over height and width, whatever they are.
      table: the layers, first to last, up to fc6 and fc7.
      name: the network's, for errors, and for its scope where that is None.
      reuse: reuse the variables of `scope`.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, units of fc7]; and the end points
      by name, from '<scope>/conv1' to '<scope>/fc8'.

    Raises:
      ValueError: inputs' rank is not 4, or images are too small, or too large for one
        vector of logits without global_pool while spatial_squeeze asks for one.
    """
    image_size.check_image_size(inputs, name, smallest_image(table))
    with tf.compat.v1.variable_scope(scope, name, [inputs], reuse=reuse) as sc:
        rows = list(_add_dropout(table, dropout_keep_prob, is_training))
        with _filing_layers():
            net, layers = run_table(rows, inputs, recompute=False)
        end_points = {f"{sc.name}/{layer}": output for layer, output in layers.items()}
        if global_pool:
            net = tf.reduce_mean(net, [1, 2], keepdims=True, name="global_pool")
            end_points["global_pool"] = net
        if not num_classes:
            return net, end_points
        net = Dropout("dropout7", dropout_keep_prob, is_training).build(net, 1, 1)
        *_, fc7 = (row for row in table if isinstance(row, FullyConnected))
        # Initial weights as fc7's, initial biases zero.
        with _filing_layers():
            net = slim.conv2d(
                net,
                num_classes,
                1,
                activation_fn=None,
                normalizer_fn=None,
                scope="fc8",
                **fc7._replace(bias=0.0).initializers(),
            )
        if spatial_squeeze:
            net = spatial.squeeze_logits(net, "fc8/squeezed")
        end_points[f"{sc.name}/fc8"] = net
    return net, end_points


def _filing_layers() -> AbstractContextManager[Any]:
    """Files layers in TF-Slim's collections of the network around, in a v1 graph."""
    return slim.arg_scope(
        [slim.conv2d, slim.max_pool2d],
        outputs_collections=scoping.name_end_points_collections(),
    )


def smallest_image(table: Table) -> int:
    """Returns the least height and width, in pixels, that give a vector of logits."""
    size = 1
    for row in reversed(table):
        size = row.size_for(size)
    return size


def _add_dropout(
    table: Table, keep_prob: float, is_training: bool | tf.Tensor
) -> Iterator[Row]:
    """Puts dropout behind fc6."""
    for row in table:
        yield row
        if row.name == "fc6":
            yield Dropout("dropout6", keep_prob, is_training)
