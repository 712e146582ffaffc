"""--class_map: the probabilities of a network's classes are summed to a dataset's."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import run_settings
from slimnets.datasets import arrays, imagenet_names
from slimnets.datasets.registry import Dataset
from slimnets.inference import class_map
from slimnets.inference.class_map import ClassMap
from slimnets.model import Model
from tests.inference.test_evaluator import (
    evaluated,
    images_and_labels,
    refused,
    silent,
)
from tests.tiny_runs import toy_split

WARM = {"red": "warm", "green": "warm", "blue": "cold"}
IMAGENET = "imagenet.ckpt"  # beside it there are no settings
PETS = Dataset("pets", "test", (), (1,), ("cat", "dog"), 3)


@pytest.fixture
def write(tmp_path):
    """Returns what writes a map, of any content, and gives its path."""

    def write_map(content, suffix: str = ".json") -> str:
        path = tmp_path / f"map{suffix}"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write_map


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory) -> str:
    """Returns the folder of the toy images as two classes: cold ones are blue."""
    folder = tmp_path_factory.mktemp("two")
    split = toy_split(7, 1)
    labels = np.where(split.labels == 2, 0, 1)
    made = arrays.Split(split.images, labels)
    arrays.convert(
        arrays.ArrayDataset("two", ("cold", "warm"), {"validation": made}), folder
    )
    return str(folder)


def compute(run, data: str, members: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Returns summed probabilities, without the code under test, and the labels."""
    images, labels = images_and_labels(data, "validation")
    model = Model("tiny_bn", 3)
    checkpoints.restore(model.variables_by_name, checkpoints.require(run))
    logits = model(images)[0].numpy().astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    sums = np.stack([shares[:, classes].sum(axis=1) for classes in members], axis=1)
    return sums, labels


@pytest.mark.parametrize(
    ("content", "members", "left_out"),
    [(WARM, [[2], [0, 1]], 0), ({"blue": "cold", "0": 1}, [[2], [0]], 1)],
)
def test_probabilities_are_summed(
    run, two_classes, write, tmp_path, content, members, left_out
):
    sums, labels = compute(run, two_classes, members)
    predictions = tmp_path / "predictions.csv"
    lines = []
    [result] = evaluated(
        run,
        lines.append,
        dataset_dir=two_classes,
        class_map=write(content),
        batch_size=3,
        predictions=str(predictions),
        report=f"{tmp_path}/report.html",
    )
    confusion = np.zeros([2, 2], np.int64)
    np.add.at(confusion, (labels, sums.argmax(axis=1)), 1)
    np.testing.assert_array_equal(result.summary.confusion_matrix, confusion)
    assert result.summary.top1 == np.mean(sums.argmax(axis=1) == labels)
    loss = -np.log(sums[np.arange(7), labels]).mean()
    assert result.summary.loss == pytest.approx(loss, rel=1e-5)
    assert result.class_names == ("cold", "warm") and not result.fault
    rows = list(csv.DictReader(predictions.read_text().splitlines()))
    for row, of_image, label in zip(rows, sums, labels, strict=True):
        order = np.argsort(-of_image)
        assert row["label"] == ("cold", "warm")[label]
        assert row["class"] == ("cold", "warm")[order[0]]
        assert float(row["probability"]) == pytest.approx(of_image.max(), rel=1e-5)
        assert float(row["probability_2"]) == pytest.approx(of_image.min(), rel=1e-5)
    line = (
        "classes of the network that are mapped to no class of two: 1 of 3; their"
        " probability is left out"
    )
    assert (line in lines) == bool(left_out)
    written = json.loads((run / "eval_validation" / "results-2.json").read_text())
    assert written["class_map"] == {
        "network_classes": 3,
        "left_out": left_out,
        "images_of_other_classes": 0,
    }


def test_images_of_a_class_that_the_network_cannot_say(run, two_classes, write):
    lines = []
    everything = dict.fromkeys(WARM, "warm")
    [result] = evaluated(
        run, lines.append, dataset_dir=two_classes, class_map=write(everything)
    )
    assert (
        "classes of two that no class of the network is mapped to: cold; their images"
        " cannot be right" in lines
    )
    assert (
        "images of classes that no class of the network is mapped to: 2; they count as"
        " wrong, and make the loss infinite" in lines
    )
    summary = result.summary
    assert (summary.top1, summary.top5, summary.loss) == (5 / 7, 5 / 7, np.inf)
    written = json.loads((run / "eval_validation" / "results-2.json").read_text())
    assert written["loss"] is None
    assert written["class_map"]["images_of_other_classes"] == 2


def test_tiny_probabilities_and_logits_that_are_not_finite():
    logits = tf.constant([[0.0, -3000.0, -3000.0], [0.0, np.nan, 1.0]])
    found = ClassMap((-1, 1, 1), 3)
    sums = found.sum(logits).numpy()
    assert sums[0, 1] == pytest.approx(np.log(2) - 3000)
    assert (sums[0, [0, 2]] == tf.float32.min).all() and np.isnan(sums[1]).all()
    scores = found.score(sums, tf.constant([1, 1]))
    assert scores.prediction.numpy().tolist() == [1, -1]
    assert scores.loss[0].numpy() == pytest.approx(3000 - np.log(2))


