"""A network's feature maps for other people's heads: detectors, segmenters and more."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.model import Model
from slimnets.nets import blueprint, frozen_part, registry
from slimnets.nets.frozen_part import Frozen
from slimnets.nets.row import Builder, Network
from slimnets.report import receptive_field
from slimnets.report.receptive_field import Field
from slimnets.weights.published import pretrained


class FeatureMap(NamedTuple):
    """What is known of an end point before anything is built.

    Attributes:
      name: of the end point.
      stride: pixels of the image from one place of the map to the next.
      channels: of each place.
      receptive_field: height and width, in pixels, of what a place sees of the image;
        it may be larger than that.
    """

    name: str
    stride: int
    channels: int
    receptive_field: tuple[int, int]


class Backbone:
    """A function from images to some of a network's maps, with nothing above them.

    It adds the network to the graph that is being built, as builders do: call it in a
    builder of your own, and give that to `slimnets.Model`, to the programs, or to a v1
    graph.

    Attributes:
      network: the network's row.
      maps: what it returns, in that order.
    """

    def __init__(
        self, network: Network, maps: Sequence[FeatureMap], frozen: Frozen | None
    ):
        """Takes what `features` found; `frozen` of None trains all."""
        self.network, self.maps = network, tuple(maps)
        self._frozen = frozen

    def __call__(self, images: tf.Tensor, is_training: bool = False) -> list[tf.Tensor]:
        """Adds the network.

        Args:
          images: float [batch, height, width, channels], preprocessed; of any height
            and width that the network's convolutions take.
          is_training: whether batch norm and dropout train; not where it is frozen.

        Returns:
          The maps, [batch, height / stride, width / stride, channels], rounded up.
        """
        frozen = self._frozen
        builder = registry.get_network_fn(
            self.network,
            None,
            is_training=is_training and not (frozen and frozen.is_whole),
        )
        if frozen is None:
            _, end_points = builder(images)
        else:
            with frozen.freezing():
                _, end_points = builder(images)
        return [end_points[feature_map.name] for feature_map in self.maps]

    def start_from(self, model: Model, weights: str = "imagenet") -> str:
        """Gives the backbone inside a model published or trained weights.

        Args:
          model: whose builder calls this backbone, in no variable scope of its own.
          weights: a word for published ones, or a checkpoint's path.

        Returns:
          The recipe that the weights' images were prepared by, for
          `slimnets.preprocessing.registry.get_preprocessing`.

        Raises:
          InputError: there are no such weights, or they do not fit.
        """
        found = pretrained.find(self.network, weights)
        traced = blueprint.trace(self.network, None)
        missing = sorted(traced.variables.keys() - model.variables_by_name.keys())
        if missing:
            raise errors.InputError(
                f"the model has no {missing[0]}: call the backbone in its builder, in"
                " no variable scope of its own"
            )
        checkpoints.restore(
            {name: model.variables_by_name[name] for name in traced.variables},
            found.checkpoint,
            averages=True,
            known=list(checkpoints.get_variable_shapes(self.network, 2)),
        )
        return found.preprocessing or self.network.preprocessing


def features(
    network: str | Network | Builder,
    end_points: Sequence[str] = (),
    *,
    strides: Sequence[int] = (),
    freeze: bool | int | str = False,
) -> Backbone:
    """Returns a network as a backbone that gives the maps asked for.

        backbone = slimnets.features("mobilenet_v2", strides=[16, 32])
        backbone.maps[0]  # FeatureMap(name='layer_15/expansion_output', stride=16, ...)

        def detector(images, num_classes, is_training=False):
            fine, coarse = backbone(images, is_training)
            ...

        slimnets.features("mobilenet_v2", strides=[16, 32], freeze=8)  # trains the rest

    Args:
      network: a name of `slimnets.list_networks()`, or one's own, as `slimnets.Model`
        takes it.
      end_points: the maps by name.
      strides: the maps by stride, in pixels: of each the end of its stage, from which
        the network goes on to a larger stride.
      freeze: True keeps its variables as they are: they are not trainable, batch norm
        computes with its moving averages, and nothing is dropped. A stride or the name
        of an end point does so up to there: with all that this map is computed from,
        as `strides` and `end_points` take them.

    Raises:
      InputError: there is no such network, end point or stride.
    """
    row = registry.get_row(network)
    if bool(end_points) == bool(strides):
        raise errors.InputError("say which maps: give either end_points or strides")
    surveyed = _survey(row)
    if end_points:
        chosen = [_find_by_name(name, surveyed) for name in end_points]
    else:
        chosen = [_find_by_stride(stride, surveyed, row) for stride in strides]
    return Backbone(row, chosen, _find_frozen(freeze, surveyed, row))


def _find_frozen(
    freeze: bool | int | str,
    surveyed: Sequence[tuple[FeatureMap, bool]],
    network: Network,
) -> Frozen | None:
    if freeze is False:
        return None
    if freeze is True:
        return frozen_part.WHOLE
    if isinstance(freeze, str):
        last = _find_by_name(freeze, surveyed)
    else:
        last = _find_by_stride(freeze, surveyed, network)
    return frozen_part.freeze_up_to(network, last.name)


def list_maps(network: str | Network) -> list[FeatureMap]:
    """Returns the end points of a network that are maps, as it computes them.

    Vectors are none, nor is what was pooled over the whole image. Nothing is built.
    """
    return [each for each, _ in _survey(network)]


def _survey(network: str | Network) -> list[tuple[FeatureMap, bool]]:
    """Returns the maps of a network, and whether each is the end of a stage."""
    traced = blueprint.trace(network, None)
    fields = receptive_field.compute_fields(traced.graph, traced.images)
    found: dict[tf.Operation, FeatureMap] = {}
    for name, tensor in traced.end_points.items():
        field = fields.get(tensor.op)
        if tensor.shape.rank != 4 or field is None or _pools_all(tensor.op, field):
            continue
        stride = round(field.height.stride)
        size = field.height.pixels(), field.width.pixels()
        found[tensor.op] = FeatureMap(name, stride, tensor.shape[-1], size)
    ends = _find_ends(fields, found)
    # In the order of the graph: builders list the end points of a block behind it.
    return [(found[op], op in ends) for op in fields if op in found]


def _pools_all(op: tf.Operation, field: Field) -> bool:
    """Returns whether an op's output is one place, for the whole image."""
    shape = op.outputs[0].shape
    return field.everywhere or (shape.rank == 4 and shape[1:3] == (1, 1))


