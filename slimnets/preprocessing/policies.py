"""Augmentation policies: which operations change an image, how strongly.

RandAugment (arXiv:1909.13719), AutoAugment's policy for ImageNet (arXiv:1805.09501) and
TrivialAugment (arXiv:2103.10158, the wide space). Each is made of the same operations,
which differ in the range of their strengths.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, random_numbers
from slimnets.config import calls
from slimnets.preprocessing import affine
from slimnets.preprocessing import color_operations as color

# f(image, strength) -> image, uint8 [height, width, 1 or 3]; the strength's unit is the
# operation's.
Operation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

OPERATIONS: dict[str, Operation] = {
    "identity": lambda image, strength: image,
    "shear_x": affine.shear_x,
    "shear_y": affine.shear_y,
    "translate_x": affine.translate_x,
    "translate_y": affine.translate_y,
    "rotate": affine.rotate,
    "brightness": color.brighten,
    "color": color.adjust_color,
    "contrast": color.adjust_contrast,
    "sharpness": color.sharpen,
    "posterize": color.posterize,
    "solarize": color.solarize,
    "autocontrast": lambda image, strength: color.stretch_contrast(image),
    "equalize": lambda image, strength: color.equalize(image),
    "invert": lambda image, strength: color.invert(image),
}
_NAMES = tuple(OPERATIONS)
_DRAWN = len(_NAMES) - 1  # all but invert, which only AutoAugment has

_MOST_MAGNITUDE = 10  # at which RandAugment is as strong as AutoAugment can be
_TRIVIAL_LEVELS = 31


class Range(NamedTuple):
    """The strengths of an operation.

    Attributes:
      weakest: at level 0.
      strongest: at level 1.
      around: the strength is added to this or taken from it, one as likely as the
        other; None: it stands for itself.
    """

    weakest: float = 0.0
    strongest: float = 0.0
    around: float | None = None


def list_ranges(height: int, width: int) -> dict[str, Range]:
    """Returns RandAugment's ranges: the higher the level, the greater the change.

    They are AutoAugment's (table 6), but that brightness, color, contrast and sharpness
    go both ways from the image, and posterize and solarize from weak to strong, as in
    timm's "increasing" and torchvision.
    """
    enhancement = Range(0.0, 0.9, around=1.0)
    return {
        **_list_moves(0.3, 150 / 331 * height, 150 / 331 * width, 30.0),
        **dict.fromkeys(("brightness", "color", "contrast", "sharpness"), enhancement),
        "posterize": Range(8, 4),
        "solarize": Range(256, 0),
    }


def list_paper_ranges(height: int, width: int) -> dict[str, Range]:
    """Returns AutoAugment's ranges (table 6), which its policies were found in."""
    enhancement = Range(0.1, 1.9)
    return {
        **list_ranges(height, width),
        **dict.fromkeys(("brightness", "color", "contrast", "sharpness"), enhancement),
        "posterize": Range(4, 8),
        "solarize": Range(0, 256),
    }


def list_wide_ranges(height: int, width: int) -> dict[str, Range]:
    """Returns TrivialAugment's wide ranges (table 5); 32 pixels for any size."""
    enhancement = Range(0.0, 0.99, around=1.0)
    return {
        **_list_moves(0.99, 32.0, 32.0, 135.0),
        **dict.fromkeys(("brightness", "color", "contrast", "sharpness"), enhancement),
        "posterize": Range(8, 2),
        "solarize": Range(256, 0),
    }


def _list_moves(
    shear: float, rows: float, columns: float, degrees: float
) -> dict[str, Range]:
    strongest = {
        "shear_x": shear,
        "shear_y": shear,
        "translate_x": columns,
        "translate_y": rows,
        "rotate": degrees,
    }
    return {name: Range(0.0, most, around=0.0) for name, most in strongest.items()}


