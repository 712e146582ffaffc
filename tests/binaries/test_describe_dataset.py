"""eval.describe_dataset from the command line."""

import json

from tests.binaries import programs

MODULE = "eval.describe_dataset"


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_photos_with_a_broken_one(tmp_path, monkeypatch):
    import tensorflow as tf

    monkeypatch.setenv("SLIMNETS_HOME", str(tmp_path / "home"))
    for split, count in (("train", 3), ("val", 2)):
        for number in range(count):
            path = tmp_path / "photos" / split / "cat" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image = tf.fill([9, 9, 3], tf.constant(number, tf.uint8))
            path.write_bytes(tf.io.encode_png(image).numpy())
    (tmp_path / "photos" / "val" / "cat" / "text.jpg").write_text("text")
    flags = (f"--dataset_dir={tmp_path}/photos", f"--json={tmp_path}/out.json")
    sheet = tmp_path / "sheet.png"
    ended = programs.run(MODULE, *flags, f"--contact_sheet={sheet}")
    assert ended.status == 1, ended.said
    assert "images in more than one split: 2" in ended.printed
    assert "left out before: 1" in ended.printed
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["splits"]["validation"]["classes"] == {"cat": 2}
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_bad_input(refuses, tmp_path):
    line = refuses(MODULE, f"--dataset_dir={tmp_path}")
    assert line.startswith(f"error: {tmp_path} holds no dataset: no TFRecords, no")
