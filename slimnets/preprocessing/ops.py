"""Image operations the recipes share: functions of one image [height, width, channels].

Those that the exact halves use take a batch of images of one size as well.

Randomness, here and in every recipe: each random choice is drawn by `random_numbers`.
Under its `keyed`, as in the training pipeline with a seed, what is drawn for an image
follows from the image's key. Otherwise TensorFlow's stateful operations draw, as they
did for TF-Slim, and `tf.random.set_seed` repeats them in the order in which they run.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from slimnets import errors, random_numbers
from slimnets.config import choices
from slimnets.preprocessing import resizing


def check_image(image: tf.Tensor) -> tf.Tensor:
    """Returns `image` as a tensor after checking what every recipe relies on.

    Args:
      image: [height, width, channels] of any dtype, decoded or not (see encoded.py);
        height and width may be unknown until the graph runs, the number of channels
        may not.

    Raises:
      InputError: the image is not of rank 3, or its channels are not 1 or 3.
    """
    return _check_rank(image, (3,))


def check_images(images: tf.Tensor) -> tf.Tensor:
    """Returns one image as `check_image` does, or [batch, height, width, channels]."""
    return _check_rank(images, (3, 4))


def _check_rank(image: tf.Tensor, ranks: tuple[int, ...]) -> tf.Tensor:
    image = tf.convert_to_tensor(image)
    if image.shape.rank not in ranks or image.shape[-1] not in (1, 3):
        raise errors.InputError(
            f"preprocessing takes one image [height, width, 1 or 3 channels], got "
            f"shape {image.shape}; decode with channels=3 (or 1), before batching"
        )
    return image


def check_resizing(recipe: str, interpolation: str, crop: float | None = None) -> None:
    """Raises an InputError for a way to resize, or a part kept, that there is not.

    Args:
      recipe: whose arguments they are.
      interpolation: one of choices.INTERPOLATIONS.
      crop: in (0, 1]; None for none.
    """
    if interpolation not in choices.INTERPOLATIONS:
        raise errors.unknown("interpolation", interpolation, choices.INTERPOLATIONS)
    if crop is not None and not 0 < crop <= 1:
        raise errors.InputError(f"crop={crop} of the recipe {recipe} is not in (0, 1]")


def refuse_image_summaries(add_image_summaries: bool) -> None:
    """Raises InputError if TF-Slim's image summaries are asked for.

    TF-Slim wrote them from its input queues. False, which many of its callers pass,
    stays welcome.
    """
    if add_image_summaries:
        raise errors.InputError(
            "add_image_summaries=True: a tf.data pipeline cannot write summaries; "
            "write tf.summary.image of a batch in the training step"
        )


def to_unit_range(image: tf.Tensor) -> tf.Tensor:
    """Returns float32 in [0, 1]; integers are divided by their type's largest value."""
    return tf.image.convert_image_dtype(image, tf.float32)


def compute_luma(red_green_blue: Sequence[float]) -> float:
    """Returns the gray value of a colour, as tf.image.rgb_to_grayscale weighs it."""
    red, green, blue = red_green_blue
    return 0.2989 * red + 0.5870 * green + 0.1140 * blue


def to_grayscale(image: tf.Tensor) -> tf.Tensor:
    """Returns the luma [height, width, 1]; an image of one channel stays as it is."""
    return image if image.shape[-1] == 1 else tf.image.rgb_to_grayscale(image)


def resize(
    image: tf.Tensor,
    height: int | tf.Tensor,
    width: int | tf.Tensor,
    method: str = tf.image.ResizeMethod.BILINEAR,
) -> tf.Tensor:
    """Resizes as TensorFlow 1 did: no half-pixel centres, no antialiasing.

    The published checkpoints were trained and measured with these kernels, which
    sample the input at `output position * input size / output size`; those of
    `tf.image.resize` sample half a pixel away and cost accuracy.

    Returns:
      float32 [height, width, channels].
    """
    image = tf.cast(image, tf.float32)
    return resizing.resize_as_v1(image, height, width, method)


def resize_smallest_side(
    image: tf.Tensor,
    side: int | tf.Tensor,
    method: str = tf.image.ResizeMethod.BILINEAR,
) -> tf.Tensor:
    """Resizes, keeping the aspect ratio, until the smallest side is `side`.

    The other side is rounded half to even.
    """
    height, width = tf.unstack(tf.cast(get_sides(image), tf.float32))
    scale = tf.cast(side, tf.float32) / tf.minimum(height, width)
    return resize(
        image,
        tf.cast(tf.math.rint(height * scale), tf.int32),
        tf.cast(tf.math.rint(width * scale), tf.int32),
        method,
    )


