"""What slimnets knows about a network: one row, at the end of its family's file.

Published accuracies are single-crop, ILSVRC-2012 validation, as printed beside the
checkpoints in research/slim or in the row's paper; None where none was published.
"""

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

# f(images, num_classes, is_training=..., ...) -> (net, end_points)
Builder = Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]
# An arg scope, or the function that makes it: f(weight_decay=...), or f().
ArgScope = Mapping[str, Any] | Callable[..., Mapping[str, Any]]

# What a network is for.
CLASSIFIER = "classifier"  # of images: what programs and Model take
VIDEO_CLASSIFIER = "video classifier"  # of float [batch, frames, height, width, 3]
GENERATOR = "generator"  # of images, from noise or from other images
DISCRIMINATOR = "discriminator"  # of real images and a generator's


@dataclasses.dataclass(frozen=True)
class Network:
    """What is known about a network; of one's own, a name and a builder are enough.

    Attributes:
      name: its key, as in research/slim's nets_factory.
      builder: `f(images, num_classes, is_training=..., ...) -> (net, end_points)`;
        its family's, where `arguments` make it this network. Generators and
        discriminators have no num_classes.
      arg_scope: its defaults: `f(weight_decay=...)` that makes the arg scope, or one
        whose weight decay is its own: `f()`, or an arg scope.
      image_size: height and width it is usually given, in pixels; of a generator
        those that it makes.
      preprocessing: the recipe it was trained with, a name of slimnets.preprocessing;
        '' where no recipe for single images is its own.
      classes: of the published checkpoint; 1001 has class 0 as background; 0 where
        it has none.
      paper: where its table stands; '' for one that was not published.
      parameters: trainable ones, with `classes` classes; None where nobody counted.
      multiply_adds: in millions, one image of image_size, or 64 frames of a video;
        None likewise.
      top1: published top-1 accuracy in percent.
      top5: published top-5 accuracy in percent.
      arguments: what the builder gets by name to be this network: its table, width,
        scope. A copy of the row with a shorter table is a smaller network.
      channels: of the images.
      kind: what it is for, one of the constants above.
    """

    name: str
    builder: Builder
    arg_scope: ArgScope = dataclasses.field(default_factory=dict)
    image_size: int = 224
    preprocessing: str = "inception"
    classes: int = 1000
    paper: str = ""
    parameters: int | None = None
    multiply_adds: float | None = None
    top1: float | None = None
    top5: float | None = None
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    channels: int = 3
    kind: str = CLASSIFIER

    def __post_init__(self) -> None:
        if self.arguments:
            complete = _complete(self.builder, self.arguments)
            object.__setattr__(self, "builder", complete)

    def make_arg_scope(self, weight_decay: float = 0.0) -> Mapping[str, Any]:
        """Returns its arg scope.

        Args:
          weight_decay: of the L2 regularizers, >= 0.
        """
        if isinstance(self.arg_scope, Mapping):
            return self.arg_scope
        if "weight_decay" in inspect.signature(self.arg_scope).parameters:
            return self.arg_scope(weight_decay=weight_decay)
        return self.arg_scope()

    def build(
        self, images: tf.Tensor, num_classes: int | None, **settings: Any
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Adds the network to the graph, without its arg scope.

        Args:
          images: float [batch, height, width, channels], preprocessed.
          num_classes: number of logits; None or 0 gives features instead.
          **settings: what else the builder takes, such as is_training; they come before
            the row's own arguments.
        """
        return self.builder(images, num_classes, **settings)


def set_image_size(builder: Any, image_size: int) -> None:
    """Gives a builder the attribute `default_image_size`, which TF-Slim's users read.

    Args:
      builder: of a network; its attribute is set.
      image_size: height and width, in pixels.
    """
    builder.default_image_size = image_size


def named_builder(rows: Sequence[Network], name: str) -> Builder:
    """Returns the builder of a row, named after it and with its arguments as defaults.

    Args:
      rows: of a family.
      name: of one of them, such as 'resnet_v1_50'.
    """
    (row,) = [row for row in rows if row.name == name]

    def build(*args: Any, **kwargs: Any) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        return row.builder(*args, **kwargs)

    attributes: dict[str, Any] = {
        "__name__": name,
        "__qualname__": name,
        # The caller's, as collections.namedtuple does: the family's.
        "__module__": sys._getframe(1).f_globals["__name__"],
        "__doc__": f"{name} ({row.paper}).\n\n{row.builder.__doc__}",
        "__signature__": inspect.signature(row.builder),
    }
    if tf_slim.has_arg_scope(row.builder):
        attributes["_key_op"] = tf_slim.arg_scope_func_key(row.builder)
    for attribute, value in attributes.items():
        setattr(build, attribute, value)
    set_image_size(build, row.image_size)
    return build


def get_family_builder(builder: Builder) -> Builder:
    """Returns the builder that a row was given, of the builder that it has."""
    return getattr(builder, "family_builder", builder)


def _complete(builder: Builder, arguments: Mapping[str, Any]) -> Builder:
    """Returns a family's builder with other defaults; those of before are dropped."""
    family = get_family_builder(builder)
    signature = inspect.signature(family)
    names = list(signature.parameters)

    @functools.wraps(family)
    def build(*args: Any, **kwargs: Any) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        given = names[: len(args)]
        defaults = {k: v for k, v in arguments.items() if k not in given}
        return family(*args, **{**defaults, **kwargs})

    attributes = {
        "family_builder": family,
        "__signature__": _with_defaults(signature, arguments),
    }
    vars(build).update(attributes)
    return build


def _with_defaults(
    signature: inspect.Signature, defaults: Mapping[str, Any]
) -> inspect.Signature:
    """Returns a signature with other defaults where `defaults` names an argument."""
    return signature.replace(
        parameters=[
            parameter.replace(default=defaults.get(parameter.name, parameter.default))
            for parameter in signature.parameters.values()
        ]
    )
