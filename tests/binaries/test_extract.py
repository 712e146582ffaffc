"""eval.extract_features from the command line."""

import numpy as np

MODULE = "eval.extract_features"


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_a_run_of_two_replicas(run, mirrored_run, tmp_path):
    folder, _ = mirrored_run
    output = tmp_path / "features.npz"
    printed = run(
        MODULE,
        f"--checkpoint_path={folder}",
        "--end_points=fc3,Log*",
        f"--output={output}",
    )
    assert printed.splitlines()[1:] == [
        "fc3: 7 x 1024",
        "Logits: 7 x 3",
        f"features: {output}",
    ]
    with np.load(output) as file:
        assert file["fc3"].shape == (7, 1024)
        assert sorted(file["label"]) == [0, 0, 0, 1, 1, 2, 2]


def test_bad_input(refuses, mirrored_run, tmp_path):
    folder, _ = mirrored_run
    line = refuses(
        MODULE,
        f"--checkpoint_path={folder}",
        "--end_points=Pool",
        f"--output={tmp_path}/f.npz",
    )
    assert line.startswith("error: no end point matches 'Pool'; known: conv1, ")
    assert not (tmp_path / "f.npz").exists()
