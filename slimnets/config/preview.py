"""The settings of the preview of what training sees."""

import dataclasses

from slimnets.config.dataclass_flags import setting
from slimnets.config.train import TrainConfig


@dataclasses.dataclass(frozen=True)
class PreviewConfig:
    """What is drawn: training's images, and where."""

    output: str = setting(
        "preview.png", "The contact sheet, a PNG.", path=True, common=True
    )
    num_images: int = setting(
        32, "Images on it, the first that training gets.", lowest=1, common=True
    )
    columns: int = setting(8, "Images in a row.", lowest=1)
    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)
