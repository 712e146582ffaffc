"""The names of ImageNet's classes."""

import re

from slimnets.datasets import imagenet_names


def test_a_thousand_classes_and_a_background():
    names = imagenet_names.list_names(1000)
    assert len({*names}) == 1000
    assert (names[0], names[207], names[999]) == (
        "tench",
        "golden retriever",
        "toilet tissue",
    )
    assert imagenet_names.list_names(1001) == ("background", *names)
    assert imagenet_names.list_names(5) == ()


def test_synsets_are_in_order():
    synsets = imagenet_names.list_synsets()
    assert len(synsets) == 1000 and list(synsets) == sorted(synsets)
    assert all(re.fullmatch(r"n\d{8}", synset) for synset in synsets)
    assert synsets[207] == "n02099601"
