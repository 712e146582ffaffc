"""Records read back as written, by TF-Slim's keys; every kind of damage is named."""

from pathlib import Path

import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import tfrecord


def write(path: Path, records: list[bytes]) -> Path:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


def example(**features: tf.train.Feature) -> bytes:
    keys = {name.replace("__", "/"): value for name, value in features.items()}
    features = tf.train.Features(feature=keys)
    return tf.train.Example(features=features).SerializeToString()


def ints(*values: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def text(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("flowers_train_00000-of-00005.tfrecord", ("flowers", "train", 0, 5)),
        ("flowers_train-00003-of-00005.tfrecord", ("flowers", "train", 3, 5)),
        ("my_own_2_test_00001-of-00002.tfrecord", ("my_own_2", "test", 1, 2)),
        ("mnist_train.tfrecord", ("mnist", "train", 0, 1)),
        ("train-00000-of-01024", ("", "train", 0, 1024)),
        ("val.record-00002-of-00010", ("", "val", 2, 10)),
        ("labels.txt", None),
        ("dataset.json", None),
        ("README", None),
    ],
)
def test_names_of_slimnets_and_tf_slim_are_understood(file, expected):
    assert tfrecord.parse_shard_name(file) == expected


def test_shard_name_is_parsed_to_what_it_was_made_of():
    parts = ("flowers", "validation", 4, 5)
    assert tfrecord.parse_shard_name(tfrecord.format_shard_name(*parts)) == parts


def test_example_reads_back(photo):
    encoded = photo(1)
    record = tfrecord.make_example(encoded, "jpg", 7, 12, 16, "cat/1.jpg")
    parsed = {k: v.numpy() for k, v in tfrecord.parse_example(record).items()}
    assert parsed == {
        "encoded": encoded,
        "format": b"jpg",
        "label": 7,
        "height": 12,
        "width": 16,
        "filename": b"cat/1.jpg",
    }


def test_tf_slim_example_without_filename_and_with_foreign_keys_is_read(photo):
    record = example(
        image__encoded=text(photo(0)),
        image__class__label=ints(3),
        image__colorspace=text(b"RGB"),
    )
    parsed = tfrecord.parse_example(record)
    assert parsed["label"].shape == ()
    assert parsed["label"].numpy() == 3
    assert parsed["height"].numpy() == 0
    assert parsed["filename"].numpy() == b""


def test_serialization_is_deterministic(photo):
    record = tfrecord.make_example(photo(0), "jpg", 1, 12, 16, "x")
    assert record == tfrecord.make_example(photo(0), "jpg", 1, 12, 16, "x")


def test_records_are_counted_without_reading_them(tmp_path):
    path = write(tmp_path / "x.tfrecord", [b"a" * size for size in (0, 5, 1000)])
    assert tfrecord.count_records(path) == 3
    assert tfrecord.count_records(write(tmp_path / "empty.tfrecord", [])) == 0


# 100 bytes a record and 16 around it: within the length, at its end, within the data.
@pytest.mark.parametrize("size", [120, 128, 200, 231])
def test_cut_off_file_is_named(tmp_path, size):
    path = write(tmp_path / "x.tfrecord", [b"a" * 100] * 2)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(errors.InputError, match=r"x.tfrecord is cut off in record 1"):
        tfrecord.count_records(path)
    assert "is cut off in record 1" in tfrecord.find_fault([str(path)], 5)


def test_other_file_is_not_taken_for_a_tfrecord(tmp_path, photo):
    path = tmp_path / "x.tfrecord"
    path.write_bytes(photo(0))
    with pytest.raises(errors.InputError, match=r"x.tfrecord is not a TFRecord"):
        tfrecord.count_records(path)
    assert "is not a TFRecord" in tfrecord.find_fault([str(path)], 5)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(errors.InputError, match=r"cannot read .*absent.tfrecord"):
        tfrecord.count_records(tmp_path / "absent.tfrecord")
    fault = tfrecord.find_fault([str(tmp_path / "absent.tfrecord")], 5)
    assert fault.endswith("absent.tfrecord does not exist")


def test_flipped_bit_is_found(tmp_path, photo):
    records = [tfrecord.make_example(photo(k), "jpg", 0, 12, 16) for k in range(3)]
    path = write(tmp_path / "x.tfrecord", records)
    content = bytearray(path.read_bytes())
    content[16 + len(records[0]) + 100] ^= 1
    path.write_bytes(content)
    fault = tfrecord.find_fault([str(path)], 5)
    assert "x.tfrecord, record 1 (the first is 0): its checksum is wrong" in fault


@pytest.mark.parametrize(
    ("reason", "features"),
    [
        ("it has no image/encoded", {"image__class__label": ints(1)}),
        ("image/class/label holds 0 values", {}),
        ("image/class/label holds 2 values", {"image__class__label": ints(1, 2)}),
        (
            "label 5 is outside the 5 classes 0 to 4",
            {"image__class__label": ints(5)},
        ),
        ("label -1 is outside", {"image__class__label": ints(-1)}),
        (
            "the jpeg image does not decode",
            {"image__class__label": ints(1), "image__encoded": text(b"\xff\xd8\xffno")},
        ),
    ],
)
def test_broken_record_is_named_by_file_number_and_reason(
    tmp_path, photo, reason, features
):
    if "no image" not in reason:
        features = {"image__encoded": text(photo(0)), **features}
    good = tfrecord.make_example(photo(0), "jpg", 4, 12, 16)
    first = write(tmp_path / "first.tfrecord", [good, good])
    path = write(tmp_path / "x.tfrecord", [good, example(**features), good])
    fault = tfrecord.find_fault([str(first), str(path)], 5)
    assert fault.startswith(f"{path}, record 1 (the first is 0): {reason}")


def test_record_that_is_no_example_is_named(tmp_path):
    path = write(tmp_path / "x.tfrecord", [b"\xff" * 30])
    assert "record 0 (the first is 0): not a tf.Example" in tfrecord.find_fault(
        [str(path)], 5
    )


def test_label_below_the_lowest_is_a_fault(tmp_path, photo):
    record = tfrecord.make_example(photo(0), "jpg", 0, 12, 16)
    path = write(tmp_path / "x.tfrecord", [record])
    assert tfrecord.find_fault([str(path)], 5) is None
    assert "label 0 is outside" in tfrecord.find_fault([str(path)], 5, lowest_label=1)


def test_first_images_of_a_broken_file_is_an_input_error(tmp_path, photo):
    good = tfrecord.make_example(photo(0), "jpg", 4, 12, 16)
    path = write(tmp_path / "x.tfrecord", [good, example(image__height=ints(1))])
    assert tfrecord.read_first_images(path, 1) == [photo(0)]
    with pytest.raises(errors.InputError, match=r"record 1 .* has no image/encoded"):
        tfrecord.read_first_images(path, 2)
