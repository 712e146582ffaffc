"""Turns photos, in folders or of a list, into TFRecords to train and evaluate on.

  python -m train.convert_image_folder --images=photos --output=data/flowers \\
      --name=flowers

Put the photos of each class into a folder (photos/daisy/1.jpg); one in ten goes to
"validation", chosen by content. To choose yourself, put the class folders into
photos/train/ and photos/validation/ (or photos/test/). For a set that is only
evaluated on, give --validation_fraction=1.

--images=labels.csv (.tsv, .jsonl) is a list of photos, with the columns path, label and
split, or labels for any number of them: cat|dog.

--layout=imagenet reads the files of ILSVRC 2012, tars as they are or folders, and gives
them TF-Slim's 1001 labels.

The exit status is 0 when all files were taken, 1 when some were left out (they are
listed with the reason), 2 on bad input.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from slimnets import errors, startup
from slimnets.config import choices, dataclass_flags
from slimnets.config.reading import MAX_PIXELS, MAX_PIXELS_HELP

if TYPE_CHECKING:
    from slimnets.datasets import writer

_IMAGES = dataclass_flags.define_path(
    "images",
    None,
    "Folder of photos, one subfolder a class; or a list of photos: .csv, .tsv, .jsonl.",
    required=True,
)
_OUTPUT = dataclass_flags.define_path(
    "output", None, "Folder to write the dataset into; made if missing.", required=True
)
_NAME = flags.DEFINE_string(
    "name", None, "Name of the dataset: the files begin with it.", required=True
)
_VALIDATION_FRACTION = flags.DEFINE_float(
    "validation_fraction",
    0.1,
    "Share of the photos, from 0 to 1, that is held out as the split `validation`; a"
    " tenth, as TF-Slim held out of its flowers. Not used with train/ and validation/.",
)
_SHARDS = flags.DEFINE_integer(
    "shards",
    None,
    "Files a split; None makes 5, of ImageNet 1024 and 128. A multiple of the number of"
    " workers lets each read its own; take more when a file would exceed some 200 MB.",
)
_LABELS = dataclass_flags.define_path(
    "labels",
    None,
    "File of `id:name` lines that fixes the class ids, such as `218:n02102040` for"
    " ImageNet's 1001; without it the sorted folder names are numbered from 0. With"
    " --layout=imagenet, a file of synsets with their words.",
)
_LAYOUT = flags.DEFINE_enum(
    "layout",
    "auto",
    choices.FOLDER_LAYOUTS,
    "How to read a folder that holds both split folders (train/, val/, test/, ...) and"
    " others: `splits` leaves the others out, `classes` takes all of them for classes;"
    " `auto` refuses such a folder. `imagenet`: the files of ILSVRC 2012, tars or"
    " folders.",
)
_UPRIGHT = flags.DEFINE_bool(
    "upright",
    True,
    "Store photos as viewers show them, turned as their cameras noted (Exif). With"
    " --noupright their bytes are stored, and training and evaluation turn them unless"
    " told otherwise in the same way.",
)
_MAX_PIXELS = flags.DEFINE_integer(
    "max_pixels", MAX_PIXELS, MAX_PIXELS_HELP, lower_bound=1
)
_WORKERS = flags.DEFINE_integer(
    "workers", None, "Photos decoded at once; None chooses by the number of cores."
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace the dataset that the output already holds."
)

_BROKEN_FILE = "broken_images.txt"
_MOST_PRINTED = 20
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Converts, prints the table, lists what was left out."""
    errors.refuse_arguments(argv)
    import tensorflow as tf

    from slimnets.datasets import image_folder

    tf.config.set_visible_devices([], "GPU")  # decoding happens on the CPU
    report = image_folder.convert(
        Path(_IMAGES.value),
        Path(_OUTPUT.value),
        _NAME.value,
        validation_fraction=_VALIDATION_FRACTION.value,
        shards=_SHARDS.value,
        labels=Path(_LABELS.value) if _LABELS.value else None,
        layout=_LAYOUT.value,
        upright=_UPRIGHT.value,
        max_pixels=_MAX_PIXELS.value,
        workers=_WORKERS.value,
        overwrite=_OVERWRITE.value,
    )
    for note in report.notes:
        print(f"note: {note}")
    print(report.summary())
    _list_broken(report)
    if report.broken:
        sys.exit(1)


def _list_broken(report: "writer.Report") -> None:
    lines = report.list_broken()
    path = report.output / _BROKEN_FILE
    path.unlink(missing_ok=True)
    if len(lines) > _MOST_PRINTED:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        lines[_MOST_PRINTED:] = [f"... all {len(lines)} are in {path}"]
    for line in lines:
        print(f"left out: {line}", file=sys.stderr)


if __name__ == "__main__":
    startup.run(main)
