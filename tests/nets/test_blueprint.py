"""A blueprint is the network, without values: the goldens compare each."""

import pytest

from slimnets import errors
from slimnets.nets import blueprint


def test_images_and_classes_are_as_asked():
    traced = blueprint.trace("mobilenet_v1_025", None, image_size=64, channels=1)
    assert traced.images.shape == [1, 64, 64, 1]
    assert traced.variables["MobilenetV1/Conv2d_0/weights"].shape == [3, 3, 1, 8]
    assert not [name for name in traced.variables if "Logits" in name]


def test_a_misspelt_name():
    with pytest.raises(errors.InputError, match="did you mean inception_v3"):
        blueprint.trace("inceptin_v3", 7)
