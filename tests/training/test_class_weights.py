"""Class weights, read and counted."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from slimnets import errors
from slimnets.datasets import registry
from slimnets.training import class_weights, trainer
from slimnets.training.class_weights import balance, find_class_weights, read
from tests.tiny_runs import CLASSES, refused, silent, weights


def test_balanced_is_scikit_learns():
    labels = np.repeat([0, 1, 2], [6, 3, 1])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(balance([6, 3, 1]), expected)


def test_a_class_without_images_weighs_one_and_does_not_count():
    assert balance([0, 4, 2]) == [1.0, 0.75, 1.5]


def test_words_name_classes_by_name_and_number():
    assert read(["blue=2", "0=0.5"], CLASSES) == [0.5, 1.0, 2.0]
    assert read(["a=b=3"], ["a=b", "c"]) == [3.0, 1.0]
    assert read(["1=3"], ["1", "0"]) == [3.0, 1.0]  # a name goes before a number


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["gren=2"],
            "unknown class in --class_weights: 'gren'; did you mean green or red?",
        ),
        (["3=2"], "unknown class in --class_weights: '3'; known: red, green, blue"),
        (["red"], "has 'red'; write CLASS=WEIGHT for each class"),
        (["balanced", "red=2"], "has 'balanced'; write CLASS=WEIGHT"),
        (["red=two"], "has 'red=two'; a weight has to be a number, 0 or more"),
        (["red=-1"], "a weight has to be a number, 0 or more"),
        (["red=nan"], "a weight has to be a number, 0 or more"),
        (["red=inf"], "a weight has to be a number, 0 or more"),
        (["red=2", "0=2"], "weighs 'red' twice"),
    ],
)
def test_what_is_no_class_weight(words, line):
    with pytest.raises(errors.InputError) as caught:
        read(words, CLASSES)
    assert line in str(caught.value)


def test_an_offset_moves_them_to_the_networks_classes(config, toy_data):
    dataset = registry.get_dataset(toy_data, "train")

    def found(offset: int) -> tuple[float, ...] | None:
        made = config(class_weights=("green=2",), labels_offset=offset)
        return find_class_weights(made, dataset, silent)

    assert found(0) == (1, 2, 1) and found(1) == (2, 1) and found(-1) == (1, 1, 2, 1)


def test_balanced_counts_the_split(config, toy_data):
    lines: list[str] = []
    made = config(class_weights=("balanced",), dataset_split_name="validation")
    dataset = registry.get_dataset(toy_data, "validation")
    found = find_class_weights(made, dataset, lines.append)
    np.testing.assert_allclose(found, [7 / 9, 7 / 6, 7 / 6])
    assert lines == ["--class_weights=balanced: from 0.778 for red to 1.17 for green"]


def test_weights_of_two_are_twice_the_learning_rate(config, tmp_path):
    ends = [
        weights(
            trainer.train(
                config(train_dir=str(tmp_path / name), weight_decay=0.0, **flags),
                silent,
            ).checkpoint
        )
        for name, flags in {
            "weights": {"class_weights": ("red=2", "green=2", "blue=2")},
            "rate": {"learning_rate": 0.2},
        }.items()
    ]
    for name, value in ends[0].items():
        np.testing.assert_allclose(value, ends[1][name], rtol=1e-5, err_msg=name)


def test_training_refuses_unknown_classes(config):
    assert "did you mean" in refused(config(class_weights=("gren=2",)))


def test_without_the_flag_there_are_none(config):
    assert class_weights.find_class_weights(config(), None, silent) is None
