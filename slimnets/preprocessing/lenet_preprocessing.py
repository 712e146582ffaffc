"""The MNIST recipe under research/slim's module name."""

from slimnets.preprocessing.lenet import preprocess_image

__all__ = ["preprocess_image"]
