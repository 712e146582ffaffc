"""Turns a published dataset, as it is downloaded, into TFRecords.

  python -m train.convert_dataset --dataset=fashion_mnist \\
      --source=/usr/share/datasets/fashion-mnist --output=data/fashion_mnist

mnist and fashion_mnist: --source is the folder of the four idx files, plain or .gz.
cifar10: --source is the Python or the binary version, the .tar.gz or what it unpacks
to. digits: no --source; made of scikit-learn's digits, the same as in
slimnets/datasets/digits/.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags

if TYPE_CHECKING:
    from slimnets.datasets.arrays import ArrayDataset

_DATASETS = ("mnist", "fashion_mnist", "cifar10", "digits")

_DATASET = flags.DEFINE_enum(
    "dataset", None, _DATASETS, "Which dataset.", required=True
)
_SOURCE = dataclass_flags.define_path(
    "source", None, "Where its files lie, as downloaded; see above."
)
_OUTPUT = dataclass_flags.define_path(
    "output", None, "Folder to write the dataset into; made if missing.", required=True
)
_SHARDS = flags.DEFINE_integer(
    "shards",
    1,
    "Files a split. One is enough for sets this small; a multiple of the number of"
    " workers lets each worker read its own.",
    lower_bound=1,
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace the dataset that the output already holds."
)
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Loads, converts, prints the table."""
    errors.refuse_arguments(argv)
    import tensorflow as tf

    from slimnets.datasets import arrays

    tf.config.set_visible_devices([], "GPU")  # encoding happens on the CPU
    dataset = _load(_DATASET.value, _SOURCE.value)
    report = arrays.convert(
        dataset,
        Path(_OUTPUT.value),
        shards=_SHARDS.value,
        overwrite=_OVERWRITE.value,
    )
    print(report.summary())


def _load(name: str, source: str | None) -> "ArrayDataset":
    from slimnets.datasets import cifar, idx, optical_digits

    if name == "digits":
        return optical_digits.load()
    if source is None:
        raise errors.InputError(
            f"--dataset={name} needs --source, its downloaded files"
        )
    loaders = {
        "mnist": idx.load_mnist,
        "fashion_mnist": idx.load_fashion_mnist,
        "cifar10": cifar.load,
    }
    return loaders[name](Path(source))


if __name__ == "__main__":
    startup.run(main)
