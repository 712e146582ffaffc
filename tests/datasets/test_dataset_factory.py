"""research/slim's data sets and helpers, read by tf_slim's providers."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.datasets import dataset_factory, dataset_utils

v1 = tf.compat.v1
SHAPES = {
    "cifar10": (32, 32, 3),
    "flowers": (5, 4, 3),
    "imagenet": (5, 4, 3),
    "mnist": (28, 28, 1),
    "visualwakewords": (5, 4, 3),
}
FILES = {
    "cifar10": "cifar10_train.tfrecord",
    "flowers": "flowers_train_00000-of-00001.tfrecord",
    "imagenet": "train-00000-of-00001",
    "mnist": "mnist_train.tfrecord",
    "visualwakewords": "train.record-00000-of-00001",
}


def write(folder, name, count=3):
    """Writes a split of pictures, the i-th of them all i, as class i."""
    with tf.io.TFRecordWriter(str(folder / FILES[name])) as writer:
        for i in range(count):
            png = tf.io.encode_png(np.full(SHAPES[name], i, np.uint8)).numpy()
            height, width, _ = SHAPES[name]
            example = dataset_utils.image_to_tfexample(png, b"png", height, width, i)
            writer.write(example.SerializeToString())
    dataset_utils.write_label_file({0: "a", 1: "b", 2: "c"}, folder)


@pytest.mark.parametrize("name", dataset_factory.datasets_map)
def test_a_provider_reads_what_the_scripts_wrote(name, tmp_path):
    write(tmp_path, name)
    with tf.Graph().as_default(), v1.Session() as session:
        split = dataset_factory.get_dataset(name, "train", str(tmp_path))
        provider = slim.dataset_data_provider.DatasetDataProvider(split, shuffle=False)
        image, label = provider.get(["image", "label"])
        coordinator = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(session, coordinator)
        read = [session.run([image, label]) for _ in range(3)]
        coordinator.request_stop()
        coordinator.join(threads, ignore_live_threads=True)
    assert [label for _, label in read] == [0, 1, 2]
    for picture, label in read:
        np.testing.assert_array_equal(picture, np.full(SHAPES[name], label))
    assert split.labels_to_names == {0: "a", 1: "b", 2: "c"}
    assert (
        split.num_samples == dataset_factory.datasets_map[name].SPLITS_TO_SIZES["train"]
    )


def test_what_is_unknown_is_named(tmp_path):
    with pytest.raises(
        errors.InputError, match="dataset 'flower'; did you mean flowers"
    ):
        dataset_factory.get_dataset("flower", "train", str(tmp_path))
    with pytest.raises(errors.InputError, match="split 'test'"):
        dataset_factory.get_dataset("flowers", "test", str(tmp_path))


def test_a_folder_without_labels_has_no_names(tmp_path):
    assert not dataset_utils.has_labels(tmp_path)
    split = dataset_factory.get_dataset("flowers", "train", str(tmp_path))
    assert split.labels_to_names is None


def test_features():
    assert dataset_utils.int64_feature(3).int64_list.value == [3]
    assert dataset_utils.float_feature([0.5, 2]).float_list.value == [0.5, 2]
    assert dataset_utils.bytes_list_feature([b"a", b"b"]).bytes_list.value == [
        b"a",
        b"b",
    ]


def test_shards(tmp_path):
    with contextlib.ExitStack() as stack:
        writers = dataset_utils.open_sharded_output_tfrecords(
            stack, str(tmp_path / "train"), 2
        )
        for writer in writers:
            writer.write(b"record")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "train-00000-of-00002",
        "train-00001-of-00002",
    ]


def test_a_tarball_is_downloaded_and_unpacked(tmp_path, capsys):
    import tarfile

    (tmp_path / "photo.txt").write_text("here")
    with tarfile.open(tmp_path / "photos.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "photo.txt", "photos/photo.txt")
    (folder := tmp_path / "out").mkdir()
    url = (tmp_path / "photos.tar.gz").as_uri()
    dataset_utils.download_and_uncompress_tarball(url, folder)
    assert (folder / "photos" / "photo.txt").read_text() == "here"
    assert "photos.tar.gz" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["imagenet", "visualwakewords"])
def test_boxes_come_with_their_images(name, tmp_path):
    split = dataset_factory.get_dataset(name, "train", str(tmp_path))
    boxes = {"ymin": [0.1, 0.5], "xmin": [0.2, 0.6], "ymax": [0.3, 0.7], "xmax": [1, 1]}
    feature = {
        f"image/object/bbox/{side}": dataset_utils.float_feature(values)
        for side, values in boxes.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    with tf.Graph().as_default(), v1.Session() as session:
        items = ["object/bbox", "label"]
        decoded = split.decoder.decode(example.SerializeToString(), items)
        found, label = session.run(decoded)
    np.testing.assert_allclose(found, [[0.1, 0.2, 0.3, 1], [0.5, 0.6, 0.7, 1]])
    assert label == -1
