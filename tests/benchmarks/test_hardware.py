"""What a machine could reach at all."""

import pytest

from benchmarks import hardware
from benchmarks.work import INFER, INPUT, TRAIN, Work
from slimnets.nets import registry


def test_inference_is_limited_by_its_multiply_adds():
    millions = registry.get_row("resnet_v1_50").multiply_adds
    limit = hardware.limit(Work("resnet_v1_50", INFER, 16), product_speed=100.0)
    assert limit == pytest.approx(100e3 / millions)


def test_training_multiplies_three_times():
    infer, train = (
        hardware.limit(Work("alexnet_v2", mode, 32), 80.0) for mode in (INFER, TRAIN)
    )
    assert infer == pytest.approx(3 * train)


def test_input_has_no_limit():
    assert hardware.limit(Work("mobilenet_v2", INPUT, 16), 80.0) is None
