"""The settings of validation inside training."""

import dataclasses

from slimnets.config import choices, durations
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class ValidationConfig:
    """When a run is evaluated, and what follows from the results."""

    eval_every: int | str = setting(
        0,
        "Save and evaluate after so many steps, or epochs: 500, 500st or 1ep, and after"
        " the last step. Every image of the held-out split counts once, and the moving"
        " averages are used, as `slimnets eval` does. The best checkpoint is kept in"
        " train_dir/best; metrics.jsonl and metrics.csv have a line for each. 0 is"
        " never.",
        duration=True,
        common=True,
    )
    eval_split_name: str | None = setting(
        None, "Split to evaluate on. None takes the one that is held out."
    )
    best_metric: str = setting(
        "auto",
        "What tells the best checkpoint: top1, top5 (the more the better) or loss (the"
        " less); of images of any number of classes map, f1_micro, f1_macro or loss."
        " auto takes the first of these.",
        choices=choices.BEST_METRICS,
        common=True,
    )
    early_stopping_patience: int = setting(
        0,
        "End after so many evaluations in a row without a better one than before; 0:"
        " never.",
        lowest=0,
        common=True,
    )
    plateau_patience: int = setting(
        3,
        "With --learning_rate_decay_type=plateau: evaluations in a row without a better"
        " one, after which the learning rate is multiplied by plateau_factor.",
        lowest=1,
    )
    plateau_factor: float = setting(
        0.1,
        "By which the plateau schedule multiplies the learning rate, down to"
        " end_learning_rate.",
        above=0,
        below=1,
    )
    plot: bool = setting(
        False,
        "Draw curves.png in train_dir after each evaluation: loss, accuracy and"
        " learning rate over the steps. Needs the extra `plot`.",
        common=True,
    )

    @property
    def is_on(self) -> bool:
        """Whether there are evaluations."""
        return durations.parse(self.eval_every) != 0
