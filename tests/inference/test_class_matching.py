"""Labels become the network's classes by name; by number where nobody knows names."""

import dataclasses
import json

import pytest

from slimnets import errors
from slimnets.config.inference import TrainedNetworkConfig
from slimnets.datasets.registry import Dataset
from slimnets.inference import class_matching
from slimnets.inference.class_matching import TrainedClasses

TRAINED = TrainedClasses(("cat", "dog", "horse"), 0)


def dataset(*names: str) -> Dataset:
    return Dataset("photos", "test", (), (1,), names, 3)


@pytest.mark.parametrize(
    ("names", "classes", "said"),
    [
        (("cat", "dog", "horse"), (0, 1, 2), []),
        (
            ("horse", "dog", "cat"),
            (2, 1, 0),
            [
                "photos numbers its classes differently from training, so they are"
                " matched by name: its label 0, horse, is the network's class 2"
            ],
        ),
        (
            ("cat", "dog"),
            (0, 1),
            ["photos lacks 1 of the network's 3 classes: horse"],
        ),
        (
            ("horse",),
            (2,),
            [
                "photos numbers its classes differently from training, so they are"
                " matched by name: its label 0, horse, is the network's class 2",
                "photos lacks 2 of the network's 3 classes: cat, dog",
            ],
        ),
        # labels.txt had no line for 0, or it is a background that no photo shows.
        (("class_0", "cat", "dog", "horse"), (-1, 0, 1, 2), ["its label 1, cat, is"]),
        (("background", "cat", "dog", "horse"), (-1, 0, 1, 2), ["its label 1, cat"]),
    ],
)
def test_names_decide(names, classes, said):
    lines = []
    found = class_matching.renumber(dataset(*names), TRAINED, lines.append)
    assert found.classes_by_label == classes and found.class_names == TRAINED.names
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines, strict=True))


def test_as_in_training_nothing_is_said():
    trained = TrainedClasses(("crane", "dog", "crane"), 1)
    names = ("background", "crane", "dog", "crane")
    lines = []
    found = class_matching.renumber(dataset(*names), trained, lines.append)
    assert found.classes_by_label == (-1, 0, 1, 2) and not lines


@pytest.mark.parametrize(
    ("names", "trained", "message"),
    [
        (
            ("cat", "horse", "zebra"),
            TRAINED,
            "the network was not trained on 1 of the 3 classes of photos: zebra; leave"
            " them out, or give --labels_offset=0 to",
        ),
        (("dog", "cat", "cat"), TRAINED, "2 classes of photos are called 'cat'"),
        (
            ("dog", "crane"),
            TrainedClasses(("crane", "dog", "crane"), 0),
            "2 classes of the network are called 'crane'",
        ),
    ],
)
def test_where_a_score_would_be_wrong_there_is_none(names, trained, message):
    with pytest.raises(errors.InputError) as caught:
        class_matching.renumber(dataset(*names), trained, print)
    assert str(caught.value).startswith(message)
    assert "--labels_offset=0" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "num_classes", "names", "by_name"),
    [
        ({}, 3, ("dog", "cat", "horse"), True),
        ({}, 3, ("class_0", "dog"), True),
        ({}, 3, ("class_0", "class_1", "class_2"), False),
        ({"labels_offset": 0}, 3, ("dog", "cat", "horse"), False),
        ({"num_classes": 3}, 3, ("dog", "cat", "horse"), False),
        ({}, 4, ("dog", "cat", "horse"), False),
        ({}, None, ("dog", "cat", "horse"), False),
    ],
)
def test_when_names_count(tmp_path, given, num_classes, names, by_name):
    facts = {
        "model": "tiny",
        "num_classes": 3,
        "image_size": 8,
        "class_names": TRAINED.names,
        "preprocessing_name": None,
        "labels_offset": 0,
        "use_grayscale": False,
        "dataset_dir": None,
        "dataset_name": None,
    }
    (tmp_path / "settings.json").write_text(json.dumps({"run": facts}))
    found = class_matching.choose_names(
        dataclasses.replace(TrainedNetworkConfig(), **given),
        str(tmp_path / "model.ckpt-1"),
        num_classes,
        dataset(*names),
    )
    assert found == (TRAINED if by_name else None)


def test_without_settings_no_names_are_known(tmp_path):
    assert class_matching.read_trained(str(tmp_path / "model.ckpt-1")) is None


@pytest.mark.parametrize(
    ("num_classes", "names", "wanted"),
    [
        (1001, ("n02102040", "n01440764"), (218, 1)),
        (1000, ("n02102040", "n01440764"), (217, 0)),
        (1000, ("goldfish", "tench"), (1, 0)),
        (1000, ("tench", "tulip"), None),  # tulip is no class of ImageNet
        (7, ("n02102040", "n01440764"), None),
    ],
)
def test_published_weights_know_imagenet_s_classes(
    tmp_path, num_classes, names, wanted
):
    found = class_matching.choose_names(
        TrainedNetworkConfig(),
        str(tmp_path / "model.ckpt-1"),
        num_classes,
        dataset(*names),
    )
    if wanted is None:
        assert found is None
        return
    lines = []
    given = class_matching.renumber(dataset(*names), found, lines.append)
    assert given.classes_by_label == wanted
