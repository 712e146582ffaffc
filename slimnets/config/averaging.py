"""The settings of the moving averages of weights."""

import dataclasses

from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class AveragingConfig:
    """Moving averages of all weights, which evaluation takes."""

    moving_average_decay: float | None = setting(
        None,
        "Decay of the exponential moving averages (EMA) of all weights, in [0, 1), such"
        " as 0.9999. None keeps no averages. Early on (1 + n) / (10 + n) limits it, for"
        " the n-th step, so that short runs are averaged over fewer steps.",
        lowest=0,
        below=1,
    )
    moving_average_start: int | str = setting(
        0,
        "Steps, or epochs (5ep), over which the averages are the weights themselves;"
        " n counts from there.",
        duration=True,
    )
