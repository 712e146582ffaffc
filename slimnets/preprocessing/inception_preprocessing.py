"""The Inception recipe under research/slim's module and function names, for v1 graphs.

The recipe itself is `slimnets.preprocessing.inception`; here are research/slim's
signatures, and what its clients take from the module besides.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf

from slimnets import random_numbers
from slimnets.preprocessing import inception, ops


def apply_with_random_selector(
    x: Any, func: Callable[[Any, int], tf.Tensor], num_cases: int
) -> tf.Tensor:
    """Returns func(x, case) for a case drawn from [0, num_cases) at each run."""
    return ops.run_one_of([partial(func, x, case) for case in range(num_cases)])


def distort_color(
    image: tf.Tensor,
    color_ordering: int = 0,
    fast_mode: bool = True,
    scope: str | None = None,
) -> tf.Tensor:
    """Changes brightness and saturation at random, or these, hue and contrast.

    Args:
      image: float32 [height, width, 3] in [0, 1].
      color_ordering: which order the changes have, 0 to 3; 0 or another in fast mode.
      fast_mode: brightness and saturation only.
      scope: name scope, 'distort_color' if None.

    Returns:
      float32 of the same shape, clipped to [0, 1].

    Raises:
      ValueError: color_ordering is not in [0, 3], and not in fast mode.
    """
    orders: list[tuple[partial, ...]] = list(inception.SLOW_ORDERS)
    if fast_mode:
        [first] = inception.FAST_ORDERS
        orders = [first] if color_ordering == 0 else [first[::-1]]
    elif color_ordering not in range(len(orders)):
        raise ValueError(f"color_ordering must be in [0, 3], not {color_ordering}")
    with tf.name_scope(scope or "distort_color"):
        for change in orders[0 if fast_mode else color_ordering]:
            image = change(image)
        return tf.clip_by_value(image, 0.0, 1.0)


def distorted_bounding_box_crop(
    image: tf.Tensor,
    bbox: tf.Tensor | None,
    min_object_covered: float = 0.1,
    aspect_ratio_range: tuple[float, float] = (0.75, 1.33),
    area_range: tuple[float, float] = (0.05, 1.0),
    max_attempts: int = 100,
    scope: str | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cuts a random part out of the image; `inception` explains the arguments.

    Returns:
      The part [part height, part width, channels], and its box, float [1, 1, 4] of
      ymin, xmin, ymax, xmax in [0, 1].
    """
    with tf.name_scope(scope or "distorted_bounding_box_crop"):
        begin, size, box = tf.image.stateless_sample_distorted_bounding_box(
            tf.shape(image),
            inception.WHOLE_IMAGE if bbox is None else bbox,
            random_numbers.draw_seed(),
            min_object_covered=min_object_covered,
            aspect_ratio_range=aspect_ratio_range,
            area_range=area_range,
            max_attempts=max_attempts,
            use_image_if_no_bounding_boxes=True,
        )
        return tf.slice(image, begin, size), box


def preprocess_for_train(
    image: tf.Tensor,
    height: int,
    width: int,
    bbox: tf.Tensor | None,
    fast_mode: bool = True,
    scope: str | None = None,
    add_image_summaries: bool = True,
    random_crop: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Crops, resizes, flips and recolours one image: see `inception`.

    With add_image_summaries a v1 graph gets the summaries 'image' and
    'final_distorted_image'; scope is the name scope, 'distort_image' if None; other
    arguments are those of `inception.preprocess_for_train`.
    """
    with tf.name_scope(scope or "distort_image"):
        result = inception.preprocess_for_train(
            image,
            height,
            width,
            bbox,
            fast_mode,
            random_crop=random_crop,
            use_grayscale=use_grayscale,
        )
        if add_image_summaries:
            for name, shown in {
                "image": image,
                "final_distorted_image": result,
            }.items():
                tf.compat.v1.summary.image(name, tf.expand_dims(shown, 0))
        return result


def preprocess_for_eval(
    image: tf.Tensor,
    height: int,
    width: int,
    central_fraction: float = inception.CENTRAL_FRACTION,
    scope: str | None = None,
    central_crop: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Resizes the middle of one image: see `inception.preprocess_for_eval`."""
    with tf.name_scope(scope or "eval_image"):
        return inception.preprocess_for_eval(
            image,
            height,
            width,
            central_fraction,
            central_crop=central_crop,
            use_grayscale=use_grayscale,
        )


def preprocess_image(
    image: tf.Tensor,
    height: int,
    width: int,
    is_training: bool = False,
    bbox: tf.Tensor | None = None,
    fast_mode: bool = True,
    add_image_summaries: bool = True,
    crop_image: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Prepares one image for training or for evaluation, as those two do."""
    if is_training:
        return preprocess_for_train(
            image,
            height,
            width,
            bbox,
            fast_mode,
            add_image_summaries=add_image_summaries,
            random_crop=crop_image,
            use_grayscale=use_grayscale,
        )
    return preprocess_for_eval(
        image, height, width, central_crop=crop_image, use_grayscale=use_grayscale
    )
