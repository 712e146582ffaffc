"""Arrays become PNG records that decode to the same pixels."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.datasets import arrays, tfrecord
from slimnets.datasets.registry import get_dataset


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_and_labels_read_back(tmp_path, channels):
    noise = np.random.default_rng(0)
    images = noise.integers(0, 256, (9, 6, 5, channels)).astype(np.uint8)
    labels = np.arange(9) % 2
    dataset = arrays.ArrayDataset(
        name="toy", classes=("x", "y"), splits={"test": arrays.Split(images, labels)}
    )
    report = arrays.convert(dataset, tmp_path, shards=2)
    assert report.counts == {"test": {"x": 5, "y": 4}}
    found = get_dataset(str(tmp_path), "test")
    assert (found.num_examples, found.channels, len(found.files)) == (9, channels, 2)
    seen = set()
    for record in tf.data.TFRecordDataset(list(found.files)):
        example = tfrecord.parse_example(record)
        index = int(example["filename"].numpy().decode().removeprefix("test/"))
        seen.add(index)
        np.testing.assert_array_equal(
            tf.io.decode_png(example["encoded"]), images[index]
        )
        assert example["label"].numpy() == labels[index]
        assert (example["height"].numpy(), example["width"].numpy()) == (6, 5)
    assert seen == set(range(9))


def test_records_do_not_lie_in_the_order_of_the_source(numbered):
    [file] = numbered(40).files
    names = [
        tfrecord.parse_example(record)["filename"].numpy()
        for record in tf.data.TFRecordDataset(file)
    ]
    assert sorted(names) != names
    assert len(set(names)) == 40
