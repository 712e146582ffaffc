"""Fine-tuning from published weights, by name."""

import io
import json
import tarfile

import numpy as np
import pytest

from slimnets import checkpoints, user_cache
from slimnets.checkpoints import run_settings
from slimnets.nets import published
from slimnets.training import trainer
from tests.tiny_runs import silent, weights
from tests.weights.published import mirror as mirrors


@pytest.fixture
def by_name(config, tmp_path, monkeypatch):
    """Publishes a run of three classes; returns it, and flags that start from it."""
    old = trainer.train(config(train_dir=str(tmp_path / "old")), silent)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for file in checkpoints.list_files(old.checkpoint):
            tar.add(file, file.name)
    with mirrors.serve() as mirror:
        mirror.files["/it.tgz"] = content.getvalue()
        facts = {"url": mirror.url("/it.tgz"), "preprocessing": "standard(crop=1.0)"}
        path = tmp_path / "catalogue.json"
        path.write_text(json.dumps({"tiny": {"theirs": facts}}))
        monkeypatch.setenv(published.CATALOGUE, str(path))
        monkeypatch.setenv(user_cache.HOME, str(tmp_path / "home"))
        yield old.checkpoint, {"checkpoint_path": "imagenet"}


def test_the_head_starts_anew_and_the_recipe_goes_along(by_name, config):
    checkpoint, flags = by_name
    lines = []
    made = config(**flags, labels_offset=-1, learning_rate=0.0)  # four classes
    new = trainer.train(made, lines.append)
    assert (
        "as the weights were made for: --preprocessing_name=standard(crop=1.0)"
        " --image_size=8"
    ) in lines
    assert (
        "the weights are for 3 classes and the network has 4: its head, Tiny/Logits,"
        " starts anew"
    ) in lines
    old, now = weights(checkpoint), weights(new.checkpoint)
    np.testing.assert_array_equal(now["Tiny/Conv/weights"], old["Tiny/Conv/weights"])
    assert now["Tiny/Logits/weights"].shape == (4, 4)
    settings = run_settings.read(new.checkpoint)
    assert settings.preprocessing_name == "standard(crop=1.0)"


@pytest.mark.slow
def test_the_run_is_resumed_as_it_was(by_name, config):
    """Without the weights, whose server may be gone."""
    _, flags = by_name
    trainer.train(config(**flags), silent)
    lines = []
    more = trainer.train(config(**flags, max_number_of_steps=4), lines.append)
    assert more.step == 4
    assert not [line for line in lines if "from here on" in line]
    settings = run_settings.read(more.checkpoint)
    assert settings.preprocessing_name == "standard(crop=1.0)"


def test_a_flag_comes_before_what_goes_with_the_weights(by_name, config):
    _, flags = by_name
    run = trainer.train(config(**flags, preprocessing_name="inception"), silent)
    assert run_settings.read(run.checkpoint).preprocessing_name == "inception"
