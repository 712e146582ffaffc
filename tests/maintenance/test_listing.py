"""Listing: steps, dates, sizes, marks, settings, leftovers."""

import os

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.maintenance import listing

VALUES = {"w": np.arange(3, dtype=np.float32)}


def test_a_run_is_listed_with_its_settings(run):
    for file in run.glob("model.ckpt-*"):
        os.utime(file, (1e9, 1e9))
    lines = listing.describe(listing.read(run)).splitlines()
    assert "tiny_bn, 3 classes, images of 8 pixels" in lines[0]
    assert lines[1].startswith("optimizer=momentum, learning_rate=0.1, batch_size=4")
    assert [line.split()[:2] for line in lines[3:]] == [
        ["model.ckpt-1", "1"],
        ["model.ckpt-2", "2"],
        ["model.ckpt-3", "3"],
    ]
    assert all("2001-09-09 01:46:40" in line for line in lines[3:])
    assert [line.endswith("latest") for line in lines[3:]] == [False, False, True]


def test_best_damaged_and_leftover_are_marked(tmp_path):
    for step in (1, 2, 3):
        checkpoints.save(tmp_path, step, VALUES)
    checkpoints.copy(str(tmp_path / "model.ckpt-1"), tmp_path / "best")
    (tmp_path / "model.ckpt-3.data-00000-of-00001").write_bytes(b"")
    (tmp_path / "unfinished-model.ckpt-4.index").write_bytes(b"x")
    folder = listing.read(tmp_path)
    text = listing.describe(folder)
    assert [bool(item.damage) for item in folder.items] == [False, False, True]
    assert text.splitlines()[2].endswith("best")
    assert text.splitlines()[3].endswith("latest")
    assert text.splitlines()[4].endswith("damaged")
    assert "left by failed saves: 1 files" in text


def test_v1_format_and_tf2_objects_are_listed(tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.compat.v1.get_variable("w", [2])
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver(
            write_version=tf.compat.v1.train.SaverDef.V1, save_relative_paths=True
        )
        saver.save(session, str(tmp_path / "old.ckpt"), global_step=5)
    tf.train.Checkpoint(w=tf.Variable([1.0], name="w")).write(str(tmp_path / "new-6"))
    folder = listing.read(tmp_path)
    assert [(item.step, item.damage) for item in folder.items] == [(5, ""), (6, "")]
    assert "V1 format" in listing.describe(folder).splitlines()[2]


def test_an_empty_folder_and_none(tmp_path):
    assert listing.describe(listing.read(tmp_path)) == "no checkpoints"
    with pytest.raises(errors.InputError, match="is no folder"):
        listing.read(tmp_path / "none")
