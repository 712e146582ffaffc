"""Turns a published dataset, as it is downloaded, into TFRecords.

  python -m train.convert_dataset --dataset=fashion_mnist \\
      --source=/usr/share/datasets/fashion-mnist --output=data/fashion_mnist

mnist and fashion_mnist: --source is the folder of the four idx files, plain or .gz.
cifar10: --source is the Python or the binary version, the .tar.gz or what it unpacks
to. digits: no --source; made of scikit-learn's digits, and what
slimnets/datasets/digits/ holds.
"""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf
from absl import app, flags

from slimnets import errors
from slimnets.datasets import arrays, cifar, idx, optical_digits

_LOADERS: dict[str, Callable[[Path], arrays.ArrayDataset]] = {
    "mnist": idx.load_mnist,
    "fashion_mnist": idx.load_fashion_mnist,
    "cifar10": cifar.load,
}
_DIGITS = "digits"

_DATASET = flags.DEFINE_enum(
    "dataset", None, [*_LOADERS, _DIGITS], "Which dataset.", required=True
)
_SOURCE = flags.DEFINE_string(
    "source", None, "Where its files lie, as downloaded; see above."
)
_OUTPUT = flags.DEFINE_string(
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


@errors.reported
def main(argv: list[str]) -> None:
    """Loads, converts, prints the table."""
    if len(argv) > 1:
        raise errors.InputError(f"unexpected arguments: {' '.join(argv[1:])}")
    tf.config.set_visible_devices([], "GPU")  # encoding happens on the CPU
    dataset = _load(_DATASET.value, _SOURCE.value)
    report = arrays.convert(
        dataset,
        Path(_OUTPUT.value),
        shards=_SHARDS.value,
        overwrite=_OVERWRITE.value,
    )
    print(report.summary())


def _load(name: str, source: str | None) -> arrays.ArrayDataset:
    if name == _DIGITS:
        return optical_digits.load()
    if source is None:
        raise errors.InputError(
            f"--dataset={name} needs --source, its downloaded files"
        )
    return _LOADERS[name](Path(source))


if __name__ == "__main__":
    app.run(main)
