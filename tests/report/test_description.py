"""The tables of a network."""

import pytest

from slimnets.nets import blueprint, registry
from slimnets.report import description


def describe(name: str, **changes) -> list[str]:
    row = registry.get_row(name)
    return description.describe(
        row, blueprint.trace(name, row.classes, **changes)
    ).splitlines()


def test_a_small_network():
    assert "\n".join(describe("lenet")[:-6]) == (
        """\
lenet: LeCun et al., Proceedings of the IEEE 86(11), 1998
here: images of 28x28x1

type        output     params  madds M  sees  layer in LeNet/
conv 5x5  28x28x32        832     0.63     5  conv1
conv 5x5  14x14x64     51,264    10.04    14  conv2
dense         1024  3,212,288     3.21   all  fc3
dense           10     10,250     0.01   all  fc4
total               3,274,634    13.88        8 variables trained

stride  sees    output  end point
     1     5  28x28x32  conv1
     2     6  14x14x32  pool1
     2    14  14x14x64  conv2
     4    16    7x7x64  pool2
         all      3136  Flatten
         all      1024  fc3
         all      1024  dropout3
         all        10  Logits
         all        10  Predictions"""
    )


def test_published_accuracy_and_other_images():
    lines = describe("mobilenet_v1_025", image_size=128)
    assert (
        lines[1]
        == "published: top-1 49.8 %, top-5 74.2 %, 1001 classes, 224x224 images"
    )
    assert lines[2] == "here: images of 128x128x3"


@pytest.mark.parametrize("name", ["nasnet_mobile", "inception_resnet_v2"])
def test_long_names_fit_on_a_screen(name):
    assert max(map(len, describe(name))) <= 100
