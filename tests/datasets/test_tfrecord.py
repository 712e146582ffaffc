"""Records read back as written, by TF-Slim's keys; every kind of damage is named."""

import os

import pytest

from slimnets import errors
from slimnets.datasets import tfrecord
from tests.datasets.records import example, ints, text, write


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("flowers_train_00000-of-00005.tfrecord", ("flowers", "train", 0, 5)),
        ("flowers_train-00003-of-00005.tfrecord", ("flowers", "train", 3, 5)),
        ("my_own_2_test_00001-of-00002.tfrecord", ("my_own_2", "test", 1, 2)),
        ("mnist_train.tfrecord", ("mnist", "train", 0, 1)),
        ("train-00000-of-01024", ("", "train", 0, 1024)),
        ("val.record-00002-of-00010", ("", "val", 2, 10)),
        ("mnist-train.tfrecord-00000-of-00001", ("mnist", "train", 0, 1)),
        ("my-own_photos-val-00001-of-00002.tfrecord", ("my-own_photos", "val", 1, 2)),
        ("Test.TFRecords", ("", "Test", 0, 1)),
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


def test_other_file_is_not_taken_for_a_tfrecord(tmp_path, photo):
    path = tmp_path / "x.tfrecord"
    path.write_bytes(photo(0))
    with pytest.raises(errors.InputError, match=r"x.tfrecord is not a TFRecord"):
        tfrecord.count_records(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(errors.InputError, match=r"cannot read .*absent.tfrecord"):
        tfrecord.count_records(tmp_path / "absent.tfrecord")


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_compressed_records_are_read(tmp_path, compression):
    records = [b"a" * size for size in (0, 5, 1000)]
    path = write(tmp_path / "x.tfrecord", records, compression)
    assert tfrecord.detect_compression(path) == compression
    assert tfrecord.count_records(path, compression) == 3
    read = tfrecord.read_records([str(path)], compression)
    assert list(read.as_numpy_iterator()) == records


@pytest.mark.parametrize("length", [0x9C78, 0x8B1F])
def test_a_length_that_begins_as_a_compressed_file(tmp_path, length):
    path = write(tmp_path / "x.tfrecord", [b"a" * length])
    assert path.read_bytes()[:2] in (b"\x78\x9c", b"\x1f\x8b")
    assert tfrecord.detect_compression(path) == ""


def test_a_compressed_file_that_is_cut_off_is_told(tmp_path):
    path = write(tmp_path / "x.tfrecord", [bytes(range(256)) * 9] * 9, "GZIP")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(errors.InputError, match=r"x.tfrecord, packed by GZIP, cannot"):
        tfrecord.count_records(path, "GZIP")


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "x.tfrecord")
    with pytest.raises(errors.InputError, match=r"x.tfrecord is not a file"):
        tfrecord.detect_compression(tmp_path / "x.tfrecord")


@pytest.mark.parametrize("compression", ["", "GZIP"])
@pytest.mark.parametrize(
    ("most", "sampled"), [(100, range(10)), (10, range(10)), (4, [0, 3, 6, 9])]
)
def test_a_sample_comes_from_all_over_the_files(tmp_path, compression, most, sampled):
    records = [b"%d" % k for k in range(10)]
    files = [
        write(tmp_path / name, part, compression)
        for name, part in (("a", records[:4]), ("b", records[4:5]), ("c", records[5:]))
    ]
    expected = [records[k] for k in sampled]
    counts = [4, 1, 5]
    assert tfrecord.sample_records(files, counts, most, compression) == expected
