"""train.preview_dataset from the command line."""

from tests.binaries import programs

MODULE = "train.preview_dataset"


def test_digits(tmp_path):
    path = tmp_path / "digits.png"
    flags = ("--model=lenet", "--num_images=4", f"--output={path}", "--batch_size=4")
    ended = programs.run(MODULE, *flags, "--mixup_alpha=0.2")
    assert ended.status == 0, ended.said
    assert ended.printed.splitlines()[-1] == f"contact sheet: {path}"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_bad_input(refuses, tmp_path):
    assert refuses(MODULE) == (
        "error: no network named; give --model, whose images these are to be"
    )
    flags = ("--model=lenet", f"--output={tmp_path}/x.png", "--augment=randaugmnt")
    assert "did you mean randaugment" in refuses(MODULE, *flags)