@dataclasses.dataclass(frozen=True)
class RandAugment:
    """Some operations, each as likely as any other, all of one magnitude.

    Attributes:
      num_layers: operations an image, one behind the other.
      magnitude: from 0 to 10.
      magnitude_std: standard deviation of the magnitude, drawn for each operation and
        cut to 0 to 10; 0 for none.
    """

    num_layers: int = 2
    magnitude: float = 9.0
    magnitude_std: float = 0.0

    def __post_init__(self) -> None:
        _require("num_layers", self.num_layers, 1, 8)
        hint = "; torchvision, which counts to 30, has three times as many"
        _require("magnitude", self.magnitude, 0, _MOST_MAGNITUDE, hint)
        _require("magnitude_std", self.magnitude_std, 0, _MOST_MAGNITUDE)

    def __call__(self, image: tf.Tensor) -> tf.Tensor:
        """Changes one uint8 image [height, width, 1 or 3]."""
        count = int(self.num_layers)
        places = random_numbers.uniform([count], 0, _DRAWN, tf.int32)
        magnitudes = tf.fill([count], float(self.magnitude))
        if self.magnitude_std:
            normal = tf.random.stateless_normal([count], random_numbers.draw_seed())
            magnitudes += self.magnitude_std * normal
        levels = tf.clip_by_value(magnitudes / _MOST_MAGNITUDE, 0.0, 1.0)
        return apply(image, places, levels, list_ranges(*image.shape[:2]))


@dataclasses.dataclass(frozen=True)
class AutoAugment:
    """One of the 25 sub-policies found for ImageNet (table 9), of two operations each.

    Operation, probability, magnitude from 0 to 10.
    """

    def __call__(self, image: tf.Tensor) -> tf.Tensor:
        """Changes one uint8 image [height, width, 1 or 3]."""
        drawn = random_numbers.uniform([], 0, len(IMAGENET_POLICY), tf.int32)
        pairs = [
            [_NAMES.index(name) for name, _, _ in pair] for pair in IMAGENET_POLICY
        ]
        numbers = [[step[1:] for step in pair] for pair in IMAGENET_POLICY]
        places = tf.gather(tf.constant(pairs, tf.int32), drawn)
        shares, magnitudes = tf.unstack(
            tf.gather(tf.constant(numbers, tf.float32), drawn), axis=1
        )
        places = tf.where(random_numbers.uniform([2]) < shares, places, 0)
        levels = magnitudes / _MOST_MAGNITUDE
        return apply(image, places, levels, list_paper_ranges(*image.shape[:2]))


@dataclasses.dataclass(frozen=True)
class TrivialAugment:
    """One operation, of a strength drawn from its whole range."""

    def __call__(self, image: tf.Tensor) -> tf.Tensor:
        """Changes one uint8 image [height, width, 1 or 3]."""
        places = random_numbers.uniform([1], 0, _DRAWN, tf.int32)
        drawn = random_numbers.uniform([1], 0, _TRIVIAL_LEVELS, tf.int32)
        levels = tf.cast(drawn, tf.float32) / (_TRIVIAL_LEVELS - 1)
        return apply(image, places, levels, list_wide_ranges(*image.shape[:2]))


Policy = RandAugment | AutoAugment | TrivialAugment

POLICIES: dict[str, type[Policy]] = {
    "randaugment": RandAugment,
    "autoaugment": AutoAugment,
    "trivialaugment": TrivialAugment,
}

# (operation, probability, magnitude); a magnitude of 0 also where there is none.
IMAGENET_POLICY = (
    (("posterize", 0.4, 8), ("rotate", 0.6, 9)),
    (("solarize", 0.6, 5), ("autocontrast", 0.6, 0)),
    (("equalize", 0.8, 0), ("equalize", 0.6, 0)),
    (("posterize", 0.6, 7), ("posterize", 0.6, 6)),
    (("equalize", 0.4, 0), ("solarize", 0.2, 4)),
    (("equalize", 0.4, 0), ("rotate", 0.8, 8)),
    (("solarize", 0.6, 3), ("equalize", 0.6, 0)),
    (("posterize", 0.8, 5), ("equalize", 1.0, 0)),
    (("rotate", 0.2, 3), ("solarize", 0.6, 8)),
    (("equalize", 0.6, 0), ("posterize", 0.4, 6)),
    (("rotate", 0.8, 8), ("color", 0.4, 0)),
    (("rotate", 0.4, 9), ("equalize", 0.6, 0)),
    (("equalize", 0.0, 0), ("equalize", 0.8, 0)),
    (("invert", 0.6, 0), ("equalize", 1.0, 0)),
    (("color", 0.6, 4), ("contrast", 1.0, 8)),
    (("rotate", 0.8, 8), ("color", 1.0, 2)),
    (("color", 0.8, 8), ("solarize", 0.8, 7)),
    (("sharpness", 0.4, 7), ("invert", 0.6, 0)),
    (("shear_x", 0.6, 5), ("equalize", 1.0, 0)),
    (("color", 0.4, 0), ("equalize", 0.6, 0)),
    (("equalize", 0.4, 0), ("solarize", 0.2, 4)),
    (("solarize", 0.6, 5), ("autocontrast", 0.6, 0)),
    (("invert", 0.6, 0), ("equalize", 1.0, 0)),
    (("color", 0.6, 4), ("contrast", 1.0, 8)),
    (("equalize", 0.8, 0), ("equalize", 0.6, 0)),
)


