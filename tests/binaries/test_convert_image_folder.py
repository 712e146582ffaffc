"""train.convert_image_folder from the command line."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets.datasets import image_folder
from slimnets.datasets.registry import get_dataset, list_splits
from tests.binaries import programs

MODULE = "train.convert_image_folder"
FLOWERS = Path(__file__).parents[3] / "shared" / "flowers"


@pytest.fixture
def photos(tmp_path):
    noise = np.random.default_rng(0)
    for number in range(40):
        path = tmp_path / "photos" / ("cat", "dog")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = noise.integers(0, 256, (10, 10, 3)).astype(np.uint8)
        path.write_bytes(tf.io.encode_jpeg(image).numpy())
    return tmp_path / "photos"


def test_sound_folder_is_converted_with_a_summary(run, photos, tmp_path):
    output = tmp_path / "out"
    printed = run(
        MODULE,
        f"--images={photos}",
        f"--output={output}",
        "--name=pets",
        "--validation_fraction=0.25",
        "--shards=2",
    )
    header, *_, totals = printed.splitlines()
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
    flags = (f"--images={photos}", f"--output={output}", "--name=pets")
    ended = programs.run(MODULE, *flags)
    assert ended.status == 1
    assert "25 files left out" in ended.printed
    listed = [line for line in ended.said.splitlines() if "left out: " in line]
    assert len(listed) == 21
    assert listed[0].endswith("note00.jpg: not an image")
    assert listed[-1].endswith(f"all 25 are in {output / 'broken_images.txt'}")
    assert len((output / "broken_images.txt").read_text().splitlines()) == 25
    assert get_dataset(str(output), "train").num_examples > 0


def test_bad_input_is_one_line_and_the_status_is_2(refuses, photos, tmp_path):
    (tmp_path / "file").touch()
    flags = (f"--images={photos}", f"--output={tmp_path}/file/x", "--name=pets")
    assert refuses(MODULE, *flags) == (
        f"error: cannot write to {tmp_path}/file/x: Not a directory"
    )


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_real_photos_are_all_taken(tmp_path):
    if not FLOWERS.is_dir():
        pytest.skip(f"no photos in {FLOWERS}")
    report = image_folder.convert(FLOWERS, tmp_path / "flowers", "flowers")
    assert report.broken == []
    totals = {split: sum(counts.values()) for split, counts in report.counts.items()}
    assert sum(totals.values()) == 4309
    assert 0.08 < totals["validation"] / 4309 < 0.12
