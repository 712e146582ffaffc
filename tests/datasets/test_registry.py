"""A dataset is found with or without dataset.json; what is wrong is one clear line."""

import os
import shutil

import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import record_faults, registry, tfrecord
from slimnets.datasets.registry import get_dataset, list_splits
from tests.datasets import records


def write(path, count=2, gray=False, compression=None):
    image = tf.zeros([4, 4, 1 if gray else 3], tf.uint8)
    encoded = tf.io.encode_png(image).numpy()
    record = tfrecord.make_example(encoded, "png", 0, 4, 4)
    records.write(path, [record] * count, compression)


def test_default_is_the_embedded_digits():
    test = get_dataset(None, "test")
    train = get_dataset(None, "train")
    assert (test.name, test.num_classes, test.channels) == ("digits", 10, 1)
    assert test.class_names == tuple("0123456789")
    assert train.num_examples + test.num_examples == 1797
    assert list_splits(None) == ["test", "train"]
    for dataset in (train, test):
        counts = map(tfrecord.count_records, dataset.files)
        assert sum(counts) == dataset.num_examples


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_embedded_digits_are_sound(split):
    files = get_dataset(None, split).files
    assert record_faults.find_fault(files, range(10)) is None


def test_tf_slim_flowers_are_found_by_their_names(tmp_path):
    for k in range(2):
        write(tmp_path / f"flowers_train_0000{k}-of-00002.tfrecord", count=3 + k)
    write(tmp_path / "flowers_validation_00000-of-00001.tfrecord")
    (tmp_path / "labels.txt").write_text("0:daisy\n1:rose\n")
    dataset = get_dataset(str(tmp_path), "train")
    assert dataset.name == "flowers"
    assert dataset.num_examples == 7
    assert dataset.class_names == ("daisy", "rose")
    assert dataset.channels == 3
    assert dataset.files == tuple(
        str(tmp_path / f"flowers_train_0000{k}-of-00002.tfrecord") for k in range(2)
    )
    assert list_splits(str(tmp_path)) == ["train", "validation"]


def test_tf_slim_mnist_is_gray(tmp_path):
    write(tmp_path / "mnist_test.tfrecord", gray=True)
    (tmp_path / "labels.txt").write_text("0:zero\n")
    assert get_dataset(str(tmp_path), "test").channels == 1


def test_gray_ones_first_do_not_make_it_gray(tmp_path):
    """Scripts that go from class to class write all photos of one class first."""
    encoded = [
        tf.io.encode_png(tf.zeros([4, 4, channels], tf.uint8)).numpy()
        for channels in (1, 3)
    ]
    made = [tfrecord.make_example(encoded[k >= 90], "png", 0, 4, 4) for k in range(99)]
    records.write(tmp_path / "x_test.tfrecord", [b"no example", *made])
    (tmp_path / "labels.txt").write_text("0:zero\n")
    assert get_dataset(str(tmp_path), "test").channels == 3


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_compressed_files_are_read(tmp_path, compression):
    write(tmp_path / "x_test.tfrecord", count=5, gray=True, compression=compression)
    (tmp_path / "labels.txt").write_text("0:zero\n")
    dataset = get_dataset(str(tmp_path), "test")
    assert (dataset.num_examples, dataset.channels) == (5, 1)
    assert dataset.compression == compression
    write(tmp_path / "y_test_00000-of-00002.tfrecord", compression=compression)
    write(tmp_path / "y_test_00001-of-00002.tfrecord")
    with pytest.raises(errors.InputError, match="are not compressed in the same way"):
        get_dataset(str(tmp_path), "test", "y")


def test_what_is_no_file_is_told(tmp_path):
    os.mkfifo(tmp_path / "x_test.tfrecord")
    (tmp_path / "labels.txt").write_text("0:zero\n")
    with pytest.raises(errors.InputError, match=r"x_test.tfrecord is not a file"):
        get_dataset(str(tmp_path), "test")


def test_imagenet_shards_bear_no_name(tmp_path):
    write(tmp_path / "validation-00000-of-00002")
    write(tmp_path / "validation-00001-of-00002")
    (tmp_path / "labels.txt").write_text("0:background\n1000:toilet tissue\n")
    dataset = get_dataset(str(tmp_path), "validation", name="imagenet")
    assert (dataset.name, dataset.num_classes) == ("imagenet", 1001)
    assert get_dataset(str(tmp_path), "validation").name == tmp_path.name


