"""The settings of quantization after training: what an export rounds by itself."""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class PostTrainingConfig:
    """How a network that was trained in float is made smaller for LiteRT."""

    post_training_quantize: str | None = setting(
        None,
        "With --format=lite, of a network trained in float: float16 halves the file;"
        " dynamic rounds weights to 8 bits, and activations as they come; int8 rounds"
        " both, in ranges found on training images. The file is then scored beside the"
        " checkpoint, and both go into parity.json. None rounds nothing.",
        choices=choices.POST_TRAINING_KINDS,
        common=True,
    )
    calibration_images: int = setting(
        300,
        "Images on which int8 finds the ranges of activations: of the training split,"
        " or of the folder --images, prepared as for evaluation.",
        lowest=1,
    )
    calibration_seed: int = setting(
        0, "Decides which images those are, where there are more.", lowest=0
    )
    max_drop: float = setting(
        1.0,
        "Points of accuracy that the quantized file may lose: more is an error, and"
        " nothing is kept. Counted from the rounded network where that is what was"
        " trained.",
        lowest=0,
        highest=100,
        common=True,
    )
