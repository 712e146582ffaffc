"""A part of an image, drawn at random by its area and aspect ratio."""

import tensorflow as tf

from slimnets import random_numbers
from slimnets.preprocessing import encoded

WHOLE_IMAGE = (((0.0, 0.0, 1.0, 1.0),),)  # [1, one box, (ymin, xmin, ymax, xmax)]


def distorted_bounding_box_crop(
    image: tf.Tensor | encoded.Encoded,
    bbox: tf.Tensor | None = None,
    min_object_covered: float = 0.1,
    aspect_ratio_range: tuple[float, float] = (0.75, 1.33),
    area_range: tuple[float, float] = (0.05, 1.0),
    max_attempts: int = 100,
    least: tuple[int, int] | None = None,
) -> tf.Tensor:
    """Cuts a random part, of random area and aspect ratio, out of the image.

    Args:
      image: [height, width, channels]; of an encoded one, the part alone is decoded.
      bbox: float [1, boxes, 4] of ymin, xmin, ymax, xmax in [0, 1]; the part covers at
        least `min_object_covered` of one of them. None or no boxes: the whole image.
      min_object_covered: fraction of a box, in [0, 1].
      aspect_ratio_range: of width / height of the part.
      area_range: of the part, as a fraction of the image's.
      max_attempts: tries after which the whole image is taken.
      least: height and width that suffice, as of `encoded.cut_part`.

    Returns:
      [part height, part width, channels].
    """
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.concat([encoded.read_size(image), [image.shape[2]]], axis=0),
        WHOLE_IMAGE if bbox is None else bbox,
        # The stateful op ignores tf.random.set_seed; a seed drawn from it does not.
        random_numbers.draw_seed(),
        min_object_covered=min_object_covered,
        aspect_ratio_range=aspect_ratio_range,
        area_range=area_range,
        max_attempts=max_attempts,
        use_image_if_no_bounding_boxes=True,
    )
    part = encoded.cut_part(image, begin[:2], size[:2], least)
    return tf.ensure_shape(part, [None, None, image.shape[2]])
