"""Instruction sets are read from Linux' description of the processor."""

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
