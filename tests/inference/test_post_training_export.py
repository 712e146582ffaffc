"""What is quantized after training is calibrated, scored, and kept where it is good."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExportConfig
from slimnets.datasets import registry as datasets
from slimnets.inference import (
    calibration,
    exporter,
    parity,
    parity_report,
    parity_scores,
    post_training_export,
)
from slimnets.inference.defaults import complete_config
from slimnets.inference.export_job import Job
from slimnets.inference.predictor import load_predictor
from slimnets.model import Model
from tests import extras
from tests.tiny_runs import EXAMPLES


def settings(path: str | Path, output: str | Path = "", **flags) -> ExportConfig:
    given = {"checkpoint_path": str(path), "format": "lite", "output": str(output)}
    given |= {"post_training_quantize": "int8"}
    return dataclass_flags.from_dict(ExportConfig, given | flags)


def exported(path: str | Path, output: Path, **flags) -> exporter.Export:
    return exporter.export(settings(path, output, **flags), lambda line: None)


def refused(path: str | Path, output: Path, **flags) -> str:
    with pytest.raises(errors.InputError) as caught:
        exported(path, output, **flags)
    assert "\n" not in str(caught.value) and not output.exists()
    return str(caught.value)


def write_photos(folder: Path, count: int = 4) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for k in range(count):
        image = random.integers(0, 255, [9 + k, 12, 3]).astype(np.uint8)
        (folder / f"{k}.png").write_bytes(tf.io.encode_png(image).numpy())
    return folder


class TestRefusals:
    """Before anything is built."""

    def test_of_another_format(self, run):
        line = refuse_early(settings(run, format="onnx"))
        assert line == (
            "--post_training_quantize=int8 is of LiteRT's files; give --format=lite"
            " instead of --format=onnx, or leave it out"
        )

    def test_of_a_network_trained_for_it(self, tmp_path):
        values = {
            "Tiny/Conv/act_quant/min": np.float32(0),
            "Tiny/Conv/act_quant/max": np.float32(6),
        }
        path = checkpoints.save(tmp_path / "rounded", 0, values)
        line = refuse_early(settings(path), path)
        assert "was trained to be rounded to 8 bits" in line

    def test_quantize_beside_it(self, run):
        line = refuse_early(settings(run, quantize=True))
        assert line.endswith("leave --post_training_quantize=int8 out")

    def test_a_word_that_is_none(self):
        with pytest.raises(errors.InputError, match="did you mean int8"):
            dataclass_flags.check(settings("", post_training_quantize="int4"))


def refuse_early(config: ExportConfig, path: str | None = None) -> str:
    path = path or checkpoints.require(config.trained.checkpoint_path)
    with pytest.raises(errors.InputError) as caught:
        post_training_export.check(config, path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestCalibration:
    """Images of the training split, or of a folder, chosen by the seed."""

    def read(self, run: Path, **flags) -> calibration.Calibration:
        config = settings(run, **flags)
        completed = complete_config(config.trained, checkpoints.require(str(run)))
        predictor = load_predictor(completed, 3)
        return calibration.read(config, completed, predictor, lambda line: None)

    @pytest.mark.slow  # loads the network five times
    def test_of_the_training_split(self, run):
        assert self.read(run).images.shape == (EXAMPLES, 8, 8, 3)
        some = [
            self.read(run, calibration_images=3, calibration_seed=seed).images
            for seed in (0, 0, 1, 2)
        ]
        assert {len(images) for images in some} == {3}
        np.testing.assert_array_equal(some[0], some[1])
        assert any(np.any(some[0] != images) for images in some[2:])

    def test_of_some_shards_of_many(self):
        dataset = datasets.get_dataset(None, "train")
        many = dataclasses.replace(
            dataset, files=("a", "b", "c", "d"), counts=(50, 50, 50, 50)
        )
        config = settings("", calibration_images=4)
        taken = calibration._take_shards(many, config)
        assert taken.counts == (50, 50) and set(taken.files) < set(many.files)
        assert calibration._take_shards(many, settings("")) == many

    def test_without_a_training_split(self, run, toy_data, tmp_path):
        left = tmp_path / "left"
        left.mkdir()
        for file in Path(toy_data).iterdir():
            if "validation" in file.name or file.name == "labels.txt":
                (left / file.name).write_bytes(file.read_bytes())
        with pytest.raises(errors.InputError) as caught:
            self.read(run, dataset_dir=str(left))
        assert str(caught.value).startswith("no training images to calibrate on: ")
        assert str(caught.value).endswith("or give a folder of photos with --images")

    def test_of_a_folder(self, run, tmp_path):
        photos = write_photos(tmp_path / "photos")
        found = self.read(run, images=str(photos), calibration_images=3)
        assert found.images.shape == (3, 8, 8, 3) and not found.left_out
        (photos / "0.png").write_bytes((photos / "0.png").read_bytes()[:60])
        found = self.read(run, images=str(photos))
        assert len(found.images) == 3
        assert [line.partition(": ")[0] for line in found.left_out] == [
            f"{photos}/0.png"
        ]

    def test_of_a_folder_of_nothing(self, run, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(errors.InputError, match="no image in"):
            self.read(run, images=str(tmp_path / "empty"))
        (tmp_path / "empty" / "a.jpg").write_bytes(b"\xff\xd8\xff")
        with pytest.raises(errors.InputError, match="no sound image in"):
            self.read(run, images=str(tmp_path / "empty"))

    def test_of_published_weights_without_images(self, tmp_path):
        model = Model("tiny", 3)
        values = {name: v.numpy() for name, v in model.variables_by_name.items()}
        path = checkpoints.save(tmp_path / "published", 0, values)
        config = settings(path, model="tiny", image_size=8)
        job = Job(config, config.trained, path, *[None] * 3, lambda line: None)
        with pytest.raises(errors.InputError, match="nothing tells what images"):
            parity_report.require_images(job)


@extras.needs("litert")
@pytest.mark.parametrize("kind", ["float16", "dynamic", "int8"])
def test_a_run_is_scored_on_its_held_out_images(run, tmp_path, kind):
    output = tmp_path / "out"
    done = exported(run, output, post_training_quantize=kind, max_drop=20)
    assert done.parity is not None and done.parity.images == 7
    assert done.parity.source == "toy, validation"
    assert done.parity.calibration_images == (EXAMPLES if kind == "int8" else 0)
    report = json.loads((output / parity.FILE).read_text())
    assert report["quantization"] == kind and report["measure"] == "top1"
    assert report["file"]["bytes"] == (output / "model.tflite").stat().st_size
    assert report["file"]["milliseconds"] > 0
    [comparison] = done.comparisons
    assert comparison.agreeing == comparison.images == 7


@extras.needs("litert")
def test_the_first_images_alone(run, tmp_path):
    flags = {"post_training_quantize": "float16", "num_images": 3, "max_drop": 40}
    done = exported(run, tmp_path / "out", **flags)
    assert done.parity.images == 3
    assert [one.images for one in done.comparisons] == [3]


@extras.needs("litert")
def test_a_folder_is_scored_by_the_same_class(run, tmp_path):
    photos = write_photos(tmp_path / "photos")
    (photos / "b.png").write_bytes(b"\x89PNG")
    done = exported(run, tmp_path / "out", images=str(photos), max_drop=100)
    assert done.parity.images == 4 and done.parity.measure == "same_class"
    assert [line.partition(": ")[0] for line in done.left_out] == [f"{photos}/b.png"]


@extras.needs("litert")
def test_a_drop_leaves_what_was_there(run, tmp_path, monkeypatch):
    output = tmp_path / "out"
    exported(run, output, max_drop=100)
    before = (output / "model.tflite").read_bytes()

    def spoil(*arguments):
        scores = score(*arguments)
        return scores._replace(measures=scores.measures | {"file": {"top1": 0.0}})

    score = parity_scores.score
    monkeypatch.setattr(parity_scores, "score", spoil)
    with pytest.raises(errors.InputError, match="more than --max_drop=1") as caught:
        exported(run, output, overwrite=True)
    assert "the int8 file is not kept: top-1 on 7 images" in str(caught.value)
    assert (output / "model.tflite").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]
    assert "more than" in refused(run, tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]
