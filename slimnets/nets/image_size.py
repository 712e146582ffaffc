"""What networks say of images whose size they cannot take."""

import tensorflow as tf

from slimnets import errors
from slimnets.nets import spatial


def check_image_size(
    images: tf.Tensor, network: str, smallest: int, must_be_known: bool = False
) -> None:
    """Refuses images that a network cannot take.

    Args:
      images: [batch, height, width, channels].
      network: its name, for the message.
      smallest: the least height and width, in pixels.
      must_be_known: whether height and width must be known before the run, as those
        of a network whose variables depend on them; otherwise an unknown one passes.

    Raises:
      InputError: the rank is not 4, or height or width is too small or unknown.
    """
    height, width = spatial.get_static_size(images)
    if must_be_known and None in (height, width):
        raise errors.InputError(
            f"{network} needs images of known height and width, not"
            f" {height or 'unknown'}x{width or 'unknown'}: its fully connected layer"
            " has a weight for each of their pixels; use set_shape"
        )
    if min(height or smallest, width or smallest) < smallest:
        raise errors.InputError(
            f"{network} needs images of at least {smallest}x{smallest} pixels, not"
            f" {height or 'unknown'}x{width or 'unknown'}"
        )
