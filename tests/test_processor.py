"""What is read of the processor: instruction sets, and the cores to be used."""

import os

import pytest

from slimnets import processor


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
    monkeypatch.setattr(processor, "_DESCRIPTION", path)
    assert processor.instructions.__wrapped__() == names


@pytest.mark.parametrize("linux", [True, False])
def test_cores(linux, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    if linux:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    else:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert processor.cores() == (2 if linux else 8)
