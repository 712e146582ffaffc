"""What --sample says of a dataset, and what it cannot be said of."""

import dataclasses

import pytest

from slimnets import errors
from slimnets.datasets.registry import get_dataset
from slimnets.training.class_draws import find_sampling
from tests.tiny_runs import silent


@pytest.fixture
def dataset(toy_data):
    """Returns 12 images, 4 of each of three classes."""
    return get_dataset(toy_data, "train")


def test_none_without_the_flag(config, dataset):
    assert find_sampling(config(), dataset, silent) is None


def test_weights_by_name_and_by_number(config, dataset):
    said = []
    drawn = find_sampling(config(sample=("red=2", "2=0")), dataset, said.append)
    assert drawn.draws.tolist() == [8, 4, 0, 0]
    assert said == [
        "--sample: an epoch has 12 draws, of an image of blue 0, of red 2",
    ]
    balanced = find_sampling(config(sample=("balanced",)), dataset, silent)
    assert balanced.draws.tolist() == [4, 4, 4, 0]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("rd=2",), "unknown class in --sample: 'rd'; did you mean red"),
        (("red=x",), "--sample has 'red=x'; a weight has to be a number, 0 or more"),
        (("red=0", "green=0", "blue=0"), "every class has the weight 0"),
    ],
    ids=["class", "weight", "none"],
)
def test_wrong_words(config, dataset, words, line):
    with pytest.raises(errors.InputError, match=line):
        find_sampling(config(sample=words), dataset, silent)


def test_images_of_several_labels(config, dataset):
    several = dataclasses.replace(dataset, multi_label=True)
    with pytest.raises(errors.InputError, match="any number of labels, so they cannot"):
        find_sampling(config(sample=("balanced",)), several, silent)
