"""What a run finds by its settings: photos as they lie in their folders."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import user_cache
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig, ExtractConfig
from slimnets.datasets import image_folder
from slimnets.inference import evaluator, features
from slimnets.training import trainer
from tests.tiny_runs import CLASSES, make_config, silent, toy_split, weights


@pytest.fixture
def photos(tmp_path, monkeypatch) -> Path:
    """Returns a folder of 12 photos in train/ and 7 in val/, and of one broken file."""
    monkeypatch.setenv(user_cache.HOME, str(tmp_path / "home"))
    for name, split in {"train": toy_split(12, 0), "val": toy_split(7, 1)}.items():
        for number, (image, label) in enumerate(
            zip(split.images, split.labels, strict=True)
        ):
            path = tmp_path / "photos" / name / CLASSES[label] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tf.io.encode_png(image).numpy())
    (tmp_path / "photos" / "train" / "red" / "broken.png").write_bytes(b"\x89PNG")
    return tmp_path / "photos"


def infer(run, config_class, function, **flags):
    """Runs a program on what training left."""
    flags["checkpoint_path"] = str(run)
    return function(dataclass_flags.from_dict(config_class, flags), silent)


def test_photos_train_and_evaluate_as_if_converted(photos, tmp_path):
    image_folder.convert(photos, tmp_path / "data", "photos")
    of_records = trainer.train(
        make_config(str(tmp_path / "data"), tmp_path / "a"), silent
    )
    of_photos = trainer.train(make_config(str(photos), tmp_path / "b"), silent)
    broken = photos / "train" / "red" / "broken.png"
    assert of_photos.left_out == (f"{broken}: not an image",)
    assert not of_records.left_out
    one, other = weights(of_records.checkpoint), weights(of_photos.checkpoint)
    assert [n for n in one if one[n].tobytes() != other[n].tobytes()] == []
    [expected] = infer(tmp_path / "a/run", EvalConfig, evaluator.evaluate)
    [result] = infer(tmp_path / "b/run", EvalConfig, evaluator.evaluate)
    np.testing.assert_array_equal(
        result.summary.confusion_matrix, expected.summary.confusion_matrix
    )
    assert result.summary.loss == expected.summary.loss
    assert result.left_out == of_photos.left_out


@pytest.mark.slow
def test_features_of_photos(photos, tmp_path):
    trainer.train(make_config(str(photos), tmp_path), silent)
    extraction = infer(
        tmp_path / "run",
        ExtractConfig,
        features.extract,
        output=str(tmp_path / "out.npz"),
        end_points=("Logits",),
    )
    assert extraction.num_images == 7
    assert len(extraction.left_out) == 1
    with np.load(tmp_path / "out.npz") as arrays:
        assert {name.split("/")[0] for name in arrays["filename"]} == {"val"}
