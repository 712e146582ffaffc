"""eval.eval_image_classifier from the command line."""

import json

MODULE = "eval.eval_image_classifier"


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_a_run_of_two_replicas(run, mirrored_run, tmp_path):
    folder, _ = mirrored_run
    printed = run(
        MODULE,
        f"--checkpoint_path={folder}",
        f"--eval_dir={tmp_path}",
        f"--report={tmp_path}/report.html",
        f"--predictions={tmp_path}/predictions.csv",
    )
    lines = printed.splitlines()
    assert lines[0].startswith("restored 8 variables from ")
    assert "their moving averages" in lines[0]
    assert lines[1].startswith("7 examples: top-1 ")
    assert lines[2].split() == ["class", "examples", "precision", "recall"]
    assert [line.split()[:2] for line in lines[3:6]] == [
        ["red", "3"],
        ["green", "2"],
        ["blue", "2"],
    ]
    assert lines[6].startswith("colours test: 7 images in ")
    assert lines[7] == f"results: {tmp_path}"
    content = json.loads((tmp_path / "results-3.json").read_text())
    assert content["num_examples"] == 7 and content["moving_averages"]
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 1 + 7
    assert f"<dd>{content['top1']:.2%}</dd>" in (tmp_path / "report.html").read_text()


def test_bad_input(refuses, tmp_path):
    line = refuses(MODULE, f"--checkpoint_path={tmp_path}")
    assert line.startswith(f"error: no checkpoint in the folder {tmp_path}; give")
