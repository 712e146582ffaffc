"""TFRecord files of any content."""

from pathlib import Path

import tensorflow as tf


def write(path: Path, records: list[bytes], compression: str | None = None) -> Path:
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    return path


def example(**features: tf.train.Feature) -> bytes:
    keys = {name.replace("__", "/"): value for name, value in features.items()}
    features = tf.train.Features(feature=keys)
    return tf.train.Example(features=features).SerializeToString()


def ints(*values: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def floats(*values: float) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def text(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
