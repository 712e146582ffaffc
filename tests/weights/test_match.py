"""How well a file fits a network."""

import numpy as np
import pytest

from slimnets import errors
from slimnets.weights.match import match_variables
from slimnets.weights.rules import Found
from tests.goldens import fill

SHAPES = {
    "LeNet/conv1/weights": [5, 5, 1, 32],
    "LeNet/conv1/biases": [32],
    "LeNet/conv2/weights": [5, 5, 32, 64],
    "LeNet/conv2/biases": [64],
    "LeNet/fc3/weights": [3136, 1024],
    "LeNet/fc3/biases": [1024],
    "LeNet/fc4/weights": [1024, 7],
    "LeNet/fc4/biases": [7],
}


@pytest.fixture
def values():
    return {name: fill.weight(name, shape) for name, shape in SHAPES.items()}


def test_one_that_fits(values):
    backwards = dict(reversed(values.items()))
    match = match_variables(
        "it", "lenet", Found(backwards, ["theirs"], ["a note"]), allow_unused=True
    )
    assert list(match.values) == list(SHAPES)
    for name, value in values.items():
        np.testing.assert_array_equal(match.values[name], value)
    assert match.num_classes == 7
    assert match.notes == ("a note",)
    assert match.report.restored == tuple(SHAPES)
    assert match.report.unused == ("theirs",)
    assert str(match.report) == "converted 8 variables from it; 1 in it not used"


def test_features_alone(values):
    features = {name: v for name, v in values.items() if "fc4" not in name}
    match = match_variables("it", "lenet", Found(features, [], []), False)
    assert match.num_classes is None
    assert list(match.values) == list(features)


def test_what_has_no_place_in_the_network_is_refused(values):
    found = Found(values | {"lr": np.ones(1)}, ["layer.se.weight", "x"], [])
    with pytest.raises(errors.InputError) as caught:
        match_variables("it", "lenet", found)
    assert str(caught.value) == (
        "it holds 3 arrays that have no place in lenet, such as lr, layer.se.weight, x:"
        " are these the weights of another network? --allow_unused leaves them out"
    )
    match = match_variables("it", "lenet", found, allow_unused=True)
    assert match.report.unused == ("lr", "layer.se.weight", "x")
    assert list(match.values) == list(values)


def test_slots_of_optimizers_and_auxiliary_heads_are_left_out(values):
    others = {f"{name}/Momentum": value for name, value in values.items()}
    others |= {"beta1_power": np.ones([]), "LeNet/AuxLogits/weights": np.ones(3)}
    match = match_variables("it", "lenet", Found(values | others, [], []))
    assert match.report.unused == tuple(others)
    assert list(match.values) == list(values)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_said(values, value):
    values["LeNet/conv1/biases"] = np.full(32, value, np.float32)
    match = match_variables("it", "lenet", Found(values, [], []))
    assert match.notes == (
        "1 variables hold NaN or infinite values, such as LeNet/conv1/biases",
    )


def test_missing(values):
    del values["LeNet/conv2/biases"], values["LeNet/fc3/biases"]
    with pytest.raises(errors.InputError) as caught:
        match_variables("it", "lenet", Found(values, [], []), False)
    assert str(caught.value) == (
        "it does not fit: LeNet/conv2/biases is not in it, LeNet/fc3/biases is not in"
        " it; are these the weights of lenet? --ignore_missing_vars leaves it out"
    )
    match = match_variables("it", "lenet", Found(values, [], []), True)
    assert match.report.missing == ("LeNet/conv2/biases", "LeNet/fc3/biases")
    assert list(match.values) == list(values)


def test_another_shape(values):
    values["LeNet/conv1/weights"] = np.zeros([5, 5, 3, 32])
    with pytest.raises(errors.InputError) as caught:
        match_variables("it", "lenet", Found(values, [], []), True)
    assert str(caught.value) == (
        "it does not fit: LeNet/conv1/weights has shape [5, 5, 3, 32] there and"
        " [5, 5, 1, 32] here; are these the weights of lenet?"
    )
