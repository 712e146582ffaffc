"""What NASNet-A and PNASNet-5 share: a stem, a stack of cells, two classifiers.

A network is the list of its cells, each with what came before it; one loop adds them.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import recomputation
from slimnets.nets import spatial
from slimnets.nets.nasnet import cells, nasnet_utils, operations

_IN_DATA_FORMAT: list[Callable] = [
    slim.avg_pool2d,
    slim.max_pool2d,
    slim.conv2d,
    slim.separable_conv2d,
    slim.batch_norm,
    operations.factorized_reduction,
    operations.global_avg_pool,
    operations.get_channel_index,
    operations.get_channel_dim,
    operations.padded,
]


@dataclasses.dataclass
class Config:
    """A network's hyperparameters; research/slim held them in tf.contrib's HParams.

    Attributes:
      stem_multiplier: channels of the first convolution, divided by 32 for ImageNet
        and by num_conv_filters for CIFAR-10.
      num_cells: without reduction cells and those of the stem.
      num_conv_filters: channels of a hidden state of the first cells: F of the papers'
        tables for PNASNet-5, a 24th of the number after @ for NASNet-A.
      drop_path_keep_prob: see cells.Cell.
      dense_dropout_keep_prob: the probability that a feature is kept in training.
      skip_reduction_layer_input: after a reduction, take the input before last as the
        previous layer, for what the reduction took in is hardly another.
      total_training_steps: until drop_path_keep_prob is reached.
      filter_scaling_rate: multiplies the filters at each reduction.
      num_reduction_layers: reductions after the stem.
      use_aux_head: in training add a classifier before the second reduction.
      data_format: 'NHWC', or 'NCHW': images are transposed first. Images are given as
        NHWC in any case; end points are in data_format.
      use_bounded_activation: keep values within 6, for quantized inference.
      pools_see_padding: the pools of reductions see zeros around images, as those of
        keras.applications do; research/slim's see pixels alone.
    """

    stem_multiplier: float
    num_cells: int
    num_conv_filters: int
    drop_path_keep_prob: float
    dense_dropout_keep_prob: float
    skip_reduction_layer_input: bool
    total_training_steps: int = 250_000
    filter_scaling_rate: float = 2.0
    num_reduction_layers: int = 2
    use_aux_head: bool = True
    data_format: str = "NHWC"
    use_bounded_activation: bool = False
    pools_see_padding: bool = False

    def set_hparam(self, name: str, value: Any) -> None:
        """Changes an attribute; InputError where there is none of that name."""
        known = [field.name for field in dataclasses.fields(self)]
        if name not in known:
            raise errors.unknown("hyperparameter", name, known)
        setattr(self, name, value)


class Stem(NamedTuple):
    """The 3x3 convolution that a network begins with, and its batch norm."""

    filters: int
    stride: int
    padding: str
    scope: str
    norm_scope: str
    end_point: str | None = None


class Step(NamedTuple):
    """A cell of a network.

    Attributes:
      scope: variable scope.
      end_point: name of its output among the end points; None for none.
      cell: its kind.
      filter_scaling: its filters divided by num_conv_filters.
      stride: 1 or 2.
      previous: its second input, counted from the last output: -2 is the one before.
    """

    scope: str
    end_point: str | None
    cell: type[cells.Cell]
    filter_scaling: float
    stride: int = 1
    previous: int = -2


def imagenet_stem(config: Config, cell: type[cells.Cell]) -> tuple[Stem, list[Step]]:
    """Returns a stem of stride 8: a convolution and two cells, thin at first."""
    stem = Stem(int(32 * config.stem_multiplier), 2, "VALID", "conv0", "conv0_bn")
    half = 1 / config.filter_scaling_rate
    return stem, [
        Step("cell_stem_0", None, cell, half * half, stride=2),
        Step("cell_stem_1", "Stem", cell, half, stride=2),
    ]


def arg_scope(
    weight_decay: float, batch_norm_decay: float, batch_norm_epsilon: float
) -> dict[str, Any]:
    """Returns both families' defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance.
    """
    with (
        slim.arg_scope(
            [slim.fully_connected, slim.conv2d, slim.separable_conv2d],
            weights_regularizer=slim.l2_regularizer(weight_decay),
            weights_initializer=slim.variance_scaling_initializer(mode="FAN_OUT"),
            activation_fn=None,
        ),
        slim.arg_scope([slim.fully_connected], scope="FC"),
        slim.arg_scope([slim.conv2d, slim.separable_conv2d], biases_initializer=None),
        slim.arg_scope(
            [slim.batch_norm],
            decay=batch_norm_decay,
            epsilon=batch_norm_epsilon,
            scale=True,
            fused=True,
        ) as defaults,
    ):
        return defaults


def build(
    images: tf.Tensor,
    num_classes: int | None,
    config: Config,
    stem: Stem,
    steps: Sequence[Step],
    is_training: bool,
    final_endpoint: str | None,
    current_step: Any,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Adds a network.

    Args:
      images: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 gives the pooled features instead.
      config: its hyperparameters.
      stem: its first convolution.
      steps: its cells.
      is_training: whether dropout, drop path and batch norm train.
      final_endpoint: the end point to stop at; None goes on to the logits.
      current_step: as that of cells.Cell.

    Returns:
      Logits [batch, num_classes], features [batch, depth] or final_endpoint; and the
      end points by name.

    Raises:
      InputError: final_endpoint is none of the network's, or the auxiliary head is to
        be built on images of unknown size.
    """
    images = tf.convert_to_tensor(images)
    spatial.get_static_size(images)
    known = [stem.end_point, *(step.end_point for step in steps), "global_pool"]
    known += ["Logits", "Predictions"] if num_classes else []
    if final_endpoint is not None and final_endpoint not in known:
        raise errors.unknown("end point", final_endpoint, filter(None, known))
    network = _Network(config, num_classes, is_training, final_endpoint)
    with (
        slim.arg_scope(
            [slim.dropout, slim.batch_norm, operations.drop_path],
            is_training=is_training,
        ),
        slim.arg_scope(_IN_DATA_FORMAT, data_format=config.data_format),
    ):
        net = network.stacked(images, stem, steps, current_step)
        if final_endpoint not in network.end_points:
            net = network.classified(net)
    return net, network.end_points


