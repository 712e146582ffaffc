"""What the contenders work on: photos as folders, and weights as each reads them."""

from pathlib import Path
from typing import NamedTuple

from slimnets import errors
from slimnets.datasets import registry, tfrecord

SPLITS = ("train", "validation")


class Weights(NamedTuple):
    """One network's weights in three forms.

    Attributes:
      classes: of their head.
      keras: a file that keras.applications' network loads.
      torch: a state dict of timm.
    """

    classes: int
    keras: str
    torch: str


def unpack(records: str, folder: Path) -> Path:
    """Writes a dataset's photos, byte for byte, as train/CLASS/NUMBER.jpg and so on.

    Args:
      records: folder of TFRecords with both SPLITS.
      folder: to write into.

    Returns:
      The folder that holds train/ and validation/.
    """
    for split in SPLITS:
        dataset = registry.get_dataset(records, split)
        for name in dataset.class_names:
            (folder / split / name).mkdir(parents=True)
        read = tfrecord.read_records(dataset.files)
        for number, record in enumerate(read.map(tfrecord.parse_example)):
            kind = record["format"].numpy().decode()
            place = folder / split / dataset.class_names[int(record["label"])]
            (place / f"{number:06d}.{kind}").write_bytes(record["encoded"].numpy())
    return folder


def convert_weights(checkpoint: str, network: str, folder: Path) -> Weights:
    """Converts a checkpoint for the peers.

    Args:
      checkpoint: of TF-Slim's names.
      network: slimnets' name of it.
      folder: to write into.
    """
    from slimnets import checkpoints
    from slimnets.weights import convert

    paths = {
        to: convert.convert("checkpoint", checkpoint, network, folder / to, to=to).path
        for to in (convert.KERAS, convert.TORCH)
    }
    classes = checkpoints.read_num_classes(checkpoint, network)
    if classes is None:
        raise errors.InputError(f"{checkpoint} has no head; give weights that have one")
    return Weights(classes, paths[convert.KERAS], paths[convert.TORCH])
