"""Describes a dataset: classes, sizes, colour modes, copies, broken records.

Example:

  python -m eval.describe_dataset --dataset_dir=photos --contact_sheet=photos.png

Every image of every split is read and decoded once. Copies are images whose files are
the same, byte for byte; an image in two splits makes evaluation score what was trained
on. The exit status is 1 where records are broken, or photos had to be left out.
"""

import json
import sys
from pathlib import Path

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags
from slimnets.config.dataset_description import DescribeDatasetConfig

dataclass_flags.define_flags(DescribeDatasetConfig)
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Describes what the flags name."""
    errors.refuse_arguments(argv)
    import tensorflow as tf

    from slimnets.checkpoints import atomic_files
    from slimnets.datasets import sources
    from slimnets.datasets.survey import survey
    from slimnets.report import contact_sheet, dataset_description

    config = dataclass_flags.from_flags(DescribeDatasetConfig)
    dataclass_flags.check(config)
    if config.contact_sheet:
        contact_sheet.require()
    tf.config.set_visible_devices([], "GPU")  # decoding happens on the CPU
    reading = sources.PhotoReading(max_pixels=config.max_pixels)
    source = sources.prepare(config.dataset_dir, print, reading)
    named = config.dataset_split_name
    surveys = {
        split: survey(
            source.get_dataset(split, config.dataset_name, skips=True),
            config.max_pixels,
        )
        for split in ([named] if named else source.list_splits(config.dataset_name))
    }
    print(dataset_description.describe(surveys))
    if config.json:
        text = json.dumps(dataset_description.to_json(surveys), indent=2)
        atomic_files.write_text(Path(config.json), text + "\n")
    if config.contact_sheet:
        path = Path(config.contact_sheet)
        dataset_description.write_contact_sheet(surveys, config.num_images, path)
        print(f"contact sheet: {path}")
    if source.left_out or any(of_split.broken for of_split in surveys.values()):
        sys.exit(1)


if __name__ == "__main__":
    startup.run(main)
