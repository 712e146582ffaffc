"""The settings of the program that describes a dataset."""

import dataclasses

from slimnets.config.dataclass_flags import setting
from slimnets.config.reading import MAX_PIXELS, MAX_PIXELS_HELP


@dataclasses.dataclass(frozen=True)
class DescribeDatasetConfig:
    """Which dataset is described, and where to."""

    dataset_dir: str | None = setting(
        None,
        "Images, as training takes them: class folders, a list of photos, TFRecords or"
        " tfds:NAME. None takes the handwritten digits in the package.",
        path=True,
    )
    dataset_name: str | None = setting(
        None, "Which dataset, where the folder holds several without dataset.json."
    )
    dataset_split_name: str | None = setting(
        None, "Split to describe. None describes all of them."
    )
    max_pixels: int = setting(MAX_PIXELS, MAX_PIXELS_HELP, lowest=1)
    json: str | None = setting(
        None, "File to write all figures into, as JSON.", path=True
    )
    contact_sheet: str | None = setting(
        None,
        "PNG to write, with images of every class in turn. Needs the extra `plot`.",
        path=True,
    )
    num_images: int = setting(32, "Images on the contact sheet, at most.", lowest=1)
