"""Recipes by name, under research/slim's module name.

`get_preprocessing(name, is_training)` gives `f(image, height, width)`, for images read
in a v1 graph as for those of tf.data.
"""

from slimnets.preprocessing.registry import get_preprocessing

__all__ = ["get_preprocessing"]
