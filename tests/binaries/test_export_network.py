"""eval.export_network from the command line."""

import pytest

from tests import extras

MODULE = "eval.export_network"


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


@pytest.mark.parametrize(
    ("format_name", "signatures", "file"),
    [
        pytest.param(
            "saved_model",
            ["serving_default", "pixels", "bytes"],
            "saved_model.pb",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "frozen_graph",
            ["images", "pixels", "image_bytes"],
            "frozen_graph.pb",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "lite",
            ["serving_default", "pixels"],
            "model.tflite",
            marks=extras.marks("litert"),
        ),
        pytest.param(
            "onnx", ["images", "pixels"], "model.onnx", marks=extras.marks("onnx")
        ),
        pytest.param(
            "openvino",
            ["images", "pixels"],
            "model.xml",
            marks=extras.marks("openvino"),
        ),
    ],
)
def test_a_run_of_two_replicas(
    run, mirrored_run, tmp_path, format_name, signatures, file
):
    folder, _ = mirrored_run
    output = tmp_path / "out"
    flags = (f"--format={format_name}", f"--output={output}")
    lines = run(MODULE, f"--checkpoint_path={folder}", *flags).splitlines()
    assert "; their moving averages" in lines[0]
    for line, name in zip(lines[1:-1], signatures, strict=True):
        assert line.startswith(f"{name}: 7 of 7 images of the same class, largest ")
    assert lines[-1].startswith(f"{format_name}: {output} (")
    assert (output / "labels.txt").read_text() == "red\ngreen\nblue\n"
    assert (output / file).exists()


@extras.needs("litert")
def test_antialiasing_in_litert(run, mirrored_run, tmp_path):
    folder, _ = mirrored_run
    flags = (f"--output={tmp_path / 'out'}", "--preprocessing_name=standard(crop=0.9)")
    lines = run(MODULE, f"--checkpoint_path={folder}", "--format=lite", *flags)
    assert "pixels: 7 of 7 images of the same class" in lines


def test_bad_input(refuses, mirrored_run, tmp_path):
    folder, _ = mirrored_run
    line = refuses(MODULE, f"--checkpoint_path={folder}", f"--output={folder}")
    assert line == (
        f"error: --output={folder} holds something else than an export; name another"
    )
