"""What NASNet-A and PNASNet-5 share: a stem, a stack of cells, two classifiers.

A config becomes a stem and a list of cells, each with the two outputs that it takes in;
one loop adds them. That is the difference from slimnets.nets.table, where a row takes
in the output of the row before alone.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import recomputation
from slimnets.nets import spatial
from slimnets.nets.nasnet import operations
from slimnets.nets.nasnet.cells import Cell, CellTable
from slimnets.nets.table import EndPoints

_WITH_TRAINING: list[Callable[..., Any]] = [
    slim.dropout,
    slim.batch_norm,
    operations.drop_path,
]
_WITH_DATA_FORMAT: list[Callable[..., Any]] = [
    slim.avg_pool2d,
    slim.max_pool2d,
    slim.conv2d,
    slim.separable_conv2d,
    slim.batch_norm,
    operations.factorized_reduction,
    operations.global_avg_pool,
    operations.get_channel_index,
    operations.get_channel_dim,
    operations.pad,
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
      drop_path_keep_prob: of the last cell, at the end of training; see
        operations.drop_path_keep_prob_at.
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
        keras.applications do; 'average': the average pools alone do, as timm's;
        research/slim's see pixels alone.
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
    pools_see_padding: bool | str = False

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
    name: str = ""  # of its end point


class CellRow(NamedTuple):
    """A cell of a network.

    Attributes:
      scope: variable scope.
      name: its end point; '' where it has none.
      table: what it computes.
      filters: channels of its hidden states.
      stride: 1 or 2.
      previous: its second input, counted from the last output: -2 is the one before.
      auxiliary: scope of the auxiliary head on its output; '' where there is none.
    """

    scope: str
    name: str
    table: CellTable
    filters: int
    stride: int = 1
    previous: int = -2
    auxiliary: str = ""


def calc_reduction_layers(num_cells: int, num_reduction_layers: int) -> list[int]:
    """Returns where num_reduction_layers cut num_cells into equal stretches."""
    parts = num_reduction_layers + 1
    return [num_cells * part // parts for part in range(1, parts)]


def list_reductions(config: Config) -> list[int]:
    """Returns the numbers of the cells at which height and width are halved."""
    return calc_reduction_layers(config.num_cells, config.num_reduction_layers)


def auxiliary_scope(config: Config, number: int) -> str:
    """Returns the scope of the head on cell `number`: on that before reduction 1."""
    here = number + 1 in list_reductions(config)[1:2]
    return f"aux_{number}" if config.use_aux_head and here else ""


class Layout(NamedTuple):
    """All of a network that its config decides but the classifiers."""

    stem: Stem
    cells: Sequence[CellRow]


def imagenet_stem(config: Config, table: CellTable) -> Layout:
    """Returns a stem of stride 8: a convolution and two cells, thin at first."""
    stem = Stem(int(32 * config.stem_multiplier), 2, "VALID", "conv0", "conv0_bn")
    half = 1 / config.filter_scaling_rate
    thin = [int(config.num_conv_filters * scale) for scale in (half * half, half)]
    cells = [
        CellRow("cell_stem_0", "", table, thin[0], stride=2),
        CellRow("cell_stem_1", "Stem", table, thin[1], stride=2),
    ]
    return Layout(stem, cells)


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
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config | None = None,
    current_step: int | tf.Tensor | tf.Variable | None = None,
    *,
    pools_see_padding: bool | str | None = None,
    default_config: Config,
    layout: Callable[[Config], Layout],
) -> tuple[tf.Tensor, EndPoints]:
    """A searched cell, stacked, for classification.

    Args:
      images: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the pooled features instead.
      is_training: whether dropout, drop path and batch norm train; it adds the
        auxiliary head, for which height and width must be known.
      final_endpoint: the end point to stop at; None goes on to the logits.
      config: hyperparameters; None takes default_config.
      current_step: of training, for drop path. None takes the graph's global step,
        making one where there is none yet; eagerly and in a `tf.function`, where no
        graph keeps one, it stands for step 0, which drops nothing: pass it there.
      pools_see_padding: takes the place of the config's; see Config. None leaves it.
      default_config: the network's own hyperparameters.
      layout: returns a config's stem and cells.

    Returns:
      float logits [batch, num_classes], features [batch, depth] or final_endpoint; and
      the end points by name: 'Stem', 'Cell_<i>', NASNet-A's 'Reduction_Cell_<i>' and,
      in training, 'AuxLogits' as they are made, then 'global_pool', 'Logits',
      'Predictions'.

    Raises:
      InputError: images' rank is not 4, final_endpoint is none of the above, or the
        auxiliary head is to be built on images of unknown size.
    """
    images = tf.convert_to_tensor(images)
    spatial.get_static_size(images)  # raises if the rank is not 4
    config = config or default_config
    if pools_see_padding is not None:
        config = dataclasses.replace(config, pools_see_padding=pools_see_padding)
    if config.pools_see_padding not in (False, True, "average"):
        raise errors.InputError(
            "pools_see_padding must be False, True or 'average', not"
            f" {config.pools_see_padding!r}"
        )
    stem, cells = layout(config)
    names = [stem.name, *(cell.name for cell in cells), "global_pool"]
    names = [*filter(None, names), *(["Logits", "Predictions"] if num_classes else [])]
    if final_endpoint not in (None, *names):
        raise errors.unknown("end point", str(final_endpoint), names)
    keep_prob_at = functools.partial(
        operations.drop_path_keep_prob_at,
        final_keep_prob=config.drop_path_keep_prob if is_training else 1.0,
        total_training_steps=config.total_training_steps,
        current_step=current_step,
    )
    with (
        slim.arg_scope(_WITH_TRAINING, is_training=is_training),
        slim.arg_scope(_WITH_DATA_FORMAT, data_format=config.data_format),
    ):
        net = _add_stem(images, stem, config.data_format)
        end_points = {stem.name: net} if stem.name else {}
        if final_endpoint in end_points:
            return net, end_points
        for row, output in _stack_cells(net, stem, cells, config, keep_prob_at):
            net = output
            if row.name:
                end_points[row.name] = net
            if row.name == final_endpoint:
                return net, end_points
            if row.auxiliary and is_training and num_classes:
                with tf.compat.v1.variable_scope(f"{row.auxiliary}/aux_logits"):
                    end_points["AuxLogits"] = _classify_early(net, num_classes, config)
        net, classified = _classify(net, num_classes, config, final_endpoint)
    return net, end_points | classified


def _add_stem(images: tf.Tensor, stem: Stem, data_format: str) -> tf.Tensor:
    if data_format == "NCHW":
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


def _stack_cells(
    net: tf.Tensor,
    stem: Stem,
    cells: Sequence[CellRow],
    config: Config,
    keep_prob_at: Callable[[float], tf.Tensor | None],
) -> Iterator[tuple[CellRow, tf.Tensor]]:
    """Adds cells one by one; yields each with its output.

    Args:
      net: the stem's output.
      stem: the stem.
      cells: the cells.
      config: the network's hyperparameters.
      keep_prob_at: drop path's probability by depth, in (0, 1].
    """
    outputs, strides = [None, net], [1, stem.stride]  # strides from the images
    for number, row in enumerate(cells, 1):
        cell = Cell(
            row.table,
            row.filters,
            row.stride,
            keep_prob_at(number / len(cells)),
            config.use_bounded_activation,
            config.pools_see_padding,
        )
        previous = outputs[row.previous]
        net = recomputation.block(
            cell.build,
            *([net] if previous is None else [net, previous]),
            scope=row.scope,
            previous_stride=strides[-1] // strides[row.previous],
        )
        outputs.append(net)
        strides.append(strides[-1] * row.stride)
        yield row, net


def _classify(
    net: tf.Tensor,
    num_classes: int | None,
    config: Config,
    final_endpoint: str | None,
) -> tuple[tf.Tensor, EndPoints]:
    """Adds what follows the cells, as far as final_endpoint."""
    activate = operations.activation(config.use_bounded_activation)
    with tf.compat.v1.variable_scope("final_layer"):
        net = operations.global_avg_pool(activate(net))
        end_points = {"global_pool": net}
        if not num_classes or final_endpoint == "global_pool":
            return net, end_points
        net = slim.dropout(net, config.dense_dropout_keep_prob, scope="dropout")
        logits = end_points["Logits"] = slim.fully_connected(net, num_classes)
        if final_endpoint == "Logits":
            return logits, end_points
        predictions = tf.nn.softmax(logits, name="predictions")
        end_points["Predictions"] = predictions
    return (predictions if final_endpoint == "Predictions" else logits), end_points


def _classify_early(net: tf.Tensor, num_classes: int, config: Config) -> tf.Tensor:
    """Adds the auxiliary head, which pools 5x5 windows, or the whole of less."""
    activate = operations.activation(config.use_bounded_activation)
    window = [min(size, 5) for size in _size_of(net, config)]
    net = slim.avg_pool2d(activate(net), window, stride=3, padding="VALID")
    net = slim.conv2d(net, 128, 1, scope="proj")
    net = activate(slim.batch_norm(net, scope="aux_bn0"))
    net = slim.conv2d(net, 768, _size_of(net, config), padding="VALID")
    net = activate(slim.batch_norm(net, scope="aux_bn1"))
    return slim.fully_connected(slim.flatten(net), num_classes)


def _size_of(net: tf.Tensor, config: Config) -> list[int]:
    """Returns height and width; InputError where they are not known."""
    shape = net.shape.as_list()
    size = shape[2:4] if config.data_format == "NCHW" else shape[1:3]
    if None in size:
        raise errors.InputError(
            "the auxiliary head needs images of known height and width: set them,"
            " or train with a config whose use_aux_head is False"
        )
    return size
