"""TFRecord files of any content."""

import os
from pathlib import Path

import tensorflow as tf


def write(path: Path, records: list[bytes], compression: str | None = None) -> Path:
    with tf.io.TFRecordWriter(os.fsencode(path), compression) as writer:
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


def damage(path: Path, number: int, part: str) -> None:
    """Changes one bit of a record, in its "length" or the last byte of its "data"."""
    content = bytearray(path.read_bytes())
    start = 0
    for _ in range(number):
        start += 16 + int.from_bytes(content[start : start + 8], "little")
    size = int.from_bytes(content[start : start + 8], "little")
    content[start if part == "length" else start + 12 + size - 1] ^= 1
    path.write_bytes(content)
