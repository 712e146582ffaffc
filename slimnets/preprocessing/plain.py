"""No augmentation at all: for signs, digits and the like, which fill their frame.

A photo mirrored or cropped shows the same thing; a digit does not. This recipe is not
one of research/slim's, whose lenet recipe cannot enlarge an image.
"""

import tensorflow as tf

from slimnets.preprocessing import ops


def preprocess_image(
    image: tf.Tensor,
    height: int,
    width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Resizes one whole image.

    Args:
      image: [h, w, c], uint8 or float in [0, 1]; c is 1 or 3.
      height: of the result, in pixels.
      width: of the result, in pixels.
      is_training: every recipe takes it; this one does the same in both cases.
      use_grayscale: return one channel, the luma.

    Returns:
      float32 [height, width, c, or 1 if use_grayscale] in [-1, 1].

    Raises:
      InputError: the shape is not that of one image.
    """
    image = ops.to_unit_range(ops.check_image(image))
    if use_grayscale:
        image = ops.to_grayscale(image)
    return (ops.resize(image, height, width) - 0.5) * 2.0