def _find_ends(
    fields: Mapping[tf.Operation, Field], maps: Mapping[tf.Operation, FeatureMap]
) -> set[tf.Operation]:
    """Returns the maps from which the network goes on to a larger stride, or to a pool.

    A pool over the whole image counts behind the largest stride alone: gates, such as
    squeeze and excite's, have one in every block.
    """
    largest = max(each.stride for each in maps.values())
    ends = set()
    for op, field in fields.items():
        for tensor in op.inputs:
            before = fields.get(tensor.op)
            if before is None or before.everywhere:
                continue
            stride = before.height.stride
            if _pools_all(op, field):
                goes_on = round(stride) == largest
            else:
                goes_on = field.height.stride > stride
            if goes_on:
                ends |= _find_nearest(tensor.op, stride, fields, maps)
    return ends


def _find_nearest(
    op: tf.Operation,
    stride: float,
    fields: Mapping[tf.Operation, Field],
    maps: Mapping[tf.Operation, FeatureMap],
) -> set[tf.Operation]:
    """Returns the maps that an op follows from, with no other map between."""
    nearest, seen, waiting = set(), {op}, [op]
    while waiting:
        one = waiting.pop()
        if one in maps:
            nearest.add(one)
            continue
        for tensor in one.inputs:
            field = fields.get(tensor.op)
            is_same = field is not None and field.height.stride == stride
            if is_same and tensor.op not in seen:
                seen.add(tensor.op)
                waiting.append(tensor.op)
    return nearest


def _find_by_name(name: str, surveyed: Sequence[tuple[FeatureMap, bool]]) -> FeatureMap:
    known = [each for each, _ in surveyed]
    for feature_map in known:
        if feature_map.name == name:
            return feature_map
    raise errors.unknown("end point", name, [feature_map.name for feature_map in known])


def _find_by_stride(
    stride: int, surveyed: Sequence[tuple[FeatureMap, bool]], network: Network
) -> FeatureMap:
    """Returns the end of a stage; of several the widest, of these the last."""
    of_stride = [(is_end, each) for each, is_end in surveyed if each.stride == stride]
    if not of_stride:
        strides = sorted({each.stride for each, _ in surveyed})
        raise errors.InputError(
            f"{network.name} has no map of stride {stride}; it has those of"
            f" {', '.join(map(str, strides))}"
        )
    ends = [each for is_end, each in of_stride if is_end]
    last_first = ends[::-1] or [of_stride[-1][1]]
    return max(last_first, key=lambda each: each.channels)
