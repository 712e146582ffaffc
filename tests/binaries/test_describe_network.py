"""eval.describe_network from the command line."""

MODULE = "eval.describe_network"


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_a_run_of_two_replicas(run, mirrored_run, tmp_path):
    folder, _ = mirrored_run
    picture = tmp_path / "filters.png"
    flags = (f"--checkpoint_path={folder}", f"--filters={picture}")
    *lines, last = run(MODULE, *flags).splitlines()
    assert last == f"wrote {picture}: 32 filters, LeNet/conv1/weights"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert lines[0].startswith("lenet: ")
    assert "here: images of 32x32x1" in lines
    assert f"checkpoint {folder}/model.ckpt-3" in lines
    assert {"step       3", "classes    3", "matched    8 of 8"} <= set(lines)
    [content] = [line for line in lines if line.startswith("content")]
    assert "; moving averages of 8 variables; " in content
    assert lines[-1] == "flags      none needed"


def test_bad_input(refuses, tmp_path):
    assert refuses(MODULE) == (
        "error: name a network with --model, or a --checkpoint_path"
    )
    assert "did you mean lenet" in refuses(MODULE, "--model=lent")
    line = refuses(MODULE, "--model=lenet", f"--filters={tmp_path}/f.png")
    assert line.startswith("error: --filters shows the filters of a checkpoint: give")
    line = refuses(MODULE, f"--checkpoint_path={tmp_path}")
    assert line.startswith(f"error: no checkpoint in the folder {tmp_path}; give")