def central_crop(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Cuts [height, width, channels] out of the middle of an image no smaller."""
    top, left = tf.unstack((get_sides(image) - [height, width]) // 2)
    return _cut(image, top, left, height, width)


def crop_central_fraction(image: tf.Tensor, fraction: float) -> tf.Tensor:
    """Cuts a fraction of each side out of the middle; the margins are rounded down.

    As tf.image.central_crop, which computes in float64: TensorFlow Lite cannot. In
    float32 a fraction such as 0.875 is exact.
    """
    sides = tf.cast(get_sides(image), tf.float32)
    margins = tf.cast((sides - sides * fraction) / 2, tf.int32)
    height, width = tf.unstack(get_sides(image) - 2 * margins)
    top, left = tf.unstack(margins)
    return _cut(image, top, left, height, width)


def get_sides(image: tf.Tensor) -> tf.Tensor:
    """Returns int32 [2], height and width of one image or of those of a batch."""
    return tf.shape(image)[-3:-1]


def _cut(
    image: tf.Tensor,
    top: tf.Tensor,
    left: tf.Tensor,
    height: int | tf.Tensor,
    width: int | tf.Tensor,
) -> tf.Tensor:
    """Cuts a part out of one image, or out of each of a batch."""
    channels = image.shape[-1]
    if image.shape.rank == 3:
        return tf.slice(image, [top, left, 0], [height, width, channels])
    return tf.slice(image, [0, top, left, 0], [-1, height, width, channels])


def random_crop(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Cuts [height, width, channels] out of an image no smaller, anywhere."""
    size = [height, width, image.shape[2]]
    offset = random_numbers.uniform([3], 0, tf.int32.max, tf.int32)
    return tf.slice(image, offset % (tf.shape(image) - size + 1), size)


def random_flip_left_right(image: tf.Tensor) -> tf.Tensor:
    """Mirrors one image of two."""
    return random_flip(image, 1, 0.5)


def random_flip(image: tf.Tensor, axis: int, probability: float) -> tf.Tensor:
    """Mirrors an image along an axis, 0 for rows or 1 for columns, or does not."""
    mirrored = random_numbers.uniform([]) < probability
    flipped = tf.cond(mirrored, lambda: tf.reverse(image, [axis]), lambda: image)
    return tf.ensure_shape(flipped, image.shape)


def random_brightness(image: tf.Tensor, max_delta: float) -> tf.Tensor:
    """Adds a number drawn from [-max_delta, max_delta) to all values."""
    delta = random_numbers.uniform([], -max_delta, max_delta)
    return tf.image.adjust_brightness(image, delta)


def random_contrast(image: tf.Tensor, lower: float, upper: float) -> tf.Tensor:
    """Scales the distance to each channel's mean by a factor of [lower, upper)."""
    return tf.image.adjust_contrast(image, random_numbers.uniform([], lower, upper))


def random_saturation(image: tf.Tensor, lower: float, upper: float) -> tf.Tensor:
    """Scales the saturation of colours by a factor drawn from [lower, upper)."""
    return tf.image.adjust_saturation(image, random_numbers.uniform([], lower, upper))


def random_hue(image: tf.Tensor, max_delta: float) -> tf.Tensor:
    """Turns the hue of colours by a part of the circle of [-max_delta, max_delta)."""
    delta = random_numbers.uniform([], -max_delta, max_delta)
    return tf.image.adjust_hue(image, delta)


def crop_or_pad(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Crops the middle, or pads with zeros around it, to [height, width, channels]."""
    return tf.image.resize_with_crop_or_pad(image, height, width)


def pad_to_at_least(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Pads with zeros around the image until it is no smaller than [height, width]."""
    missing = tf.maximum([height, width] - tf.shape(image)[:2], 0)
    before = missing // 2
    top, left = tf.unstack(before)
    bottom, right = tf.unstack(missing - before)
    return tf.pad(image, [[top, bottom], [left, right], [0, 0]])


def run_one_of(branches: Sequence[Callable[[], tf.Tensor]]) -> tf.Tensor:
    """Runs one of `branches`, each as likely as any other, and returns its tensor."""
    if len(branches) == 1:
        return branches[0]()
    index = random_numbers.uniform([], 0, len(branches), tf.int32)
    return tf.switch_case(index, list(branches))
