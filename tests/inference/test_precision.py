"""--precision=auto in inference: what it takes, and that it says so."""

import pytest

from slimnets import hardware
from slimnets.config.inference import InferenceConfig
from slimnets.hardware import Hardware
from slimnets.inference import precision


@pytest.fixture
def machine(monkeypatch):
    """Returns a function that sets what the machine has."""

    def set_up(processor: str, has_gpu: bool = False) -> None:
        monkeypatch.setattr(hardware, "instruction_set", lambda: processor)
        monkeypatch.setattr(hardware, "detect", lambda: Hardware(has_gpu=has_gpu))

    return set_up


@pytest.mark.parametrize(
    ("processor", "network", "options", "chosen", "said"),
    [
        ("avx512_bf16", "mobilenet_v2", {}, "bfloat16", "1.49 times float32's speed"),
        ("avx512_bf16", "lenet", {}, "float32", "lenet was never measured"),
        ("avx2", "mobilenet_v2", {}, "float32", "this (avx2)"),
        ("", "mobilenet_v2", {}, "float32", "this (unknown)"),
        ("amx", "mobilenet_v2", {"runtime": "openvino"}, "bfloat16", "on amx"),
        ("amx", "mobilenet_v2", {"runtime": "litert"}, "float32", "no other"),
        ("avx512_bf16", "mobilenet_v2", {"quantize": True}, "float32", "--quantize"),
    ],
)
def test_auto_takes_the_fastest_measured(
    machine, processor, network, options, chosen, said
):
    machine(processor)
    lines: list[str] = []
    given = InferenceConfig(precision="auto", **options)
    assert precision.choose(given, network, lines.append).precision == chosen
    assert len(lines) == 1
    assert f"--precision=auto takes {chosen}" in lines[0]
    assert said in lines[0]


def test_auto_on_a_gpu_is_float32(machine):
    machine("amx", has_gpu=True)
    chosen = precision.choose(InferenceConfig(precision="auto"), "resnet_v1_50")
    assert chosen.precision == "float32"


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_what_is_told_is_kept_in_silence(machine, name):
    machine("amx")
    given = InferenceConfig(precision=name)
    assert precision.choose(given, "resnet_v1_50", pytest.fail) is given


def test_evaluation_is_in_float32_unless_told_otherwise():
    assert InferenceConfig().precision == "float32"
