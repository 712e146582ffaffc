"""A dataset is there as a whole or not at all, whenever the writing stops."""

import os

import pytest

from slimnets import errors
from slimnets.datasets import metadata, tfrecord
from slimnets.datasets.registry import get_dataset, list_splits
from slimnets.datasets.writer import DatasetWriter, Report

NEW = metadata.Sidecar(name="toy", classes=("a", "b"), channels=3)


@pytest.fixture
def records(photo):
    return [tfrecord.make_example(photo(k), "jpg", k % 2, 12, 16) for k in range(7)]


def write(output, records, overwrite=False, split="train"):
    with DatasetWriter(output, NEW, overwrite=overwrite) as writer:
        writer.write_split(split, records, examples=len(records), shards=3)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_records_are_spread_evenly_in_order(tmp_path, records):
    write(tmp_path, records)
    dataset = get_dataset(str(tmp_path), "train")
    assert dataset.num_examples == 7
    assert [tfrecord.count_records(file) for file in dataset.files] == [2, 2, 3]
    assert sorted(files(tmp_path)) == [
        "dataset.json",
        "labels.txt",
        *(f"toy_train_0000{k}-of-00003.tfrecord" for k in range(3)),
    ]
    assert not (tmp_path / ".unfinished").exists()


def test_no_shard_is_empty(tmp_path, records):
    write(tmp_path, records[:2])
    assert len(get_dataset(str(tmp_path), "train").files) == 2


def test_interrupted_first_conversion_leaves_nothing(tmp_path, records):
    with pytest.raises(KeyboardInterrupt), DatasetWriter(tmp_path, NEW) as writer:
        writer.write_split("train", records, examples=7, shards=3)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_interrupted_second_conversion_leaves_the_first(tmp_path, records):
    write(tmp_path, records)
    before = files(tmp_path)
    with (
        pytest.raises(KeyboardInterrupt),
        DatasetWriter(tmp_path, NEW, overwrite=True) as writer,
    ):
        writer.write_split("train", records[:2], examples=2, shards=1)
        raise KeyboardInterrupt
    assert files(tmp_path) == before


def test_killed_conversion_is_told_and_can_be_run_again(tmp_path, records):
    killed = DatasetWriter(tmp_path, NEW)
    killed.__enter__()
    killed.write_split("train", records, examples=7, shards=3)
    del killed  # and its lock, as with a process
    with pytest.raises(errors.InputError, match=r"did not finish: no dataset.json"):
        get_dataset(str(tmp_path), "train")
    write(tmp_path, records)
    assert get_dataset(str(tmp_path), "train").num_examples == 7


@pytest.mark.parametrize("moved", range(5))
def test_conversion_stopped_while_replacing_never_reads_as_a_mixture(
    tmp_path, records, monkeypatch, moved
):
    write(tmp_path, records)
    left = [moved]
    replace = os.replace

    def stop(source, target):
        if os.fspath(target).startswith(f"{tmp_path}/.unfinished"):
            return replace(source, target)
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return replace(source, target)

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, records[:6], overwrite=True)
    monkeypatch.undo()
    with pytest.raises(errors.InputError, match="did not finish"):
        get_dataset(str(tmp_path), "train")
    write(tmp_path, records[:6])
    assert get_dataset(str(tmp_path), "train").num_examples == 6


def test_dataset_is_not_replaced_unasked(tmp_path, records):
    write(tmp_path, records)
    with pytest.raises(errors.InputError, match="holds a dataset already"):
        write(tmp_path, records)


def test_records_of_others_are_not_replaced_unasked(tmp_path, records):
    (tmp_path / "mnist_train.tfrecord").touch()
    with pytest.raises(errors.InputError, match="holds a dataset already"):
        write(tmp_path, records)


def test_overwriting_removes_the_old_splits_and_nothing_else(tmp_path, records):
    write(tmp_path, records, split="test")
    (tmp_path / "notes.txt").write_text("mine")
    write(tmp_path, records, overwrite=True)
    assert list_splits(str(tmp_path)) == ["train"]
    assert not list(tmp_path.glob("toy_test*"))
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_output_that_cannot_be_written_is_an_input_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.InputError, match="cannot write to"):
        DatasetWriter(tmp_path / "file" / "output", NEW).__enter__()


def test_summary_is_a_table_with_totals(tmp_path):
    counts = {"train": {"a": 1200, "b": 3}, "test": {"b": 4}}
    report = Report(tmp_path, counts, 2, [(tmp_path / "x.txt", "not an image")], 1.25)
    assert report.summary().splitlines() == [
        "       train  test",
        "a      1,200     0",
        "b          3     4",
        "total  1,203     4",
        f"1,207 examples of 2 classes, 1 files left out, 1.2 s -> {tmp_path}",
    ]


def test_summary_of_many_classes_is_totals_only(tmp_path):
    counts = {"train": {f"class {k}": 2 for k in range(21)}}
    assert len(Report(tmp_path, counts, 1001, [], 0).summary().splitlines()) == 3


def test_a_second_conversion_into_the_folder_is_refused(tmp_path, records):
    with DatasetWriter(tmp_path, NEW) as writer:
        writer.write_split("train", records, examples=7, shards=3)
        with pytest.raises(errors.InputError, match="is being written already: a conv"):
            write(tmp_path, records[:3], overwrite=True)
    assert get_dataset(str(tmp_path), "train").num_examples == 7
    assert not (tmp_path / ".lock").exists()


@pytest.mark.parametrize("step", ["write_labels", "write_sidecar"])
def test_a_disk_that_is_full_at_the_end_leaves_the_first(
    tmp_path, records, monkeypatch, step
):
    write(tmp_path, records)
    before = files(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(metadata, step, fail)
    with pytest.raises(errors.InputError) as caught:
        write(tmp_path, records[:3], overwrite=True)
    assert str(caught.value) == (
        f"cannot write the dataset into {tmp_path}: No space left on device"
    )
    assert files(tmp_path) == before
