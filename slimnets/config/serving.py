"""The settings of the web page that classifies photos."""

import dataclasses

from slimnets.config.dataclass_flags import setting
from slimnets.config.inference import InferenceConfig, TrainedNetworkConfig
from slimnets.config.reading import MAX_PIXELS, MAX_PIXELS_HELP


@dataclasses.dataclass(frozen=True)
class ServeConfig:
    """All settings of serving a network."""

    trained: TrainedNetworkConfig = dataclasses.field(
        default_factory=TrainedNetworkConfig
    )
    inference: InferenceConfig = dataclasses.field(default_factory=InferenceConfig)
    max_pixels: int = setting(MAX_PIXELS, MAX_PIXELS_HELP, lowest=1)
    host: str = setting(
        "127.0.0.1",
        "Address to listen at. The default is reached from this machine alone; 0.0.0.0"
        " lets every machine in who can reach this one, and asks nobody who they are.",
        common=True,
    )
    port: int = setting(
        8000,
        "Port to listen at; 0 takes one that is free and prints it.",
        lowest=0,
        highest=65535,
        common=True,
    )
    top: int = setting(5, "Most probable classes to show.", lowest=1, common=True)
    max_upload_mb: int = setting(
        20, "Megabytes that a photo may have; a larger one is refused.", lowest=1
    )
