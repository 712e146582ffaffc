"""The setting of test-time augmentation: in how many views an image is seen."""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class ViewsConfig:
    """Test-time augmentation: the probabilities of several views are averaged."""

    test_time_augmentation: str = setting(
        "none",
        "Views of each image, whose probabilities are averaged: none, the usual one;"
        " flip, it and its mirror image; five_crops, it and the four corners of the"
        " resized image; ten_crops, these and their mirror images, as AlexNet's. It"
        " takes as many times longer; --batch_size counts views.",
        choices=choices.VIEWS,
        common=True,
    )
