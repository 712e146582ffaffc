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


def test_processors_of_one_name_have_files_of_their_own(monkeypatch):
    monkeypatch.setattr(hardware, "processor", lambda: "AMD EPYC, 2 cores")
    monkeypatch.setattr(hardware, "software", lambda: {"tensorflow": "2.21.0"})
    slugs = []
    for found in ({"avx2"}, {"avx2", "avx512f", "avx512_bf16"}):
        monkeypatch.setattr(
            hardware.hardware, "instructions", lambda found=found: found
        )
        slugs.append(hardware.slug())
    assert slugs == [
        "amd_epyc_2_cores_avx2_tensorflow_2_21_0",
        "amd_epyc_2_cores_avx512_bf16_tensorflow_2_21_0",
    ]
