"""Folded batch norm gets the moments of its inputs, and computes as before."""

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.checkpoint_files import CheckpointsConfig
from slimnets.maintenance import unfolding
from slimnets.model import Model
from tests.inference.test_evaluator import images_and_labels
from tests.tiny_runs import silent, weights

EPSILON = 0.001  # of TF-Slim's batch norm
NORM = "Tiny/Conv/BatchNorm/"
FOLDED = {
    "Tiny/Conv/weights": np.linspace(-1, 1, 108, dtype=np.float32).reshape(3, 3, 3, 4),
    f"{NORM}gamma": np.ones([4], np.float32),
    f"{NORM}beta": np.array([0.5, -0.25, 0.0, 3.0], np.float32),
    f"{NORM}moving_mean": np.zeros([4], np.float32),
    f"{NORM}moving_variance": np.full([4], 0.999, np.float32),
    "Tiny/Logits/weights": np.linspace(1, -1, 12, dtype=np.float32).reshape(4, 3),
    "Tiny/Logits/biases": np.array([0.1, 0.2, 0.3], np.float32),
}


@pytest.fixture
def folded(tmp_path) -> str:
    return checkpoints.save(tmp_path / "folded", 0, FOLDED)


def unfold(path, output, **flags) -> str:
    flags = {"model": "tiny_gamma", "output": str(output)} | flags
    config = dataclass_flags.from_dict(CheckpointsConfig, flags)
    return unfolding.unfold(str(path), config, silent)


def logits(path: str, images: np.ndarray) -> np.ndarray:
    model = Model("tiny_gamma", 3)
    model.restore(path)
    return model(images, is_training=False)[0].numpy()


def test_it_has_the_moments_of_its_inputs(folded, toy_data, tmp_path):
    path = unfold(folded, tmp_path / "new", dataset_dir=toy_data, batch_size=6)
    made = weights(path)
    assert sorted(made) == sorted(FOLDED)
    images, _ = images_and_labels(toy_data, "train")
    padded = np.pad(images.astype(np.float64), ((0, 0), (0, 1), (0, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    kernel = FOLDED["Tiny/Conv/weights"].astype(np.float64)
    inputs = np.einsum("bhwcij,ijco->bhwo", windows[:, ::2, ::2], kernel)
    mean, variance = inputs.mean(axis=(0, 1, 2)), inputs.var(axis=(0, 1, 2))
    expected = {
        "moving_mean": mean,
        "moving_variance": variance,
        "gamma": np.sqrt(variance + EPSILON) / np.sqrt(0.999 + EPSILON),
        "beta": FOLDED[f"{NORM}beta"] + mean / np.sqrt(0.999 + EPSILON),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(made[NORM + name], value, rtol=1e-4, err_msg=name)


def test_it_computes_as_before(folded, toy_data, tmp_path):
    """Of other images than those of the moments, too."""
    path = unfold(folded, tmp_path / "new", dataset_dir=toy_data, num_images=5)
    images, _ = images_and_labels(toy_data, "validation")
    before = logits(folded, images)
    np.testing.assert_allclose(logits(path, images), before, rtol=1e-5, atol=1e-5)
    assert np.ptp(before) > 0.1


def test_training_computes_as_evaluation_on_these_images(folded, toy_data, tmp_path):
    """Which it does not with the folded weights: that is what unfolding is for."""
    path = unfold(folded, tmp_path / "new", dataset_dir=toy_data, batch_size=12)
    images, _ = images_and_labels(toy_data, "train")
    wanted = logits(folded, images)
    for checkpoint, is_same in ((path, True), (folded, False)):
        model = Model("tiny_gamma", 3)
        model.restore(checkpoint)
        found = model(images, is_training=True)[0].numpy()
        assert np.allclose(found, wanted, rtol=1e-3, atol=1e-3) == is_same


@pytest.mark.parametrize(
    ("model", "left_out", "said"),
    [
        ("tiny", "BatchNorm", "tiny has no batch norm"),
        (
            "tiny_bn",
            "gamma",
            "norm of Tiny/Conv/BatchNorm/moving_mean has no",
        ),
    ],
)
def test_what_cannot_be_unfolded_is_refused(model, left_out, said, toy_data, tmp_path):
    values = {name: v for name, v in FOLDED.items() if left_out not in name}
    if model == "tiny":
        values["Tiny/Conv/biases"] = np.ones([4], np.float32)
    path = checkpoints.save(tmp_path / "other", 0, values)
    with pytest.raises(errors.InputError, match=said) as caught:
        unfold(path, tmp_path / "new", model=model, dataset_dir=toy_data)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_averages_beside_the_weights_are_refused(folded, toy_data, tmp_path):
    flags = {"dataset_dir": toy_data, "moving_averages": "keep"}
    with pytest.raises(errors.InputError, match="give take or drop"):
        unfold(folded, tmp_path / "new", **flags)


def test_without_settings_the_images_have_to_be_named(folded, tmp_path):
    """Not those of the package's digits, which training without a dataset takes."""
    with pytest.raises(errors.InputError, match="name images with --dataset_dir"):
        unfold(folded, tmp_path / "new")
