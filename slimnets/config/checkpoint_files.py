"""The settings of the program that looks after checkpoints."""

import dataclasses

from slimnets.config import choices, network_name
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class SelectionConfig:
    """Which variables are shown, which checkpoints are taken."""

    variables: str = setting(
        "*", "inspect, diff: which to show, a shell wildcard.", common=True
    )
    last: int = setting(
        0,
        "average: of a folder, so many of its newest checkpoints; 0 takes all.",
        lowest=0,
        common=True,
    )
    model: str | None = setting(
        None,
        "average, strip, unfold: the network, which tells its variables from what"
        " training keeps beside them. None reads it from settings.json beside the"
        " checkpoint; without it, what lies below another variable's name is left out.",
        common=True,
    )
    import_module: str | None = setting(None, network_name.IMPORT_HELP)


@dataclasses.dataclass(frozen=True)
class ResultConfig:
    """What is written."""

    output: str | None = setting(
        None,
        "average, rename, strip, unfold: folder to write, which must be new or empty.",
        path=True,
        common=True,
    )
    moving_averages: str = setting(
        "take",
        "average, strip, unfold: take puts the weights' moving averages (EMA) in the"
        " place of the weights, as evaluation does; keep leaves both; drop leaves the"
        " averages out.",
        choices=choices.KEPT_AVERAGES,
        common=True,
    )
    global_step: bool = setting(
        True, "strip: keep the step of training in it; --noglobal_step leaves it out."
    )
    license: str | None = setting(
        None, "strip: licence of the weights, for the model card.", common=True
    )


@dataclasses.dataclass(frozen=True)
class RenamingConfig:
    """How variables are renamed."""

    pattern: str | None = setting(
        None,
        "rename: regular expression; every match in a name is replaced.",
        common=True,
    )
    replacement: str = setting(
        "", r"rename: what takes its place; \1 is the first group.", common=True
    )
    map: str | None = setting(
        None,
        'rename: file of old and new names, JSON {"old": "new"} or CSV lines old,new.'
        " What lies below an old name, slots and averages, goes along.",
        path=True,
        common=True,
    )


@dataclasses.dataclass(frozen=True)
class StatisticsConfig:
    """The images from which batch norm's statistics are taken."""

    update_batch_norm: bool = setting(
        False,
        "average: take batch norm's mean and variance anew, over one epoch of images:"
        " those of the averaged weights differ from the averages of theirs"
        " (arXiv:1803.05407).",
        common=True,
    )
    dataset_dir: str | None = setting(
        None,
        "average, unfold: images for batch norm's statistics. None takes those of"
        " training.",
        path=True,
        common=True,
    )
    dataset_name: str | None = setting(
        None, "average, unfold: which dataset, where the folder holds several."
    )
    dataset_split_name: str = setting(
        "train", "average, unfold: split of these images."
    )
    num_images: int = setting(
        0, "average, unfold: of so many images; 0 takes all of the split.", lowest=0
    )
    image_size: int | None = setting(
        None,
        "average, unfold: height and width. None takes those of training, else the"
        " network's own.",
        lowest=1,
    )
    batch_size: int = setting(
        100, "average, unfold: images a batch, for these statistics.", lowest=2
    )


@dataclasses.dataclass(frozen=True)
class CleaningConfig:
    """What is removed."""

    keep: int = setting(
        5,
        "clean: checkpoints to keep, the newest; the best stays besides.",
        lowest=1,
        common=True,
    )
    yes: bool = setting(False, "clean: remove what it shows.", common=True)


@dataclasses.dataclass(frozen=True)
class CheckpointsConfig:
    """All settings of looking after checkpoints."""

    selection: SelectionConfig = dataclasses.field(default_factory=SelectionConfig)
    result: ResultConfig = dataclasses.field(default_factory=ResultConfig)
    renaming: RenamingConfig = dataclasses.field(default_factory=RenamingConfig)
    statistics: StatisticsConfig = dataclasses.field(default_factory=StatisticsConfig)
    cleaning: CleaningConfig = dataclasses.field(default_factory=CleaningConfig)