class _Network:
    """A network that is being added, and its end points so far."""

    def __init__(
        self,
        config: Config,
        num_classes: int | None,
        is_training: bool,
        final_endpoint: str | None,
    ):
        self.end_points: dict[str, tf.Tensor] = {}
        self._config = config
        self._num_classes = num_classes
        self._is_training = is_training
        self._final_endpoint = final_endpoint
        self._activate = operations.activation(config.use_bounded_activation)

    def stacked(
        self,
        images: tf.Tensor,
        stem: Stem,
        steps: Sequence[Step],
        current_step: Any,
    ) -> tf.Tensor:
        """Adds the stem and the cells, as far as final_endpoint."""
        net = self._stem(images, stem)
        if self._reached(stem.end_point, net):
            return net
        outputs = [(None, 1), (net, stem.stride)]  # with the strides from the images
        for number, step in enumerate(steps):
            previous, previous_stride = outputs[step.previous]
            total_stride = outputs[-1][1]
            net = recomputation.block(
                _joined,
                *([net] if previous is None else [net, previous]),
                cell=self._cell(step.cell, len(steps)),
                scope=step.scope,
                filter_scaling=step.filter_scaling,
                stride=step.stride,
                cell_num=number,
                current_step=current_step,
                prev_stride=total_stride // previous_stride,
            )
            outputs.append((net, total_stride * step.stride))
            if self._reached(step.end_point, net):
                return net
            self._add_auxiliary_head(step.scope, net)
        return net

    def classified(self, net: tf.Tensor) -> tf.Tensor:
        """Adds what follows the cells, as far as final_endpoint."""
        with tf.compat.v1.variable_scope("final_layer"):
            net = operations.global_avg_pool(self._activate(net))
            if self._reached("global_pool", net) or not self._num_classes:
                return net
            keep_prob = self._config.dense_dropout_keep_prob
            net = slim.dropout(net, keep_prob, scope="dropout")
            logits = slim.fully_connected(net, self._num_classes)
            if self._reached("Logits", logits):
                return logits
            predictions = tf.nn.softmax(logits, name="predictions")
            stop = self._reached("Predictions", predictions)
            return predictions if stop else logits

    def _reached(self, end_point: str | None, net: tf.Tensor) -> bool:
        """Files an end point that has a name; True at the final one."""
        if end_point is None:
            return False
        self.end_points[end_point] = net
        return end_point == self._final_endpoint

    def _stem(self, images: tf.Tensor, stem: Stem) -> tf.Tensor:
        if self._config.data_format == "NCHW":
            images = tf.transpose(images, [0, 3, 1, 2])
        net = slim.conv2d(
            images,
            stem.filters,
            3,
            stride=stem.stride,
            padding=stem.padding,
            scope=stem.scope,
        )
        return slim.batch_norm(net, scope=stem.norm_scope)

    def _cell(self, kind: type[cells.Cell], total_num_cells: int) -> cells.Cell:
        config = self._config
        return kind(
            config.num_conv_filters,
            config.drop_path_keep_prob if self._is_training else 1.0,
            total_num_cells,
            config.total_training_steps,
            config.use_bounded_activation,
            config.pools_see_padding,
        )

    def _add_auxiliary_head(self, scope: str, net: tf.Tensor) -> None:
        """Adds a classifier in training, if `scope` is the cell that it belongs on."""
        config = self._config
        reductions = nasnet_utils.calc_reduction_layers(
            config.num_cells, config.num_reduction_layers
        )
        wanted = config.use_aux_head and self._is_training and len(reductions) > 1
        if not wanted or not self._num_classes:
            return
        if scope != f"cell_{reductions[1] - 1}":
            return
        with tf.compat.v1.variable_scope(f"aux_{reductions[1] - 1}/aux_logits"):
            self.end_points["AuxLogits"] = self._auxiliary_logits(
                net, self._num_classes
            )

    def _auxiliary_logits(self, net: tf.Tensor, num_classes: int) -> tf.Tensor:
        """Pools 5x5 windows, or the whole of smaller images, and sees all at once."""
        window = [min(size, 5) for size in self._size_of(net)]
        net = slim.avg_pool2d(self._activate(net), window, stride=3, padding="VALID")
        net = slim.conv2d(net, 128, 1, scope="proj")
        net = self._activate(slim.batch_norm(net, scope="aux_bn0"))
        net = slim.conv2d(net, 768, self._size_of(net), padding="VALID")
        net = self._activate(slim.batch_norm(net, scope="aux_bn1"))
        return slim.fully_connected(slim.flatten(net), num_classes)

    def _size_of(self, net: tf.Tensor) -> list[int]:
        """Returns height and width; InputError where they are not known."""
        shape = net.shape.as_list()
        size = shape[2:4] if self._config.data_format == "NCHW" else shape[1:3]
        if None in size:
            raise errors.InputError(
                "the auxiliary head needs images of known height and width: set them,"
                " or train with a config whose use_aux_head is False"
            )
        return size


def _joined(
    net: tf.Tensor, previous: tf.Tensor | None = None, *, cell: cells.Cell, **place: Any
) -> tf.Tensor:
    """Adds a cell, with its inputs first."""
    return cell(net, prev_layer=previous, **place)
