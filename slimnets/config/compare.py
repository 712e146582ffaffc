"""The settings of comparing several runs; their flags follow from them."""

import dataclasses

from slimnets.config.dataclass_flags import setting
from slimnets.config.inference import InferenceConfig, TrainedNetworkConfig
from slimnets.config.reading import ReadingConfig
from slimnets.config.views import ViewsConfig


@dataclasses.dataclass(frozen=True)
class CompareConfig:
    """All settings of a comparison; the runs are words of the command."""

    trained: TrainedNetworkConfig = dataclasses.field(
        default_factory=TrainedNetworkConfig
    )
    reading: ReadingConfig = dataclasses.field(default_factory=ReadingConfig)
    inference: InferenceConfig = dataclasses.field(default_factory=InferenceConfig)
    views: ViewsConfig = dataclasses.field(default_factory=ViewsConfig)
    report: str | None = setting(
        None,
        "Page to write, .html, that shows the comparison without any other file: the"
        " runs with intervals, classes, learning curves, settings that differ, images"
        " on which they disagree.",
        path=True,
        common=True,
    )
