"""Images of any number of labels, from the list to evaluation, features and export."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics as sklearn_metrics

from slimnets import checkpoints, errors, user_cache
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig, ExportConfig, ExtractConfig
from slimnets.inference import evaluator, exporter, features
from slimnets.model import Model
from slimnets.training import trainer
from tests.tiny_runs import CLASSES, SIZE, make_config, refused, silent

SIZES = {"train": 12, "val": 7}
# Of five images in turn: labels by name.
LABELS = (("red",), ("green", "blue"), (), ("red", "green", "blue"), ("blue",))


@pytest.fixture(scope="module")
def images():
    """Returns uint8 images by split, in which the channels of the labels are bright."""
    noise = np.random.default_rng(0)
    made = {}
    for split, size in SIZES.items():
        pixels = noise.integers(0, 100, (size, SIZE, SIZE, 3)).astype(np.uint8)
        for k in range(size):
            for name in LABELS[k % len(LABELS)]:
                pixels[k, ..., CLASSES.index(name)] += 120
        made[split] = pixels
    return made


@pytest.fixture(scope="module")
def listed(images, tmp_path_factory) -> Path:
    """Returns a list of photos."""
    folder = tmp_path_factory.mktemp("several")
    with open(folder / "labels.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "labels", "split"])
        for split, pixels in images.items():
            for k, image in enumerate(pixels):
                (folder / f"{split}{k}.png").write_bytes(
                    tf.io.encode_png(image).numpy()
                )
                labels = "|".join(LABELS[k % len(LABELS)])
                writer.writerow([f"{split}{k}.png", labels, split])
    return folder / "labels.csv"


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """Puts the user's cache into a folder of its own."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(user_cache.HOME, str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def run(tiny_networks, listed, tmp_path_factory) -> Path:
    """Returns the folder of a network that was trained and validated."""
    folder = tmp_path_factory.mktemp("trained")
    config = make_config(
        str(listed), folder, loss="sigmoid", model="tiny_bn", eval_every=2
    )
    trainer.train(config, silent)
    return folder / "run"


def infer(function, config_class, path, **flags):
    """Runs a program on a checkpoint."""
    flags["checkpoint_path"] = str(path)
    return function(dataclass_flags.from_dict(config_class, flags), silent)


def evaluated(path, **flags):
    [result] = infer(evaluator.evaluate, EvalConfig, path, **flags)
    return result


@pytest.fixture
def expected(run, images):
    """Returns logits of the network, and the labels, by numpy."""
    model = Model("tiny_bn", 3)
    checkpoints.restore(model.variables_by_name, checkpoints.require(run))
    logits = model(images["val"].astype(np.float32) / 127.5 - 1)[0].numpy()
    names = [LABELS[k % len(LABELS)] for k in range(SIZES["val"])]
    order = ("blue", "green", "red")
    return logits, np.array([[name in each for name in order] for each in names])


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param({"batch_size": 1}, marks=pytest.mark.slow),
        {"batch_size": 3},
        pytest.param({"batch_size": 100}, marks=pytest.mark.slow),
        {"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True},
    ],
    ids=["1", "3", "100", "replicas"],
)
def test_every_image_counts_once(run, expected, flags):
    summary = evaluated(run, **flags).summary
    logits, labels = expected
    precision = sklearn_metrics.average_precision_score(labels, logits, average=None)
    np.testing.assert_allclose(summary.average_precision, precision, rtol=1e-6)
    assert summary.f1_micro == pytest.approx(
        sklearn_metrics.f1_score(labels, logits > 0, average="micro")
    )
    np.testing.assert_array_equal(summary.count, labels.sum(axis=0))
    loss = np.log1p(np.exp(np.where(labels, -logits, logits))).mean()
    assert summary.loss == pytest.approx(loss, rel=1e-5)
    assert summary.num_examples == 7


def test_results_and_the_lines_of_training(run):
    result = evaluated(run)
    written = json.loads((Path(result.eval_dir) / "results-2.json").read_text())
    assert written["map"] == result.summary.map
    assert [row["name"] for row in written["classes"]] == ["blue", "green", "red"]
    [line] = (run / "metrics.jsonl").read_text().splitlines()
    assert json.loads(line)["map"] == pytest.approx(result.summary.map, rel=1e-4)
    assert (run / "best" / "model.ckpt-2.index").exists()


def test_features_have_all_labels_and_sigmoids(run, expected, tmp_path):
    _, labels = expected
    flags = {"end_points": ("Logits", "Predictions")}
    for name in ("out.npz", "out.tfrecord"):
        output = str(tmp_path / name)
        infer(features.extract, ExtractConfig, run, output=output, **flags)
    with np.load(tmp_path / "out.npz") as found:
        rows = [int(name.removeprefix("val")[:-4]) for name in found["filename"]]
        np.testing.assert_array_equal(found["label"], labels[rows])
        assert found["class_name"][rows.index(1)] == "blue|green"
        assert found["class_name"][rows.index(2)] == ""
        expected_probabilities = 1 / (1 + np.exp(-found["Logits"]))
        np.testing.assert_allclose(found["Predictions"], expected_probabilities, 1e-5)
    records = tf.data.TFRecordDataset(str(tmp_path / "out.tfrecord"))
    record = list(records.as_numpy_iterator())[rows.index(1)]
    feature = tf.train.Example.FromString(record).features.feature
    assert list(feature["image/class/label"].int64_list.value) == [0, 1]
    assert list(feature["image/class/text"].bytes_list.value) == [b"blue", b"green"]


@pytest.mark.slow
def test_an_export_has_sigmoids(run, tmp_path):
    infer(exporter.export, ExportConfig, run, output=str(tmp_path / "out"))
    serve = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    outputs = serve(images=tf.random.uniform([2, SIZE, SIZE, 3]))
    np.testing.assert_allclose(
        outputs["probabilities"], tf.sigmoid(outputs["logits"]), rtol=1e-6
    )


def test_images_of_one_label_are_sets_of_one(run, toy_data):
    summary = evaluated(run, dataset_dir=toy_data).summary
    np.testing.assert_array_equal(summary.count, [2, 2, 3])  # blue, green, red
    assert 0 <= summary.map <= 1


def test_what_does_not_go_together(run, listed, toy_data, tmp_path):
    assert refused(make_config(str(listed), tmp_path)) == (
        "the images of labels have any number of labels each: give --loss=sigmoid or"
        " --loss=sigmoid_focal"
    )
    flags = {"loss": "sigmoid", "eval_every": 1, "best_metric": "top1"}
    assert refused(make_config(str(listed), tmp_path, **flags)) == (
        "--best_metric=top1: the evaluation of labels has map, f1_micro, f1_macro, loss"
    )
    trainer.train(make_config(toy_data, tmp_path), silent)
    with pytest.raises(
        errors.InputError, match="was trained on one an image; evaluate"
    ):
        evaluated(tmp_path / "run", dataset_dir=str(listed))
    line = refused(make_config(str(listed), tmp_path, loss="sigmoid"))
    assert "was trained on images of one label, those of labels have any number" in line
