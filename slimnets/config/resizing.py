"""How evaluation resizes images; training's choice goes with its checkpoints."""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class ResizingConfig:
    """Evaluation's resizing, where it is not to be the recipe's."""

    crop_pct: float | None = setting(
        None,
        "Evaluation, in training and after it: the part of the resized image's side"
        " that is used, in (0, 1], such as 0.95. None: the recipe's.",
        above=0,
        highest=1,
    )
    interpolation: str | None = setting(
        None,
        "Evaluation, in training and after it: how images are resized. None: as the"
        " recipe does it.",
        choices=choices.INTERPOLATIONS,
    )
