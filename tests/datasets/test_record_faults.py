"""Every kind of damage is named by file, record and reason."""

import pytest

from slimnets.datasets import record_faults, tfrecord
from tests.datasets.records import example, floats, ints, text, write


def find(*paths, classes=5, **where):
    return record_faults.find_fault([*map(str, paths)], range(classes), **where)


def test_missing_file_is_named(tmp_path):
    assert find(tmp_path / "absent.tfrecord").endswith("absent.tfrecord does not exist")


def test_cut_off_file_is_named(tmp_path):
    path = write(tmp_path / "x.tfrecord", [b"a" * 100] * 2)
    path.write_bytes(path.read_bytes()[:200])
    assert "is cut off in record 1" in find(path)


def test_other_file_is_not_taken_for_a_tfrecord(tmp_path, photo):
    path = tmp_path / "x.tfrecord"
    path.write_bytes(photo(0))
    assert "is not a TFRecord" in find(path)


@pytest.mark.parametrize("first", [0, 1])
def test_flipped_bit_is_found(tmp_path, photo, first):
    records = [tfrecord.make_example(photo(k), "jpg", 0, 12, 16) for k in range(3)]
    path = write(tmp_path / "x.tfrecord", records)
    content = bytearray(path.read_bytes())
    content[16 + len(records[0]) + 100] ^= 1
    path.write_bytes(content)
    fault = find(path, first=first)
    assert fault == f"{path}, record 1 (the first is 0): its checksum is wrong"


@pytest.mark.parametrize(
    ("reason", "features"),
    [
        (
            "it has no image/encoded, but image/class/label",
            {"image__class__label": ints(1)},
        ),
        ("image/class/label holds 0 values", {}),
        ("image/class/label holds 2 values", {"image__class__label": ints(1, 2)}),
        ("image/class/label holds float values", {"image__class__label": floats(1)}),
        ("image/class/label holds bytes values", {"image__class__label": text(b"a")}),
        (
            "it has no image/class/label but boxes (image/object/...): a record for",
            {"image__object__class__label": ints(1)},
        ),
        (
            "image/encoded holds float values, not one image file's bytes",
            {"image__class__label": ints(1), "image__encoded": floats(0.5)},
        ),
        (
            "it has no image/encoded but image and label: a record of TensorFlow Data",
            {"image": text(b""), "label": ints(1)},
        ),
        (
            "label 5 is outside the 5 classes 0 to 4",
            {"image__class__label": ints(5)},
        ),
        ("label -1 is outside", {"image__class__label": ints(-1)}),
        (
            "the jpeg image does not decode",
            {"image__class__label": ints(1), "image__encoded": text(b"\xff\xd8\xffno")},
        ),
        (
            "not an image, though image/format says 'raw'",
            {
                "image__class__label": ints(1),
                "image__encoded": text(b"pixels"),
                "image__format": text(b"raw"),
            },
        ),
    ],
)
@pytest.mark.parametrize("compression", ["", "ZLIB"])
def test_broken_record_is_named_by_file_number_and_reason(
    tmp_path, photo, reason, features, compression
):
    if "no image/encoded" not in reason:
        features = {"image__encoded": text(photo(0))} | features
    features = {key: value for key, value in features.items() if value}
    good = tfrecord.make_example(photo(0), "jpg", 4, 12, 16)
    first = write(tmp_path / "first.tfrecord", [good, good], compression)
    bad = example(**features)
    path = write(tmp_path / "x.tfrecord", [good, bad, good], compression)
    fault = find(first, path, compression=compression)
    assert fault.startswith(f"{path}, record 1 (the first is 0): {reason}")
    assert find(first, path, compression=compression, first=3, most=1) == fault
    assert find(first, path, compression=compression, first=1, most=2) is None
    assert find(first, path, compression=compression, first=4) is None


def test_record_that_is_no_example_is_named(tmp_path):
    path = write(tmp_path / "x.tfrecord", [b"\xff" * 30])
    assert "record 0 (the first is 0): not a tf.Example" in find(path)


def test_labels_that_are_right(photo):
    record = tfrecord.make_example(photo(0), "jpg", 2, 12, 16)
    assert record_faults.describe_record(record, None) is None
    assert record_faults.describe_record(record, [0, 2, 3]) is None
    assert "label 2 is outside the 1 classes 3 to 3" in record_faults.describe_record(
        record, [3]
    )
    assert "label 2 is of no class that" in record_faults.describe_record(
        record, [1, 3]
    )
