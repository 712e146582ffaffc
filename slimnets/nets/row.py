"""What slimnets knows about a network: one row, at the end of its family's file.

Published accuracies are single-crop, ILSVRC-2012 validation, as printed beside the
checkpoints in research/slim or in the row's paper; None where none was published.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Network:
    """What is known about a network.

    Attributes:
      name: its key, as in research/slim's nets_factory.
      builder: `f(images, num_classes, is_training=..., ...) -> (net, end_points)`.
      arg_scope: `f(weight_decay=...)` gives its defaults.
      image_size: height and width it is usually given, in pixels.
      preprocessing: the recipe it was trained with, a name of slimnets.preprocessing.
      classes: of the published checkpoint; 1001 has class 0 as background.
      paper: where its table stands.
      parameters: trainable ones, with `classes` classes.
      multiply_adds: in millions, one image of image_size.
      top1: published top-1 accuracy in percent.
      top5: published top-5 accuracy in percent.
      channels: of the images.
      trains_in_bfloat16: whether that is faster on a processor with instructions for
        it: measured so where large convolutions do most of the work.
    """

    name: str
    builder: Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]
    arg_scope: Callable[..., dict]
    image_size: int
    preprocessing: str
    classes: int
    paper: str
    parameters: int
    multiply_adds: float
    top1: float | None = None
    top5: float | None = None
    channels: int = 3
    trains_in_bfloat16: bool = False
