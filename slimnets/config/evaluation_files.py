"""The files that an evaluation writes where it is asked to."""

import dataclasses

from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class EvaluationFilesConfig:
    """What an evaluation tells of single images, and where."""

    predictions: str | None = setting(
        None,
        "File to write with what the network says of each image, .csv, .jsonl or"
        " .parquet (an extra): its file name, its label, whether the network is"
        " right, and the most probable classes; all classes where an image may"
        " have several labels.",
        path=True,
        common=True,
    )
    report: str | None = setting(
        None,
        "Page to write, .html, that shows the evaluation without any other file:"
        " result, confusions, classes, the worst mistakes, calibration, training.",
        path=True,
        common=True,
    )
    table: str | None = setting(
        None,
        "File to write, .csv or .json, with a line for each checkpoint, where"
        " --checkpoint_path names several.",
        path=True,
        common=True,
    )
    top: int = setting(
        5,
        "Most probable classes that --predictions has of each image of one label.",
        lowest=1,
    )
