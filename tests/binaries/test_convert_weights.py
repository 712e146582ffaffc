"""train.convert_weights from the command line."""

import numpy as np

from slimnets import checkpoints
from slimnets.nets import blueprint
from slimnets.weights.keras import weights
from tests.goldens import fill

MODULE = "train.convert_weights"
NETWORK = "mobilenet_v1_025"


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_keras_weights_become_a_checkpoint(run, tmp_path):
    traced = blueprint.trace(NETWORK, 1000, image_size=32).variables
    values = {n: fill.weight(n, v.shape.as_list()) for n, v in traced.items()}
    path, output = tmp_path / "theirs.weights.h5", tmp_path / "out"
    weights.write(path, NETWORK, values)
    flags = (f"--weights={path}", f"--model={NETWORK}", f"--output={output}")
    lines = run(MODULE, "--from=keras", *flags).splitlines()
    assert lines[0] == f"converted 137 variables from {path}"
    assert lines[1].startswith("1000 classes, no background among them")
    assert lines[-1] == f"written: {output}/model.ckpt-0"
    held = checkpoints.read(lines[-1].removeprefix("written: "))
    assert held.keys() == {*values, "global_step"}
    np.testing.assert_array_equal(held[next(iter(values))], next(iter(values.values())))


def test_bad_input(refuses, tmp_path):
    path = tmp_path / "text.h5"
    path.write_text("no weights\n")
    flags = ("--from=keras", f"--model={NETWORK}", f"--output={tmp_path / 'out'}")
    assert refuses(MODULE, *flags, "--weights=nowhere.h5") == (
        "error: there is no nowhere.h5; --weights says what to convert"
    )
    line = refuses(MODULE, *flags, f"--weights={path}")
    assert line.startswith(f"error: {path} cannot be read as Keras' weights: ")
    assert not (tmp_path / "out").exists()
