"""The preview shows training's own images, labels beside."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.config.preview import PreviewConfig
from slimnets.training import preview
from tests.tiny_runs import CLASSES, SIZE, silent


def draw(config, tmp_path, count: int = 6, **flags) -> np.ndarray:
    """Returns the sheet's pixels, of one row."""
    path = tmp_path / "sheet.png"
    training = config(**flags)
    settings = PreviewConfig(
        output=str(path), num_images=count, columns=count, train=training
    )
    assert preview.draw(settings, silent) == path
    assert not (tmp_path / "run").exists()
    return tf.io.decode_png(path.read_bytes(), 3).numpy()


def find_pictures(sheet: np.ndarray, count: int) -> np.ndarray:
    """Returns uint8 [count, SIZE, SIZE, 3]: each pixel was enlarged 16 times."""
    row = sheet[8:136].reshape(128, -1, 3)
    tiles = [row[:, 8 + 136 * n : 136 + 136 * n] for n in range(count)]
    return np.stack(tiles)[:, ::16, ::16]


@pytest.mark.parametrize("recipe", ["plain", "cifarnet"])
def test_each_recipe_s_scaling_is_taken_back(recipe, config, tmp_path):
    flags = {"preprocessing_name": recipe, "hflip": 0.0, "color_jitter": (0.0,)}
    pictures = find_pictures(draw(config, tmp_path, **flags), 6)
    assert pictures.shape == (6, SIZE, SIZE, 3)
    means = pictures.mean(axis=(1, 2))
    # Of noise from 0 to 99, with 120 more in the channel of the class.
    assert np.all(np.sort(means, axis=1)[:, 2] - np.sort(means, axis=1)[:, 1] > 20)
    if recipe == "plain":
        assert np.median(means) == pytest.approx(50, abs=15)


@pytest.mark.slow
def test_the_same_seed_draws_the_same(config, tmp_path):
    flags = {"augment": "trivialaugment", "mixup_alpha": 1.0}
    one, same, other = (
        draw(config, tmp_path, seed=seed, **flags) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_labels_with_their_shares():
    assert preview.describe_label(np.int64(1), CLASSES) == "green"
    shares = np.array([0.25, 0.0, 0.75], np.float32)
    assert preview.describe_label(shares, CLASSES) == "blue 0.75, red 0.25"
    several = np.array([1.0, 1.0, 0.0], np.float32)
    assert preview.describe_label(several, CLASSES) == "red, green"


def test_bad_input(config, tmp_path):
    wrong = PreviewConfig(output=str(tmp_path / "no" / "x.png"), train=config())
    with pytest.raises(errors.InputError, match="cannot write --output="):
        preview.draw(wrong, silent)
    nameless = dataclasses.replace(config(), model="")
    with pytest.raises(errors.InputError, match="give --model"):
        preview.draw(PreviewConfig(train=nameless), silent)