def parse(words: str) -> Policy:
    """Returns the policy that a flag names.

    Args:
      words: 'NAME' or 'NAME(argument=value, ...)', of POLICIES and their attributes.

    Raises:
      InputError: there is no such policy or argument, or it is out of range.
    """
    name, arguments = calls.parse(words)
    if name.startswith("rand-"):
        raise errors.InputError(
            f"--augment={words}: timm's rand-m9-n2-mstd0.5 is written"
            " 'randaugment(num_layers=2, magnitude=9, magnitude_std=0.5)'"
        )
    if name not in POLICIES:
        raise errors.unknown("augmentation policy", name, POLICIES)
    known = [field.name for field in dataclasses.fields(POLICIES[name])]
    for argument in arguments:
        if not known:
            raise errors.InputError(f"--augment: {name} takes no arguments")
        if argument not in known:
            raise errors.unknown(f"argument of {name}", argument, known)
    return POLICIES[name](**arguments)


def apply(
    image: tf.Tensor,
    places: tf.Tensor,
    levels: tf.Tensor,
    ranges: Mapping[str, Range],
) -> tf.Tensor:
    """Changes one image by operations, one behind the other.

    Args:
      image: uint8 [height, width, 1 or 3].
      places: int32 [operations], their places in OPERATIONS.
      levels: float32 [operations], in [0, 1].
      ranges: of their strengths, by name; those that have none are not in it.
    """
    strengths = draw_strengths(places, levels, ranges)
    operations = _trace_operations(image)
    for layer in range(places.shape[0]):
        [changed] = tf.raw_ops.StatelessCase(
            branch_index=places[layer],
            input=[image, strengths[layer]],
            Tout=[image.dtype],
            branches=operations,
        )
        image = tf.ensure_shape(changed, image.shape)
    return image


def _trace_operations(image: tf.Tensor) -> list[Any]:
    """Returns the operations as functions of a graph, for images like this one.

    tf.switch_case would put the nodes of all of them into the graph, and TensorFlow
    would visit each for every image, which takes as long as the one that is wanted.
    """
    inputs = [tf.TensorSpec(image.shape, image.dtype), tf.TensorSpec([], tf.float32)]
    return [
        tf.function(operation, autograph=False).get_concrete_function(*inputs)
        for operation in OPERATIONS.values()
    ]


def draw_strengths(
    places: tf.Tensor, levels: tf.Tensor, ranges: Mapping[str, Range]
) -> tf.Tensor:
    """Returns float32 [operations], with the signs of those that go both ways drawn."""
    table = [ranges.get(name, Range()) for name in _NAMES]
    rows = [
        (weakest, strongest - weakest, around or 0.0, float(around is not None))
        for weakest, strongest, around in table
    ]
    of_layer = tf.gather(tf.constant(rows, tf.float32), places)
    weakest, span, around, goes_both_ways = tf.unstack(of_layer, axis=1)
    is_negative = random_numbers.uniform(tf.shape(places)) < goes_both_ways / 2.0
    strengths = weakest + levels * span
    return around + tf.where(is_negative, -strengths, strengths)


def _require(
    name: str, value: float, lowest: float, highest: float, hint: str = ""
) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_whole = name != "num_layers" or isinstance(value, int)
    if not (is_number and is_whole and lowest <= value <= highest):
        raise errors.InputError(
            f"--augment: {name}={value!r} of randaugment is not a"
            f" {'whole ' * (name == 'num_layers')}number from {lowest} to"
            f" {highest}{hint}"
        )
