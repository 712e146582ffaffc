"""--true_labels: an image is right where its first class is one of its true ones."""

import dataclasses
import json

import pytest

from slimnets import errors
from slimnets.datasets import imagenet_names
from slimnets.inference import true_labels
from tests.inference.test_evaluator import CLASSES, evaluated, refused
from tests.inference.test_predictions_file import make_outcomes


@pytest.fixture
def write(tmp_path):
    """Returns what writes a file of true labels."""

    def write_json(content) -> str:
        path = tmp_path / "real.json"
        path.write_text(json.dumps(content))
        return str(path)

    return write_json


def make_imagenet(found: list[int], numbers: list[int]):
    """Returns outcomes of ImageNet's validation images."""
    made = make_outcomes([0] * len(found), [[k] for k in found], [[0.5]] * len(found))
    files = tuple(f"val/ILSVRC2012_val_{number:08}.JPEG" for number in numbers)
    return dataclasses.replace(made, files=files)


@pytest.mark.parametrize("count", [1000, 1001])
def test_a_list_in_the_order_of_imagenet(write, count):
    first = count - 1000
    names = imagenet_names.list_names(count)
    found = make_imagenet([k + first for k in (7, 999, 5)], [4, 1, 2])
    path = write([[3, 999], [], [1], [6]])
    one = true_labels.score(path, found, names)
    assert one == (1, 2, 1) and one.share == 0.5
    assert str(one) == (
        "by true labels: 1 (50.00%) of 2 images right; 1 without a true label left out"
    )


def test_an_object_of_ids_names_and_synsets(write):
    names = imagenet_names.list_names(1001)
    found = make_imagenet([1, 1, 1, 1], [1, 2, 3, 4])
    entries = [[0], ["tench"], ["n01440764", 5], ["goldfish"]]
    files = {f"ILSVRC2012_val_{k:08}.JPEG": e for k, e in enumerate(entries, 1)}
    assert true_labels.score(write(files), found, names) == (3, 4, 0)


def test_images_of_one_name_in_several_folders(write):
    made = make_outcomes([0, 1], [[0], [1]], [[0.5], [0.5]])
    made = dataclasses.replace(made, files=("cat/1.jpg", "dog/1.jpg"))
    full = write({"cat/1.jpg": [0], "dog/1.jpg": [0, 1]})
    assert true_labels.score(full, made, CLASSES) == (2, 2, 0)
    with pytest.raises(errors.InputError) as caught:
        true_labels.score(write({"1.jpg": [0]}), made, CLASSES)
    assert "'1.jpg' is the name of 2 images; give their folders" in str(caught.value)


def test_of_an_evaluation(run, write):
    everything = {str(number): list(CLASSES) for number in range(7)}
    [result] = evaluated(run, true_labels=write(everything))
    assert result.truth == (7, 7, 0) and result.outcomes is not None
    written = json.loads((run / "eval_validation" / "results-2.json").read_text())
    assert written["true_top1"] == 1.0
    assert written["top1"] == result.summary.top1 < 1
    assert written["true_labels"] == {"right": 7, "images": 7, "without": 0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"": []}, "none of the images has a true label"),
        ({"a.jpg": [0]}, "has no entry for the image ''"),
        ({"": ["grey"]}, "'grey' is none of the network's 3 classes"),
        ({"": [3]}, "3 is none of the network's 3 classes"),
        ({"": 0}, "what '' has is no list of class ids or names"),
        ([[0], [True]], "what 1 has is no list of class ids or names"),
        ([[0]], "is a list of 1 images ILSVRC2012_val_00000001 and so on; the dataset"),
        ("text", "has to be a JSON list of a list of classes for each image, or"),
        ([], "has to be a JSON list of a list of classes for each image, or"),
    ],
)
def test_wrong_content_is_one_line(write, content, message):
    path = write(content)
    made = make_outcomes([0], [[0]], [[0.5]])
    made = dataclasses.replace(made, files=("",))
    with pytest.raises(errors.InputError, match="--true_labels=") as caught:
        true_labels.score(path, made, CLASSES)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(run, tmp_path):
    path = f"{tmp_path}/none.json"
    assert refused(run, true_labels=path) == (
        f"--true_labels={path} cannot be read: No such file or directory"
    )
    (tmp_path / "broken.json").write_text("[[0],")
    assert "cannot be read: " in refused(run, true_labels=f"{tmp_path}/broken.json")
