"""The settings of augmentation: how images are changed at random for training.

What is left open leaves the recipe's own in place.
"""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class AugmentationConfig:
    """Augmentation: what training changes at random in images and batches."""

    augment: str | None = setting(
        None,
        "Policy that changes each image: 'randaugment(num_layers=2, magnitude=9)', with"
        " magnitude_std if it is to vary, autoaugment (its policy for ImageNet) or"
        " trivialaugment. The magnitude is of 0 to 10, as timm's; torchvision counts"
        " to 30. In the place of the recipe's own changes of colour.",
        common=True,
    )
    color_jitter: tuple[float, ...] = setting(
        (),
        "Greatest change of brightness, contrast and saturation, and of hue (at most"
        " 0.5), such as 0.4,0.4,0.4,0.1; one number is that of the first three. In the"
        " place of the recipe's own changes of colour; 0 is none. None given: those.",
    )
    crop_scale: tuple[float, ...] = setting(
        (),
        "Least and greatest part of the image's area that a random crop has, such as"
        " 0.08,1. In the place of the recipe's own crop. None given: that.",
    )
    crop_ratio: tuple[float, ...] = setting(
        (),
        "Least and greatest width / height of a random crop; with --crop_scale, or of"
        " the crops of inception, imagenet and standard. None given: 0.75,1.33.",
    )
    train_interpolation: str | None = setting(
        None,
        "How images are resized for training. None: as the recipe does it.",
        choices=choices.INTERPOLATIONS,
    )
    hflip: float | None = setting(
        None,
        "Probability that an image is mirrored left to right. None: the recipe's, 0.5"
        " for photos, 0 for digits (lenet, plain).",
        lowest=0,
        highest=1,
    )
    vflip: float = setting(
        0.0,
        "Probability that an image is turned upside down by mirroring.",
        lowest=0,
        highest=1,
    )
    random_erasing: float = setting(
        0.0,
        "Probability that a rectangle of an image, 2 to 33 % of its area, is erased.",
        lowest=0,
        highest=1,
    )
    random_erasing_mode: str = setting(
        "zeros",
        "What is there instead: zeros (after the recipe's scaling: its mean), or noise,"
        " normal and independent in each value.",
        choices=choices.ERASING_MODES,
    )
    mixup_alpha: float = setting(
        0.0,
        "Mix each image, and its label, with another one of the batch; shares follow"
        " Beta(alpha, alpha). 0.2 is usual for ImageNet, 0 is off.",
        lowest=0,
        common=True,
    )
    cutmix_alpha: float = setting(
        0.0,
        "Replace a rectangle of each image by that of another one of the batch, and so"
        " much of its label; areas follow Beta(alpha, alpha). 1 is usual, 0 is off.",
        lowest=0,
        common=True,
    )
    mixup_prob: float = setting(
        1.0,
        "Probability that a batch is mixed at all, by either.",
        lowest=0,
        highest=1,
    )
    mixup_switch_prob: float = setting(
        0.5,
        "Where both are on: probability that a batch that is mixed is so by cutmix.",
        lowest=0,
        highest=1,
    )

    @property
    def mixes(self) -> bool:
        """Whether images of a batch are mixed with each other."""
        return (self.mixup_alpha > 0 or self.cutmix_alpha > 0) and self.mixup_prob > 0