def test_name_picks_among_several(tmp_path):
    write(tmp_path / "mnist_test.tfrecord", count=4)
    write(tmp_path / "cifar10_test.tfrecord", count=5)
    (tmp_path / "labels.txt").write_text("0:a\n")
    assert get_dataset(str(tmp_path), "test", name="cifar10").num_examples == 5
    with pytest.raises(errors.InputError, match="name one of cifar10, mnist"):
        get_dataset(str(tmp_path), "test")
    with pytest.raises(errors.InputError, match="did you mean mnist"):
        get_dataset(str(tmp_path), "test", name="mnits")


def test_without_labels_it_says_how_to_give_them(tmp_path):
    write(tmp_path / "mnist_test.tfrecord")
    with pytest.raises(errors.InputError, match=r"write .*labels.txt with one"):
        get_dataset(str(tmp_path), "test")


def test_missing_shard_of_a_set_is_told(tmp_path):
    write(tmp_path / "flowers_train_00000-of-00003.tfrecord")
    write(tmp_path / "flowers_train_00002-of-00003.tfrecord")
    with pytest.raises(errors.InputError, match=r"of the 3 .* number 1 is missing"):
        get_dataset(str(tmp_path), "train")


@pytest.mark.parametrize(
    "other", ["flowers_train_00000-of-00001.tfrecord", "flowers_train.tfrecord"]
)
def test_two_sets_of_one_split_are_not_mixed(tmp_path, other):
    for file in ("flowers_train_00000-of-00002", "flowers_train_00001-of-00002"):
        write(tmp_path / f"{file}.tfrecord")
    write(tmp_path / other)
    with pytest.raises(errors.InputError, match=r"two sets of files .* 'train'"):
        get_dataset(str(tmp_path), "train")


def test_cut_off_file_is_told(tmp_path):
    path = tmp_path / "mnist_test.tfrecord"
    write(path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(errors.InputError, match=r"mnist_test.tfrecord is cut off"):
        get_dataset(str(tmp_path), "test")


def test_file_without_records_is_told(tmp_path):
    write(tmp_path / "flowers_train_00000-of-00002.tfrecord")
    (tmp_path / "flowers_train_00001-of-00002.tfrecord").touch()
    with pytest.raises(errors.InputError, match=r"00001-of-00002.tfrecord is empty"):
        get_dataset(str(tmp_path), "train")


def test_a_shard_of_a_name_that_no_file_can_have_is_missing(digits):
    path = digits / "dataset.json"
    [name] = {line for line in path.read_text().split('"') if "_test_000" in line}
    path.write_text(path.read_text().replace(name, "x" * 999))
    with pytest.raises(errors.InputError, match=r"x is missing, though dataset\.json"):
        get_dataset(str(digits), "test")


def test_missing_and_empty_folders_are_told(tmp_path):
    with pytest.raises(errors.InputError, match=r"no folder .*absent"):
        get_dataset(str(tmp_path / "absent"), "train")
    with pytest.raises(errors.InputError, match="no TFRecords"):
        get_dataset(str(tmp_path), "train")


def test_unknown_split_and_name_are_told_with_the_known_ones():
    with pytest.raises(errors.InputError, match=r"split .*'validation'.* test"):
        get_dataset(None, "validation")
    with pytest.raises(errors.InputError, match="did you mean train"):
        get_dataset(None, "trian")
    with pytest.raises(errors.InputError, match=r"dataset .*'flowers'.* digits"):
        get_dataset(None, "test", name="flowers")


@pytest.fixture
def digits(tmp_path):
    shutil.copytree(registry.DIGITS, tmp_path / "digits")
    return tmp_path / "digits"


def test_shard_that_is_missing_is_told(digits):
    (digits / "digits_test_00000-of-00001.tfrecord").unlink()
    with pytest.raises(errors.InputError, match=r"00000-of-00001.tfrecord is missing"):
        get_dataset(str(digits), "test")
    assert get_dataset(str(digits), "train").num_examples > 0


def test_shard_that_is_cut_off_is_told(digits):
    path = digits / "digits_test_00000-of-00001.tfrecord"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(errors.InputError, match=r"tfrecord is cut off in record 384"):
        get_dataset(str(digits), "test")


def test_shard_of_another_conversion_is_told(digits):
    write(digits / "digits_test_00000-of-00001.tfrecord", count=3)
    with pytest.raises(errors.InputError, match=r"not the file .* written: 3 rec"):
        get_dataset(str(digits), "test")
