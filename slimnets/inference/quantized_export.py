"""Export of a network that was trained quantization-aware, and its verification.

The rounded network is evaluated with the sums and roundings of LiteRT's int8 kernels,
so that hardly a value differs. What is left is carried on: logits are compared in steps
of their last scale.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config.inference import ExportConfig
from slimnets.inference.predictor import Predictor
from slimnets.model import Model

# The share of logits within one step of the last scale that int8 kernels reach; a
# network whose weights' ranges are wide makes more of a value rounded otherwise.
WITHIN_STEP = 0.99
LEAST_AGREEING = 0.9  # of images in their top-1 class
_EXPLANATION = (
    "(fewer than 99%: this network carries differences of rounding far; evaluate the"
    " file itself)"
)
_INTEGERS = 255  # steps that 8 bits make of a range


class IntegerComparison(NamedTuple):
    """The outputs of one signature in integers, beside the fake-quantized network's.

    Attributes:
      signature: its name.
      images: how many were run.
      agreeing: how many of them have the same top-1 class.
      within_step: the share of logits that differ by one step of the scale or less.
      difference: the largest between two logits, in steps.
      step: of the logits' scale.
    """

    signature: str
    images: int
    agreeing: int
    within_step: float
    difference: float
    step: float

    def __str__(self) -> str:
        return (
            f"{self.signature}: {self.agreeing} of {self.images} images of the same"
            f" class as when trained, {self.within_step:.2%} of the logits within one"
            f" step of {self.step:.3g}, largest difference {self.difference:.0f} steps"
            + ("" if self.within_step >= WITHIN_STEP else f" {_EXPLANATION}")
        )


def is_asked_for(config: ExportConfig, checkpoint: str) -> bool:
    """Whether an export is to be of rounded values.

    Args:
      config: all settings.
      checkpoint: its path.
    """
    if config.quantize is not None:
        return config.quantize
    held = checkpoints.read_shapes(checkpoint)
    return config.format == "lite" and any(map(checkpoints.is_range, held))


def widen_weights(model: Model) -> None:
    """Makes the ranges of weights as far below 0 as above, as LiteRT's kernels want.

    Those that slimnets trained are so; those of tf.contrib.quantize need not be.
    """
    for name, low in model.variables_by_name.items():
        if not (name.endswith("/min") and "/weights_quant" in f"/{name}"):
            continue
        high = model.variables_by_name[name.removesuffix("min") + "max"]
        largest = tf.maximum(tf.abs(low.read_value()), tf.abs(high.read_value()))
        low.assign(-largest)
        high.assign(largest)


def make_logits(
    predictor: Predictor, integer_kernels: bool = False
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function from prepared images to logits that is exported.

    Args:
      predictor: of the network.
      integer_kernels: compute as the kernels of what converters write do.
    """
    if predictor.quantization is None:
        return lambda images: predictor.network(images)[0]
    settings = dataclasses.replace(
        predictor.quantization, integer_kernels=integer_kernels
    )
    return lambda images: predictor.run_rounded(settings, images)[0]


def find_last_step(
    model: Model, found: Mapping[str, np.ndarray], expected: np.ndarray
) -> float:
    """Returns the step of the scale in which a network's logits are rounded.

    Args:
      model: with its ranges.
      found: logits by signature.
      expected: the same, of the model.
    """
    steps = {}
    for name, low in model.variables_by_name.items():
        if name.endswith("_quant/min") and "weights_quant" not in name:
            high = model.variables_by_name[name.removesuffix("min") + "max"]
            steps[name] = float((high - low) / _INTEGERS)
    values = np.unique(np.concatenate([expected, *found.values()]))
    # The last that is made is nearly always the logits'; their values tell.
    for step in reversed(steps.values()):
        offsets = values / step
        if step > 0 and np.abs(offsets - np.round(offsets)).max() < 0.01:
            return step
    raise errors.InputError(
        "the logits are not rounded: the last layer's range is not in the checkpoint;"
        " give --noquantize"
    )


def compare_all(
    found: Mapping[str, np.ndarray], expected: np.ndarray, step: float
) -> tuple[IntegerComparison, ...]:
    """Compares each signature's logits with those of the fake-quantized network.

    Args:
      found: logits [images, classes] by signature.
      expected: the same, of the checkpoint.
      step: of the last scale.

    Raises:
      InputError: too few images have the same class.
    """
    compared = tuple(
        _compare(name, logits, expected, step) for name, logits in found.items()
    )
    for comparison in compared:
        if not comparison.agreeing >= LEAST_AGREEING * comparison.images:
            raise errors.InputError(
                "the int8 file differs from the checkpoint's fake-quantized network, so"
                f" it is not kept: {comparison}; {LEAST_AGREEING:.0%} of the images"
                " have to be of the same class"
            )
    return compared


def _compare(
    signature: str, logits: np.ndarray, expected: np.ndarray, step: float
) -> IntegerComparison:
    steps = np.round(np.abs(logits - expected) / step)
    return IntegerComparison(
        signature=signature,
        images=len(expected),
        agreeing=int((logits.argmax(axis=1) == expected.argmax(axis=1)).sum()),
        within_step=float((steps <= 1).mean()),
        difference=float(steps.max()),
        step=step,
    )
