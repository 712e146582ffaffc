"""eval.export_network from the command line."""

import pytest

from tests import extras

MODULE = "eval.export_network"


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


@pytest.mark.parametrize(
    ("format_name", "signature", "file"),
    [
        pytest.param("saved_model", "bytes", "saved_model.pb", marks=pytest.mark.slow),
        pytest.param("lite", "pixels", "model.tflite", marks=extras.marks("litert")),
    ],
)
def test_a_run_of_two_replicas(
    run, mirrored_run, tmp_path, format_name, signature, file
):
    folder, _ = mirrored_run
    output = tmp_path / "out"
    flags = (f"--format={format_name}", f"--output={output}")
    lines = run(MODULE, f"--checkpoint_path={folder}", *flags).splitlines()
    assert "; their moving averages" in lines[0]
    for line, name in zip(lines[1:3], ("serving_default", signature), strict=True):
        assert line.startswith(f"{name}: 7 of 7 images of the same class, largest ")
    assert lines[3].startswith(f"{format_name}: {output} (")
    assert (output / "labels.txt").read_text() == "red\ngreen\nblue\n"
    assert (output / file).exists()


@extras.needs("litert")
def test_a_recipe_that_litert_cannot_run(refuses, mirrored_run, tmp_path):
    folder, _ = mirrored_run
    flags = (f"--output={tmp_path / 'out'}", "--preprocessing_name=standard(crop=0.9)")
    line = refuses(MODULE, f"--checkpoint_path={folder}", "--format=lite", *flags)
    assert "LiteRT cannot resize with antialiasing, as the recipe standard(" in line
    assert not (tmp_path / "out").exists()


def test_bad_input(refuses, mirrored_run, tmp_path):
    folder, _ = mirrored_run
    line = refuses(MODULE, f"--checkpoint_path={folder}", f"--output={folder}")
    assert line == (
        f"error: --output={folder} holds something else than an export; name another"
    )
