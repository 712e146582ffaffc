"""The CIFAR-10 recipe under research/slim's module name, for v1 graphs.

research/slim's functions write image summaries unless told not to; so do these.
"""

import tensorflow as tf

from slimnets.preprocessing import cifarnet


def preprocess_for_train(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    padding: int = cifarnet.PADDING,
    add_image_summaries: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Pads, crops, flips, brightens and contrasts one image: see `cifarnet`.

    With add_image_summaries a v1 graph gets the summaries 'image' and
    'distorted_image'; other arguments are those of `cifarnet.preprocess_for_train`.
    """
    result = cifarnet.preprocess_for_train(
        image, output_height, output_width, padding, use_grayscale=use_grayscale
    )
    _summarize(add_image_summaries, image=image, distorted_image=result)
    return result


def preprocess_for_eval(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    add_image_summaries: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Takes the middle of one image: see `cifarnet.preprocess_for_eval`.

    With add_image_summaries a v1 graph gets the summaries 'image' and 'resized_image'.
    """
    result = cifarnet.preprocess_for_eval(
        image, output_height, output_width, use_grayscale=use_grayscale
    )
    _summarize(add_image_summaries, image=image, resized_image=result)
    return result


def preprocess_image(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    add_image_summaries: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Prepares one image for training or for evaluation, as those two do."""
    if is_training:
        return preprocess_for_train(
            image,
            output_height,
            output_width,
            add_image_summaries=add_image_summaries,
            use_grayscale=use_grayscale,
        )
    return preprocess_for_eval(
        image, output_height, output_width, add_image_summaries, use_grayscale
    )


def _summarize(wanted: bool, **images: tf.Tensor) -> None:
    if wanted:
        for name, image in images.items():
            tf.compat.v1.summary.image(name, tf.expand_dims(image, 0))
