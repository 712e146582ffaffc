"""What the files of Linux tell of the processor and of memory."""

import os

import pytest
import tensorflow as tf

from slimnets import hardware


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n\n",
            {"fpu", "avx2", "amx_bf16"},
        ),
        ("processor\t: 0\nFeatures\t: neon\n", set()),
        (None, set()),
    ],
)
def test_instructions(text, names, tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(hardware, "_DESCRIPTION", path)
    assert hardware.instructions.__wrapped__() == names


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"avx2", "avx512f", "avx512_bf16", "amx_bf16"}, "amx"),
        ({"avx2", "avx512f", "avx512_bf16"}, "avx512_bf16"),
        ({"avx2", "avx512f"}, "avx512"),
        ({"sse2", "avx2"}, "avx2"),
        ({"sse2"}, ""),
    ],
)
def test_the_instruction_set_that_decides(found, expected):
    assert hardware.instruction_set(found) == expected


@pytest.mark.parametrize("told", ["1", "0", None])
@pytest.mark.parametrize("gpus", [[], ["GPU:0"]])
def test_detect(told, gpus, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if told is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", told)
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: gpus)
    monkeypatch.setattr(hardware, "instructions", lambda: frozenset({"avx2"}))
    assert hardware.detect() == hardware.Hardware(
        has_gpu=bool(gpus), instructions=frozenset({"avx2"}), onednn=told == "1"
    )


@pytest.mark.parametrize("linux", [True, False])
def test_cores(linux, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    if linux:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    else:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert hardware.cores() == (2 if linux else 8)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Returns what writes the files that tell, in place of this machine's."""
    monkeypatch.setattr(hardware, "_MACHINE", tmp_path / "meminfo")
    monkeypatch.setattr(hardware, "_CONTAINER", tmp_path)
    monkeypatch.setattr(hardware, "_PROCESS", tmp_path)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])

    def write(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / name.replace("memory_", "memory.")).write_text(text)

    return write


MEMINFO = "MemTotal: 9000000 kB\nMemAvailable:   4000000 kB\n"


def test_of_the_machine(machine):
    machine(meminfo=MEMINFO)
    assert hardware.available_memory() == pytest.approx(4.096)


@pytest.mark.parametrize(("limit", "left"), [("max\n", 4.096), ("3000000000\n", 2.5)])
def test_of_a_container(machine, limit, left):
    machine(
        meminfo=MEMINFO,
        memory_max=limit,
        memory_current="1000000000\n",
        memory_stat="anon 1\ninactive_file 500000000\n",
    )
    assert hardware.available_memory() == pytest.approx(left)


def test_where_nothing_tells(machine):
    assert hardware.available_memory() is None and hardware.peak_memory() is None
    hardware.prefer_oom_kill()


def test_of_this_process(machine, tmp_path):
    machine(status="Name:\tpython\nVmHWM:\t  500000 kB\n", oom_score_adj="0")
    assert hardware.peak_memory() == pytest.approx(0.512)
    hardware.prefer_oom_kill()
    assert (tmp_path / "oom_score_adj").read_text() == "1000"
