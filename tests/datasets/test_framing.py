"""Records are found behind damaged ones, as far as lengths can be trusted."""

import os

import pytest

from slimnets.datasets import framing
from tests.datasets.records import damage, write

RECORDS = [b"", b"five\0", b"a" * 1000, b"last"]


def read_all(path) -> list[bytes | str]:
    """Returns each record, or why it cannot be read; and one too many."""
    singles, found = framing.SingleRecords(), []
    for number in range(len(RECORDS) + 1):
        try:
            found.append(singles.read(str(path), number))
        except framing.DamagedRecord as error:
            found.append(str(error))
    return found


def test_a_checksum_is_that_of_the_format():
    """CRC-32C's check value, E3069283, masked as TensorFlow's record_writer.h does."""
    masked = ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) % 2**32
    assert framing.masked_checksum(b"123456789") == masked


def test_records_are_read_one_by_one(tmp_path):
    path = write(tmp_path / os.fsdecode(b"\xff.tfrecord"), RECORDS)
    assert read_all(path) == [*RECORDS, "the file ends after 4 records"]
    assert framing.find_starts(path).tolist() == [0, 16, 37, 1053, 1073]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_damaged_bytes_are_one_record_s(tmp_path, number):
    path = write(tmp_path / "x.tfrecord", RECORDS)
    damage(path, number, "data")
    expected = [*RECORDS, "the file ends after 4 records"]
    expected[number] = "its checksum is wrong"
    assert read_all(path) == expected


@pytest.mark.parametrize("number", range(4))
def test_a_damaged_length_hides_what_follows(tmp_path, number):
    path = write(tmp_path / "x.tfrecord", RECORDS)
    damage(path, number, "length")
    assert read_all(path) == [
        *RECORDS[:number],
        "its length is damaged, so what follows in the file cannot be found",
        *[f"lost behind record {number}, whose length is damaged"] * (4 - number),
    ]


# Within the length, at its end, within the data, within their checksum.
@pytest.mark.parametrize("size", [1055, 1065, 1067, 1072])
def test_a_file_that_is_cut_off(tmp_path, size):
    path = write(tmp_path / "x.tfrecord", RECORDS)
    path.write_bytes(path.read_bytes()[:size])
    assert read_all(path) == [
        *RECORDS[:3],
        "the file is cut off in it",
        "lost behind record 3, in which the file is cut off",
    ]


def test_a_file_that_is_not_there(tmp_path):
    reasons = read_all(tmp_path / "x.tfrecord")
    assert reasons == ["cannot be read: No such file or directory"] * 5
