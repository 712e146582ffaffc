"""The settings of sampling: how often training sees the images of each class."""

import dataclasses

from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class SamplingConfig:
    """Which images make an epoch."""

    sample: tuple[str, ...] = setting(
        (),
        "How often images are drawn, against imbalance: rose=3,tulip=0.5 by name or"
        " number draws each image of a class so many times as often as one of others;"
        " balanced draws every class equally often. An epoch has as many draws as there"
        " are images; the images of a class are drawn equally often in it, but for one"
        " draw more of some at random. None given: each image once.",
    )
