"""eval.classify_images from the command line."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.binaries import programs

MODULE = "eval.classify_images"


@pytest.fixture
def photos(tmp_path):
    """Returns a folder with two photos, and a file that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(2):
        image = np.zeros([8, 8, 3], np.uint8)
        image[..., number] = 200
        (folder / f"{number}.png").write_bytes(tf.io.encode_png(image).numpy())
    (folder / "9.png").write_bytes(b"no image")
    return folder


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_a_folder_with_a_broken_file(mirrored_run, photos):
    flags = (f"--checkpoint_path={mirrored_run[0]}", "--format=jsonl", "--top=2")
    ended = programs.run(MODULE, str(photos), *flags)
    assert ended.status == 1
    rows = [json.loads(line) for line in ended.printed.splitlines()]
    assert [row["file"][-5:] for row in rows] == ["0.png", "1.png", "9.png"]
    for row in rows[:2]:
        first, second = row["classes"]
        assert first["name"] in ("red", "green", "blue")
        assert 0 <= second["probability"] <= first["probability"] <= 1
    assert rows[2]["error"].endswith("9.png: not an image")
    assert "left out: " in ended.said.splitlines()[-1]


def test_an_explanation_lies_beside_each_photo(mirrored_run, photos):
    flags = (f"--checkpoint_path={mirrored_run[0]}", "--explain")
    for _ in range(2):  # the second time they are not taken for photos
        ended = programs.run(MODULE, str(photos), *flags)
        assert len(ended.printed.splitlines()) == 2
    written = sorted(path.name for path in photos.glob("*.explained.png"))
    assert written == ["0.png.explained.png", "1.png.explained.png"]
    picture = tf.io.decode_png((photos / written[0]).read_bytes())
    assert picture.shape == (32, 32, 3)


def test_bad_input(refuses, mirrored_run, tmp_path):
    line = refuses(MODULE, f"--checkpoint_path={mirrored_run[0]}")
    assert line.startswith("error: name the photos to classify: files, folders, or -")
