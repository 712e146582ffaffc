"""A network of one's own goes through every program, from any folder."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from tests.binaries import programs

EXAMPLE = Path(__file__).parents[2] / "examples" / "pebble.py"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """Returns the folder of a short training on the digits."""
    folder = tmp_path_factory.mktemp("pebble")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(EXAMPLE.parents[1])
        ended = programs.run(
            "train.train_image_classifier",
            "--model=examples/pebble.py:pebble",
            f"--train_dir={folder}",
            "--max_number_of_steps=3",
            "--batch_size=8",
            "--seed=1",
            "--moving_average_decay=0.5",
        )
    assert ended.status == 0, ended.said
    return folder


def test_it_is_evaluated_extracted_and_described_by_its_checkpoint_alone(
    run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert f"--model={EXAMPLE}:pebble\n" in (run / "run.flags").read_text()
    given = f"--checkpoint_path={run}"
    evaluated = programs.run("eval.eval_image_classifier", given)
    assert evaluated.status == 0, evaluated.said
    assert "restored 37 variables" in evaluated.printed
    assert "their moving averages" in evaluated.printed
    extracted = programs.run(
        "eval.extract_features", given, "--end_points=Features", "--output=out.npz"
    )
    assert "Features: 385 x 128" in extracted.printed, extracted.said
    described = programs.run("eval.describe_network", given)
    assert "37,674" in described.printed and "37 of 37" in described.printed


@pytest.mark.slow
def test_it_is_exported_and_reloaded(run, tmp_path):
    exported = programs.run(
        "eval.export_network",
        f"--checkpoint_path={run}",
        f"--output={tmp_path / 'exported'}",
        "--num_images=4",
    )
    assert exported.status == 0, exported.said
    loaded = tf.saved_model.load(str(tmp_path / "exported"))
    images = np.random.default_rng(0).uniform(-1, 1, [2, 32, 32, 3]).astype(np.float32)
    logits = loaded.signatures["serving_default"](tf.constant(images))["logits"]
    model = slimnets.Model(f"{EXAMPLE}:pebble", 10)
    model.restore(run)
    np.testing.assert_allclose(logits, model(images)[0], rtol=1e-4, atol=1e-4)


def test_a_builder_that_changed_or_moved_is_said(run, tmp_path, monkeypatch):
    moved = tmp_path / "pebble.py"
    moved.write_text(EXAMPLE.read_text())
    given = (f"--checkpoint_path={run}", f"--model={moved}:pebble")
    assert programs.run("eval.eval_image_classifier", *given).status == 0
    changed = tmp_path / "changed.py"
    changed.write_text(EXAMPLE.read_text().replace("Separable_5", "Separable_6"))
    given = (f"--checkpoint_path={run}", f"--model={changed}:pebble")
    ended = programs.run("eval.eval_image_classifier", *given)
    assert ended.status == 2
    assert "pebble may have been changed since; name its network with" in ended.said


@pytest.mark.slow
def test_a_package_that_registers_is_found_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pebbles.py").write_text(
        EXAMPLE.read_text() + "\nslimnets.register(pebble)\n"
    )
    monkeypatch.setattr("slimnets.nets.registry.NETWORKS", {})
    ended = programs.run(
        "train.train_image_classifier",
        "--import=pebbles",
        "--model=pebble",
        "--train_dir=run",
        "--max_number_of_steps=1",
        "--batch_size=4",
    )
    assert ended.status == 0, ended.said
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ended = programs.run("eval.eval_image_classifier", "--checkpoint_path=../run")
    assert ended.status == 0, ended.said
    assert '"model": "pebbles:pebble"' in (tmp_path / "run/settings.json").read_text()
