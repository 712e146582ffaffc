"""Training with augmentation: by seed, resumed, on several replicas, or refused."""

import numpy as np
import pytest

from slimnets.checkpoints import run_settings
from slimnets.config.inference import EvalConfig, TrainedNetworkConfig
from slimnets.inference import evaluator
from slimnets.model import Model
from slimnets.training import trainer
from slimnets.training.batches import TrainingBatches
from slimnets.training.resources import find_resources
from tests.tiny_runs import assert_same, refused, silent, weights

ALL = {
    "augment": "randaugment(num_layers=1, magnitude_std=1)",
    "random_erasing": 0.5,
    "random_erasing_mode": "noise",
    "mixup_alpha": 0.4,
    "cutmix_alpha": 1.0,
    "crop_scale": (0.3, 1.0),
    "vflip": 0.5,
}


def train(config, **flags) -> str:
    return trainer.train(config(**flags), silent).checkpoint


@pytest.mark.slow
def test_a_seed_repeats_it_and_a_resumed_run_is_the_same(config, tmp_path):
    steps = {"max_number_of_steps": 5, **ALL}
    whole = train(config, train_dir=str(tmp_path / "whole"), **steps)
    parts = {"train_dir": str(tmp_path / "parts"), **ALL}
    train(config, max_number_of_steps=2, **parts)
    resumed = train(config, max_number_of_steps=5, **parts)
    assert_same(whole, resumed, rtol=0)
    other = train(config, train_dir=str(tmp_path / "other"), **steps | {"seed": 2})
    assert np.any(
        weights(whole)["Tiny/Conv/weights"] != weights(other)["Tiny/Conv/weights"]
    )


@pytest.mark.slow
def test_several_steps_a_call_are_the_same(config, tmp_path):
    runs = [
        train(
            config,
            train_dir=str(tmp_path / str(steps)),
            steps_per_call=steps,
            max_number_of_steps=4,
            **ALL,
        )
        for steps in (1, 3)
    ]
    assert_same(*runs, rtol=1e-4, atol=1e-6)  # two graphs round in their own ways


@pytest.mark.parametrize("flags", [{"augment": "trivialaugment"}, {"cutmix_alpha": 1}])
def test_it_differs_from_training_without(flags, config):
    def take_images(**flags) -> np.ndarray:
        made = config(**flags)
        strategy, dataset, num_classes = find_resources(made)
        model = Model("tiny", num_classes)
        images, _ = next(TrainingBatches(strategy, made, dataset, model, 0))
        return images.numpy()

    assert np.any(take_images() != take_images(**flags))


def test_mixing_without_a_seed(config):
    assert train(config, seed=None, mixup_alpha=0.2).endswith("-2")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"augment": "randaugmnt"}, "did you mean randaugment"),
        (
            {"augment": "randaugment(magnitude=30)"},
            "is not a number from 0 to 10; torch",
        ),
        ({"augment": "randaugment(layers=2)"}, "did you mean num_layers"),
        (
            {"augment": "randaugment(num_layers=1.5)"},
            "is not a whole number from 1 to 8",
        ),
        ({"augment": "autoaugment(x=1)"}, "autoaugment takes no arguments"),
        ({"augment": "rand-m9-mstd0.5"}, "'randaugment(num_layers=2, magnitude=9"),
        ({"crop_scale": (0.5,)}, "--crop_scale=0.5 has to be two numbers above 0"),
        ({"crop_scale": (0.5, 2.0)}, "at most 1, the least first"),
        ({"crop_ratio": (2.0, 1.0)}, "--crop_ratio=2,1 has to be two numbers"),
        ({"color_jitter": (0.4, 0.4)}, "--color_jitter=0.4,0.4 has to be one number"),
        ({"color_jitter": (0.4, 0.4, 0.4, 0.6)}, "hue at most 0.5"),
        ({"hflip": 1.5}, "--hflip=1.5 must be at least 0 and at most 1"),
        ({"mixup_alpha": -1.0}, "--mixup_alpha=-1.0 must be at least 0"),
        ({"mixup_alpha": 0.2, "batch_size": 1}, "it has one image; raise --batch_size"),
        ({"interpolation": "cubic"}, "did you mean bicubic"),
        ({"crop_pct": 0.9}, "--crop_pct: the recipe plain has no such step"),
        (
            {"train_interpolation": "area", "preprocessing_name": "cifarnet"},
            "the recipe cifarnet has no such step of its own; give --crop_scale too",
        ),
    ],
)
def test_what_is_refused(flags, message, config):
    assert message in refused(config(**flags))


@pytest.mark.slow
def test_evaluation_takes_the_run_s_resizing(config, toy_data):
    checkpoint = train(
        config, preprocessing_name="inception", crop_pct=0.5, interpolation="nearest"
    )
    saved = run_settings.read(checkpoint)
    assert saved is not None
    recipe = "inception(crop=0.5, interpolation='nearest')"
    assert saved.preprocessing_name == recipe

    def loss(**flags) -> float:
        trained = TrainedNetworkConfig(
            checkpoint_path=checkpoint, dataset_dir=toy_data, **flags
        )
        [evaluation] = evaluator.evaluate(EvalConfig(trained=trained), silent)
        return evaluation.summary.list_scalars()["loss"]

    assert loss() == loss(preprocessing_name=recipe)
    assert loss() != loss(preprocessing_name="inception")
