"""What research/slim's programs take to write and describe TFRecords of images."""

import contextlib
import tarfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from slimnets.datasets import metadata

LABELS_FILENAME = metadata.LABELS_FILE


def int64_feature(values: int | Sequence[int]) -> tf.train.Feature:
    """Returns a feature of one integer or of several."""
    return tf.train.Feature(int64_list=tf.train.Int64List(value=_to_list(values)))


def float_feature(values: float | Sequence[float]) -> tf.train.Feature:
    """Returns a feature of one float or of several."""
    return tf.train.Feature(float_list=tf.train.FloatList(value=_to_list(values)))


def bytes_feature(values: bytes) -> tf.train.Feature:
    """Returns a feature of one string of bytes."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[values]))


def bytes_list_feature(values: Sequence[bytes]) -> tf.train.Feature:
    """Returns a feature of several strings of bytes."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


int64_list_feature = int64_feature
float_list_feature = float_feature


def image_to_tfexample(
    image_data: bytes, image_format: bytes, height: int, width: int, class_id: int
) -> tf.train.Example:
    """Returns an example of one encoded image.

    Args:
      image_data: the file's bytes.
      image_format: such as b'jpg'.
      height: in pixels.
      width: in pixels.
      class_id: the label.
    """
    feature = {
        "image/encoded": bytes_feature(image_data),
        "image/format": bytes_feature(image_format),
        "image/class/label": int64_feature(class_id),
        "image/height": int64_feature(height),
        "image/width": int64_feature(width),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature))


def download_and_uncompress_tarball(tarball_url: str, dataset_dir: str) -> None:
    """Downloads a .tar.gz into a folder and unpacks it there."""
    path = Path(dataset_dir, tarball_url.split("/")[-1])
    urllib.request.urlretrieve(tarball_url, path)
    print(f"Successfully downloaded {path.name} {path.stat().st_size} bytes.")
    with tarfile.open(path, "r:gz") as archive:
        archive.extractall(dataset_dir, filter="data")


def write_label_file(
    labels_to_class_names: Mapping[int, str],
    dataset_dir: str,
    filename: str = LABELS_FILENAME,
) -> None:
    """Writes a line `label:name` for each class."""
    lines = (f"{label}:{name}\n" for label, name in labels_to_class_names.items())
    Path(dataset_dir, filename).write_text("".join(lines), encoding="utf-8")


def has_labels(dataset_dir: str, filename: str = LABELS_FILENAME) -> bool:
    """Returns whether a folder has the file of the classes' names."""
    return Path(dataset_dir, filename).exists()


def read_label_file(
    dataset_dir: str, filename: str = LABELS_FILENAME
) -> dict[int, str]:
    """Returns label -> name, as `write_label_file` wrote them.

    Raises:
      InputError: there is no such file, or a line is not `label:name`.
    """
    names = metadata.read_labels(Path(dataset_dir, filename))
    return dict(enumerate(names))


def open_sharded_output_tfrecords(
    exit_stack: contextlib.ExitStack, base_path: str, num_shards: int
) -> list[tf.io.TFRecordWriter]:
    """Opens the files `base_path-00000-of-00002` and so on.

    Args:
      exit_stack: closes them.
      base_path: what their names begin with.
      num_shards: how many.
    """
    names = (f"{base_path}-{i:05d}-of-{num_shards:05d}" for i in range(num_shards))
    return [exit_stack.enter_context(tf.io.TFRecordWriter(name)) for name in names]


def _to_list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]
