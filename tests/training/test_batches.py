"""Broken input is told in one line, and nothing is lost."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints
from slimnets.datasets import metadata, record_faults, tfrecord
from slimnets.training import trainer
from tests.datasets.records import damage, write
from tests.tiny_runs import refused, silent

pytestmark = pytest.mark.usefixtures("ended_pipelines")


@pytest.fixture
def broken_data(tmp_path):
    """Returns a maker of datasets with one record that is not as the others."""

    def make(label: int = 0, encoded: bytes | None = None) -> Path:
        folder = tmp_path / "data"
        folder.mkdir()
        metadata.write_labels(folder, ("a", "b", "c"))
        png = tf.io.encode_png(np.zeros([8, 8, 3], np.uint8)).numpy()
        with tf.io.TFRecordWriter(str(folder / "toy_train.tfrecord")) as writer:
            for _ in range(5):
                writer.write(tfrecord.make_example(png, "png", 1, 8, 8))
            broken = png if encoded is None else encoded
            writer.write(tfrecord.make_example(broken, "png", label, 8, 8))
        return folder

    return make


@pytest.mark.parametrize("label", [3, -1])
def test_a_label_outside_the_classes(config, broken_data, label):
    folder = broken_data(label=label)
    message = refused(config(dataset_dir=str(folder)))
    assert message == (
        f"{folder}/toy_train.tfrecord, record 5 (the first is 0): label {label} is"
        " outside the 3 classes 0 to 2"
    )


def test_a_label_below_the_offset(config, broken_data):
    message = refused(config(dataset_dir=str(broken_data()), labels_offset=1))
    assert "record 5 (the first is 0): label 0 is outside" in message


@pytest.mark.parametrize("strategy", ["none", "mirrored"])
def test_an_image_that_does_not_decode(config, broken_data, strategy):
    folder = broken_data(encoded=b"\x89PNG\r\n\x1a\nand no more")
    clones = 2 if strategy == "mirrored" else 0
    message = refused(
        config(dataset_dir=str(folder), strategy=strategy, num_clones=clones)
    )
    assert f"{folder}/toy_train.tfrecord, record 5 (the first is 0): " in message
    assert "the png image does not decode" in message


def test_a_file_that_is_cut_off(config, broken_data):
    path = broken_data() / "toy_train.tfrecord"
    path.write_bytes(path.read_bytes()[:-20])
    message = refused(config(dataset_dir=str(path.parent)))
    assert f"{path} is cut off in record 5 (the first is 0)" in message


def test_a_record_that_is_damaged(config, broken_data):
    path = broken_data() / "toy_train.tfrecord"
    content = bytearray(path.read_bytes())
    content[-30] ^= 0xFF
    path.write_bytes(content)
    message = refused(config(dataset_dir=str(path.parent)))
    assert f"{path}, record 5 (the first is 0): its checksum is wrong" in message


def test_the_last_checkpoint_survives_bad_data(config, broken_data, tmp_path):
    good = trainer.train(config(), silent).checkpoint
    made = config(dataset_dir=str(broken_data(label=9)), max_number_of_steps=9)
    refused(made)
    assert checkpoints.find(tmp_path / "run") == good


def test_the_bad_record_alone_is_looked_into(config, broken_data, monkeypatch):
    """Not the whole dataset: a second reading of that may take hours."""
    folder = broken_data(encoded=b"no image")
    looked_into = []
    describe = record_faults.describe_record

    def note(serialized: bytes, **arguments: Any) -> str | None:
        looked_into.append(serialized)
        return describe(serialized, **arguments)

    monkeypatch.setattr(record_faults, "describe_record", note)
    made = config(dataset_dir=str(folder), num_preprocessing_threads=1)
    assert "record 5 (the first is 0): not an image" in refused(made)
    assert len(looked_into) <= 4  # others may be at work just then


@pytest.mark.parametrize("seed", [pytest.param(None, marks=pytest.mark.slow), 1])
def test_bad_records_are_skipped_and_listed(config, broken_data, seed):
    folder = broken_data(encoded=b"no image")
    flags = {"dataset_dir": str(folder), "on_bad_record": "skip", "seed": seed}
    outcome = trainer.train(config(max_number_of_steps=9, **flags), silent)
    assert outcome.step == 9
    [line] = outcome.left_out
    assert line.startswith(
        f"{folder}/toy_train.tfrecord, record 5 (the first is 0): not an image"
    )
    assert "more than --max_bad_records=0 bad records, such as" in refused(
        config(max_number_of_steps=18, max_bad_records=0, **flags)
    )


@pytest.mark.parametrize(
    ("part", "reason"),
    [("data", "its checksum is wrong"), ("length", "its length is damaged, so what")],
)
def test_a_damaged_record_is_named_or_listed(config, broken_data, part, reason):
    """Without dataset.json one whose length is damaged counts as its file's last."""
    folder = broken_data()
    path = folder / "toy_train.tfrecord"
    damage(path, 1, part)
    named = f"{path}, record 1 (the first is 0): {reason}"
    assert refused(config(dataset_dir=str(folder))).startswith(named)
    flags = {"dataset_dir": str(folder), "on_bad_record": "skip"}
    outcome = trainer.train(config(max_number_of_steps=9, **flags), silent)
    [line] = outcome.left_out
    assert line.startswith(named)


@pytest.mark.parametrize(
    ("most", "message"),
    [(3, "more than --max_bad_records=3 bad"), (500, "no image of a whole epoch can")],
)
def test_a_dataset_of_bad_records_ends(config, tmp_path, most, message):
    metadata.write_labels(tmp_path, ("a", "b", "c"))
    record = tfrecord.make_example(b"no image", "png", 1, 8, 8)
    write(tmp_path / "toy_train.tfrecord", [record] * 20)
    flags = {"on_bad_record": "skip", "max_bad_records": most}
    assert refused(config(dataset_dir=str(tmp_path), **flags)).startswith(message)


def test_a_data_service_cannot_tell_what_it_skips(config):
    flags = {"on_bad_record": "skip", "data_service": "grpc://localhost:1"}
    assert "cannot tell which records --data_service" in refused(config(**flags))
