"""train.convert_image_folder from the command line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets.datasets import image_folder
from slimnets.datasets.registry import get_dataset, list_splits

ROOT = Path(__file__).parents[2]
FLOWERS = ROOT.parent / "shared" / "flowers"


@pytest.fixture
def photos(tmp_path):
    noise = np.random.default_rng(0)
    for number in range(40):
        path = tmp_path / "photos" / ("cat", "dog")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = noise.integers(0, 256, (10, 10, 3)).astype(np.uint8)
        path.write_bytes(tf.io.encode_jpeg(image).numpy())
    return tmp_path / "photos"


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "train.convert_image_folder", *arguments],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_sound_folder_is_converted_with_a_summary(photos, tmp_path):
    output = tmp_path / "out"
    done = run(
        f"--images={photos}",
        f"--output={output}",
        "--name=pets",
        "--validation_fraction=0.25",
        "--shards=2",
    )
    assert done.returncode == 0, done.stderr
    header, *_, totals = done.stdout.splitlines()
    assert header.split() == ["train", "validation"]
    assert "40 examples of 2 classes, 0 files left out" in totals
    assert list_splits(str(output)) == ["train", "validation"]
    train = get_dataset(str(output), "train")
    assert train.class_names == ("cat", "dog")
    assert len(train.files) == 2


def test_broken_photos_are_listed_and_the_status_is_1(photos, tmp_path):
    for number in range(25):
        (photos / "cat" / f"note{number:02}.jpg").write_text("not a photo")
    output = tmp_path / "out"
    done = run(f"--images={photos}", f"--output={output}", "--name=pets")
    assert done.returncode == 1
    assert "25 files left out" in done.stdout
    listed = [line for line in done.stderr.splitlines() if "left out: " in line]
    assert len(listed) == 21
    assert listed[0].endswith("note00.jpg: not an image")
    assert listed[-1].endswith(f"all 25 are in {output / 'broken_images.txt'}")
    assert len((output / "broken_images.txt").read_text().splitlines()) == 25
    assert get_dataset(str(output), "train").num_examples > 0


def test_bad_input_is_one_line_and_the_status_is_2(photos, tmp_path):
    (tmp_path / "file").touch()
    done = run(f"--images={photos}", f"--output={tmp_path}/file/x", "--name=pets")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [f"error: cannot write to {tmp_path}/file/x: Not a directory"]
    assert "Traceback" not in done.stderr


def test_help_begins_with_an_example():
    done = run("--help")
    assert "python -m train.convert_image_folder --images=photos" in done.stdout
    assert "--validation_fraction" in done.stdout


def test_real_photos_are_all_taken(tmp_path):
    if not FLOWERS.is_dir():
        pytest.skip(f"no photos in {FLOWERS}")
    report = image_folder.convert(FLOWERS, tmp_path / "flowers", "flowers")
    assert report.broken == []
    totals = {split: sum(counts.values()) for split, counts in report.counts.items()}
    assert sum(totals.values()) == 4309
    assert 0.08 < totals["validation"] / 4309 < 0.12