@pytest.mark.parametrize("count", [1000, 1001])
def test_imagenet_by_synset_name_and_id(write, count):
    first = count - 1000
    names = imagenet_names.list_names(1000)
    entries = {"n02099601": "dog", names[281]: "cat", "208": "dog", "n02123045": "cat"}
    lines = []
    found = class_map.match(write(entries), IMAGENET, count, PETS, lines.append)
    classes = {k - first: c for k, c in enumerate(found.classes) if c >= 0}
    assert classes == {207: 1, 281: 0, 208: 1}  # n02123045 is 281, mapped alike
    assert found.num_classes == 2 and found.left_out == count - 3
    assert lines == [
        "classes of the network that are mapped to no class of pets:"
        f" {count - 3} of {count}; their probability is left out"
    ]


def test_csv_as_spreadsheets_write_it(write):
    text = '\ufeffnetwork_class,dataset_class\r\n"n02099601", dog\r\n\r\n281,cat\r\n'
    found = class_map.match(write(text, ".csv"), IMAGENET, 1000, PETS, silent)
    assert (found.classes[207], found.classes[281]) == (1, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"n02099600": "dog"},
            "'n02099600' is none of the 1000 classes of the network; did",
        ),
        (
            {"n02099601": "dgo"},
            "'dgo' is none of the 2 classes of pets; did you mean dog?",
        ),
        (
            {"n02099601": "x"},
            "'x' is none of the 2 classes of pets, which are cat, dog",
        ),
        ({"1000": "dog"}, "'1000' is none of the 1000 classes of the network"),
        ({"n02099601": -1}, "'-1' is none of the 2 classes of pets"),
        ({"dog": "n02099601"}, "but one of those of pets: are the two sides swapped?"),
        ({"n02099601": "dog", "207": "cat"}, "maps '207' twice: to 'dog' and to 'cat'"),
        ('{"1": "dog", "1": "cat"}', "maps '1' twice: to 'dog' and to 'cat'"),
        ({"1": ["dog"]}, "what '1' has is no name of a class"),
        ({"1": {"2": "dog"}}, "what '1' has is no name of a class"),
        ({"1": True}, "what '1' has is no name of a class"),
        ([["1", "dog"]], "has to be a JSON object of the dataset's class by the"),
        ("{}", "maps no class"),
        ("{", "cannot be read: "),
    ],
)
def test_wrong_json_is_one_line(write, content, message):
    require_refusal(write(content), message)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "its first line has to be network_class,dataset_class"),
        ("1,dog\n", "its first line has to be network_class,dataset_class"),
        ("network_class,dataset_class\n", "maps no class"),
        (
            "network_class,dataset_class\n1,dog\n2\n",
            "line 3 has to be the names of two",
        ),
        ("network_class,dataset_class\n1,\n", "line 2 has to be the names of two"),
        ("network_class,dataset_class\n1,a,dog\n", "line 2 has to be the names of two"),
        ('network_class,dataset_class\n1,"dog\n', "cannot be read: "),
        ("network_class,dataset_class\n1,dog\n1,cat\n", "maps '1' twice"),
    ],
)
def test_wrong_csv_is_one_line(write, rows, message):
    require_refusal(write(rows, ".csv"), message)


def require_refusal(path: str, message: str) -> None:
    with pytest.raises(errors.InputError, match="--class_map=") as caught:
        class_map.match(path, IMAGENET, 1000, PETS, silent)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_name_of_two_classes(write):
    twice = dataclasses.replace(PETS, class_names=("crane", "dog", "crane"))
    with pytest.raises(errors.InputError) as caught:
        class_map.match(write({"517": "crane"}), IMAGENET, 1000, twice, silent)
    message = "'crane' is what 2 classes of pets are called; give its number: 0 or 2"
    assert str(caught.value).endswith(message)
    found = class_map.match(write({"517": 2}), IMAGENET, 1000, twice, silent)
    assert found.classes[517] == 2


def test_other_flags_and_files(run, write, tmp_path):
    path = write(WARM)
    assert "--class_map with --labels_offset: " in refused(
        run, class_map=path, labels_offset=0
    )
    assert "--class_map with --true_labels: " in refused(
        run, class_map=path, true_labels=path
    )
    assert refused(run, class_map=str(run)) == (
        f"--class_map={run} has to end in .csv or .json"
    )
    missing = f"{tmp_path}/none.csv"
    assert refused(run, class_map=missing) == (
        f"--class_map={missing} cannot be read: No such file or directory"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"multi_label": True, "has_sigmoid": True}, "any number of labels each"),
        ({"has_sigmoid": True}, "has one for itself (sigmoid)"),
    ],
)
def test_what_is_no_softmax(run, two_classes, write, change, message):
    path = run / run_settings.FILE
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "run": settings["run"] | change}))
    line = refused(run, dataset_dir=two_classes, class_map=write(WARM))
    assert line.startswith("--class_map sums ") and message in line
